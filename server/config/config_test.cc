#include "server/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Config, DefaultsAndEveryKey) {
  const auto defaults = ParseConfigText("f.yml", "", "");
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_EQ(defaults->evaluation_interval, base::Minutes(1));
  EXPECT_EQ(defaults->storage.sync, storage::SyncPolicy::kAlways);
  EXPECT_THAT(defaults->suppression.severities, ElementsAre("info", "warning", "error", "critical", "page"));
  const auto config = ParseConfigText("f.yml", "", R"(
global:
  evaluation_interval: 15s
  rule_query_offset: 5s
  external_labels: {region: eu, team: ml}
  scrape_interval: 10s
storage:
  sync: interval
  out_of_order_time_window: 2h
  exemplars: {max_exemplars: 5}
  metadata: {max_metrics: 6}
rules: {startup_hold: 10s}
severities: [P3, P2, P1]
topology: {suppression: {hops: 1, blocking_severity: P2}}
limits: {series: 1000, labels: 40}
remote_write_receiver: {request_bytes: 1000000}
)");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->evaluation_interval, base::Seconds(15));
  EXPECT_EQ(config->external_labels, (metric::Labels{{"region", "eu"}, {"team", "ml"}}));
  EXPECT_EQ(config->storage.sync, storage::SyncPolicy::kInterval);
  EXPECT_EQ(config->storage.out_of_order_window, base::Hours(2));
  EXPECT_EQ(config->storage.exemplars_max, 5u);
  EXPECT_EQ(config->storage.metadata_max, 6u);
  EXPECT_EQ(config->storage.series_max, 1000u);
  EXPECT_EQ(config->startup_hold, base::Seconds(10));
  EXPECT_THAT(config->severities, ElementsAre("P3", "P2", "P1"));
  EXPECT_THAT(config->suppression.severities, ElementsAre("P3", "P2", "P1"));
  EXPECT_EQ(config->suppression.blocking_severity, "P2");
  EXPECT_EQ(config->suppression.hops_max, 1);
  EXPECT_EQ(config->limits.labels_max, 40u);
  EXPECT_EQ(config->limits.compressed_bytes_max, 1000000u);
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(Config, TakesAPrometheusConfigurationAndNamesWhatIsLeftOut) {
  const auto config = ParseConfigText("prometheus.yml", "", R"(
global: {scrape_interval: 15s, evaluation_interval: 15s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['localhost:9090']}]
remote_read: [{url: 'http://localhost:9090/api/v1/read'}]
alerting: {alertmanagers: [{static_configs: [{targets: ['localhost:9093']}]}]}
storage: {tsdb: {out_of_order_time_window: 30m}}
)");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->storage.out_of_order_window, base::Minutes(30));
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("prometheus.yml: 4:3: scrape_configs is left out"),
                                            HasSubstr("remote_read is left out")));
  EXPECT_NE(config->alerting, nullptr);
}

TEST(Config, ListsEveryFaultWithItsPlace) {
  const auto config = ParseConfigText("f.yml", "", R"(rule_file: [a.yml]
global: {evaluation_interval: soon}
storage: {sync: sometimes}
incidents: {}
limits: {series: -1}
alerting: {alertmanagers: [{schema: https}]}
topology: {components: [{kind: model, name: a, depends_on: [b]}], suppression: {wiat: 1s}}
severities: [info, page, info]
)");
  ASSERT_FALSE(config.ok());
  const std::string& message = config.status().message();
  EXPECT_THAT(message, HasSubstr("f.yml: 1:1: unknown field 'rule_file', did you mean 'rule_files'?"));
  EXPECT_THAT(message, HasSubstr("f.yml: 2:31: invalid field 'evaluation_interval'"));
  EXPECT_THAT(message, HasSubstr("f.yml: 3:17: sync must be always, interval or off, not \"sometimes\""));
  EXPECT_THAT(message, HasSubstr("f.yml: 4:1: field 'incidents' is not supported by this version"));
  EXPECT_THAT(message, HasSubstr("f.yml: 5:18: field 'series' must not be negative"));
  EXPECT_THAT(message, HasSubstr("f.yml: 6:29: unknown field 'schema', did you mean 'scheme'?"));
  EXPECT_THAT(message, HasSubstr("f.yml: 7:61: there is no component \"b\""));
  EXPECT_THAT(message, HasSubstr("f.yml: 7:81: unknown field 'wiat', did you mean 'wait'?"));
  EXPECT_THAT(message, HasSubstr("f.yml: 8:26: severity \"info\" is given twice"));
}

TEST(Config, MasksSecretsHoweverTheyAreWritten) {
  const std::string masked = MaskSecrets(
      "receivers:\n  - {name: a, pagerduty_configs: [{routing_key: topsecret}]}\n  - name: b\n    slack_configs:\n"
      "      - api_url: 'https://hooks.example/T1'\n");
  EXPECT_THAT(masked, HasSubstr("{routing_key: <secret>}"));
  EXPECT_THAT(masked, HasSubstr("api_url: '<secret>'"));
  EXPECT_THAT(MaskSecrets("url: \"a\\x62c\"\n"), Not(HasSubstr("x62")));
}

}  // namespace
}  // namespace bellwether::server
