#include "notify/alertmanagers.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bellwether::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr base::TimestampMs kAlertmanagerNow{1'800'000'000'000};

metric::AlertUpdate SomeAlert(std::uint64_t sequence, std::string_view name, const metric::Labels& labels = {}) {
  metric::AlertUpdate update;
  update.sequence = sequence;
  update.labels = metric::LabelsBuilder(labels).Set("alertname", name).Build();
  update.annotations = {{"summary", "it is bad"}};
  update.starts_at = kAlertmanagerNow;
  update.ends_at = kAlertmanagerNow + base::Minutes(4);
  update.generator_url = "http://bellwether.example/graph?g0.expr=up&g0.tab=1";
  return update;
}

// A sender, and the Alertmanagers in which its requests end.
class AlertmanagersTest : public ::testing::Test {
 protected:
  AlertmanagersTest() { Make({}); }

  void Make(AlertmanagerOptions options) { sender_.emplace(options, http_, clock_, metrics_); }

  void Configure(const std::string& alerting, metric::Labels external = {}) {
    auto config = ParseAlerting(file_, "alerting:\n" + alerting, "alerting");
    ASSERT_TRUE(config.ok()) << config.status().message();
    sender_->Configure(*config, std::move(external));
  }

  void Tell(const std::vector<metric::AlertUpdate>& updates) {
    sender_->Take(updates);
    sender_->SendQueued();
  }

  // "HOST name name" for each request since the last call.
  std::vector<std::string> Requests() {
    std::vector<std::string> out;
    const auto all = http_.Requests();
    for (; seen_ < all.size(); ++seen_) {
      std::string line = all[seen_].url.substr(7, all[seen_].url.find(':', 7) - 7);
      for (const auto& alert : nlohmann::json::parse(all[seen_].body)) {
        line += " " + alert["labels"].value("alertname", "?");
      }
      out.push_back(line);
    }
    return out;
  }

  nlohmann::json LastBody() const { return nlohmann::json::parse(http_.Requests().back().body); }

  std::string file_ = "bellwether.yml";
  base::SimulatedClock clock_{kAlertmanagerNow};
  base::MetricsRegistry metrics_;
  base::FakeHttpClient http_;
  std::optional<AlertmanagerSender> sender_;
  std::size_t seen_ = 0;
};

TEST_F(AlertmanagersTest, PostsWhatPrometheusPosts) {
  Configure("  alertmanagers: [{path_prefix: /am/, static_configs: [{targets: ['one:9093']}]}]\n");
  Tell({SomeAlert(1, "Down", {{"model", "fraud"}})});
  ASSERT_EQ(http_.Requests().size(), 1U);
  const base::HttpClientRequest request = http_.Requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://one:9093/am/api/v2/alerts");
  EXPECT_EQ(request.timeout, base::Seconds(10));
  EXPECT_THAT(request.headers, ElementsAre(std::pair<std::string, std::string>("Content-Type", "application/json")));
  EXPECT_EQ(request.body, R"([{"annotations":{"summary":"it is bad"},"endsAt":"2027-01-15T08:04:00.000Z",)"
                          R"("startsAt":"2027-01-15T08:00:00.000Z",)"
                          R"("generatorURL":"http://bellwether.example/graph?g0.expr=up&g0.tab=1",)"
                          R"("labels":{"alertname":"Down","model":"fraud"}}])");
}

TEST_F(AlertmanagersTest, AddsExternalLabelsThenRelabelsForAllThenForEach) {
  Configure(R"(  alert_relabel_configs:
    - {source_labels: [severity], regex: debug, action: drop}
    - {regex: replica, action: labeldrop}
  alertmanagers:
    - static_configs: [{targets: ['one:9093']}]
    - static_configs: [{targets: ['two:9093']}]
      alert_relabel_configs:
        - {source_labels: [team], regex: ml, action: keep}
        - {target_label: seen_by, replacement: two}
)",
            {{"region", "eu"}, {"replica", "a"}});
  Tell({SomeAlert(1, "A", {{"team", "ml"}, {"region", "us"}}), SomeAlert(2, "B", {{"severity", "debug"}}),
        SomeAlert(3, "C")});
  EXPECT_THAT(Requests(), ElementsAre("one A C", "two A"));
  EXPECT_EQ(nlohmann::json::parse(http_.Requests()[0].body)[0]["labels"],
            nlohmann::json({{"alertname", "A"}, {"team", "ml"}, {"region", "us"}}));
  EXPECT_EQ(nlohmann::json::parse(http_.Requests()[0].body)[1]["labels"],
            nlohmann::json({{"alertname", "C"}, {"region", "eu"}}));
  EXPECT_EQ(LastBody()[0]["labels"]["seen_by"], "two");
}

TEST_F(AlertmanagersTest, ListsActiveAndDroppedTargets) {
  Configure(R"(  alertmanagers:
    - scheme: https
      static_configs: [{targets: ['one:9093', 'two:9093'], labels: {zone: a}}, {targets: ['one:9093']}]
      relabel_configs: [{source_labels: [__address__, zone], regex: 'two:9093;a', action: drop}]
    - static_configs: [{targets: ['three:9093']}]
      relabel_configs: [{target_label: __alerts_path__, replacement: /mimir/api/v2/alerts}]
)");
  const AlertmanagerUrls urls = sender_->Urls();
  EXPECT_THAT(urls.active, ElementsAre("http://three:9093/mimir/api/v2/alerts", "https://one:9093/api/v2/alerts"));
  EXPECT_THAT(urls.dropped, ElementsAre("https://two:9093/api/v2/alerts"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("prometheus_notifications_alertmanagers_discovered 2\n"));
}

TEST_F(AlertmanagersTest, OneUrlIsToldOnceWhoeverNamesIt) {
  Configure(
      "  alertmanagers: [{static_configs: [{targets: ['one:9093', 'one:9093']}]}, "
      "{static_configs: [{targets: ['one:9093']}]}]\n");
  Tell({SomeAlert(1, "A")});
  EXPECT_THAT(Requests(), ElementsAre("one A"));
}

TEST_F(AlertmanagersTest, SendsInBatches) {
  Make({.queue_capacity = 100, .batch_size = 2, .drain_on_stop = true});
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  Tell({SomeAlert(1, "A"), SomeAlert(2, "B"), SomeAlert(3, "C")});
  EXPECT_THAT(Requests(), ElementsAre("one A B", "one C"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("prometheus_notifications_sent_total{"
                                              "alertmanager=\"http://one:9093/api/v2/alerts\"} 3\n"));
}

TEST_F(AlertmanagersTest, AnAlertThatMovesToOtherLabelsIsToldInOneRequest) {
  Make({.queue_capacity = 100, .batch_size = 2, .drain_on_stop = true});
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  const metric::AlertUpdate risen = SomeAlert(2, "Drift", {{"severity", "critical"}});
  metric::AlertUpdate left = SomeAlert(3, "Drift", {{"severity", "warning"}});
  left.phase = metric::AlertPhase::kResolved;
  left.moved_to = risen.labels;
  Tell({SomeAlert(1, "A"), risen, left, SomeAlert(4, "B")});
  EXPECT_THAT(Requests(), ElementsAre("one A", "one Drift Drift", "one B"));
}

TEST_F(AlertmanagersTest, AFullQueueDropsTheOldest) {
  Make({.queue_capacity = 2, .batch_size = 256, .drain_on_stop = true});
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  Tell({SomeAlert(1, "A"), SomeAlert(2, "B"), SomeAlert(3, "C")});
  EXPECT_THAT(Requests(), ElementsAre("one B C"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("prometheus_notifications_dropped_total{"
                                              "alertmanager=\"http://one:9093/api/v2/alerts\"} 1\n"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("prometheus_notifications_queue_capacity 2\n"));
}

TEST_F(AlertmanagersTest, WhatIsNotTakenIsCountedAndNotTriedAgain) {
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  http_.Script(base::HttpClientResponse{.status = 500, .headers = {}, .body = "no"});
  http_.Script(base::Unavailable("connection refused"));
  Tell({SomeAlert(1, "A")});
  Tell({SomeAlert(2, "B")});
  Tell({SomeAlert(3, "C")});
  EXPECT_THAT(Requests(), ElementsAre("one A", "one B", "one C"));
  const std::string text = metrics_.WriteText();
  const std::string label = "{alertmanager=\"http://one:9093/api/v2/alerts\"}";
  EXPECT_THAT(text, HasSubstr("prometheus_notifications_errors_total" + label + " 2\n"));
  EXPECT_THAT(text, HasSubstr("prometheus_notifications_dropped_total" + label + " 2\n"));
  EXPECT_THAT(text, HasSubstr("prometheus_notifications_sent_total" + label + " 3\n"));
  EXPECT_THAT(text, HasSubstr("prometheus_notifications_queue_length" + label + " 0\n"));
}

TEST_F(AlertmanagersTest, RepetitionsAreKnownByTheirNumber) {
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  Tell({SomeAlert(1, "A"), SomeAlert(2, "B")});
  Tell({SomeAlert(2, "B"), SomeAlert(3, "C")});
  Tell({SomeAlert(3, "C")});
  EXPECT_THAT(Requests(), ElementsAre("one A B", "one C"));
}

TEST_F(AlertmanagersTest, SendsCredentials) {
  Configure(R"(  alertmanagers:
    - {static_configs: [{targets: ['one:9093']}], basic_auth: {username: u, password: p}, timeout: 3s}
    - {static_configs: [{targets: ['two:9093']}], authorization: {credentials: token}, scheme: https,
       tls_config: {insecure_skip_verify: true}, proxy_url: 'http://proxy:1'}
)");
  Tell({SomeAlert(1, "A")});
  const auto requests = http_.Requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].basic_auth_username, "u");
  EXPECT_EQ(requests[0].basic_auth_password, "p");
  EXPECT_EQ(requests[0].timeout, base::Seconds(3));
  EXPECT_EQ(requests[1].headers.back(), (std::pair<std::string, std::string>("Authorization", "Bearer token")));
  EXPECT_TRUE(requests[1].tls.insecure_skip_verify);
  EXPECT_EQ(requests[1].proxy_url, "http://proxy:1");
}

TEST_F(AlertmanagersTest, FilesOfTargetsAreReadAgain) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "alertmanagers_test";
  std::filesystem::create_directories(folder);
  file_ = (folder / "bellwether.yml").string();
  const auto write = [&](const char* text) { std::ofstream(folder / "am.json") << text; };
  write(R"([{"targets": ["one:9093"], "labels": {"zone": "a"}}])");
  Configure("  alertmanagers: [{file_sd_configs: [{files: ['*.json'], refresh_interval: 1m}]}]\n");
  EXPECT_THAT(sender_->Urls().active, ElementsAre("http://one:9093/api/v2/alerts"));
  write(R"([{"targets": ["one:9093", "two:9093"]}])");
  EXPECT_EQ(sender_->Urls().active.size(), 1U) << "not before its time";
  clock_.Advance(base::Minutes(1));
  Tell({SomeAlert(1, "A")});
  EXPECT_THAT(Requests(), ElementsAre("one A", "two A"));
  write("[{targets: [");
  clock_.Advance(base::Minutes(1));
  EXPECT_EQ(sender_->Urls().active.size(), 2U) << "a broken file changes nothing";
  std::filesystem::remove_all(folder);
}

TEST_F(AlertmanagersTest, AReloadKeepsWhatWaitsForThoseThatStay) {
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093', 'two:9093']}]}]\n");
  sender_->Take(std::vector{SomeAlert(1, "A")});
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093', 'three:9093']}]}]\n");
  sender_->SendQueued();
  EXPECT_THAT(Requests(), ElementsAre("one A"));
  sender_->Configure(nullptr, {});
  Tell({SomeAlert(2, "B")});
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_THAT(sender_->Urls().active, IsEmpty());
}

TEST_F(AlertmanagersTest, StopSendsWhatWaits) {
  Configure("  alertmanagers: [{static_configs: [{targets: ['one:9093']}]}]\n");
  sender_->Take(std::vector{SomeAlert(1, "A")});
  sender_->Start();
  sender_->Stop();
  EXPECT_THAT(Requests(), ElementsAre("one A"));
}

TEST_F(AlertmanagersTest, SendsInTheBackgroundToEachOnItsOwnThreads) {
  Configure("  alertmanagers: [{static_configs: [{targets: ['slow:9093', 'quick:9093']}]}]\n");
  std::atomic<bool> release = false;
  std::atomic<int> quick = 0;
  http_.SetHandler([&](const base::HttpClientRequest& request) -> base::Result<base::HttpClientResponse> {
    if (request.url.find("quick") != std::string::npos) ++quick;
    while (request.url.find("slow") != std::string::npos && !release) std::this_thread::yield();
    return base::HttpClientResponse{.status = 200, .headers = {}, .body = {}};
  });
  sender_->Start();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    sender_->Take(std::vector{SomeAlert(i, "A")});
    while (quick < static_cast<int>(i)) std::this_thread::yield();
  }
  release = true;
  sender_->Stop();
  EXPECT_EQ(quick, 5);
}

TEST(AlertingConfigTest, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"alerting: {alertmanager: []}", "f.yml: 1:12: unknown field 'alertmanager', did you mean 'alertmanagers'?"},
      {"alerting: {alertmanagers: [{scheme: ftp}]}", "f.yml: 1:37: scheme must be http or https, not \"ftp\""},
      {"alerting: {alertmanagers: [{api_version: v1}]}",
       "expected Alertmanager api version to be one of [v2] but got v1"},
      {"alerting: {alertmanagers: [{dns_sd_configs: []}]}", "field 'dns_sd_configs' is not supported by this version"},
      {"alerting: {alertmanagers: [{static_config: []}]}",
       "unknown field 'static_config', did you mean 'static_configs'?"},
      {"alerting: {alertmanagers: [{static_configs: [{targets: ['http://a:1']}]}]}",
       "f.yml: 1:57: \"http://a:1\" is not a valid hostname"},
      {"alerting: {alertmanagers: [{file_sd_configs: [{files: [a.txt]}]}]}", "must end in .json, .yml or .yaml"},
      {"alerting: {alertmanagers: [{file_sd_configs: [{}]}]}", "must contain at least one path name"},
      {"alerting: {alertmanagers: [{relabel_configs: [{action: keep, regex: '('}]}]}", "error parsing regexp"},
      {"alerting: {alertmanagers: [{tls_config: {min_version: x}}]}",
       "field 'min_version' must be TLS10, TLS11, TLS12 or TLS13"},
      {"alerting: {alertmanagers: [{basic_auth: {username: u, password: p, password_file: f}}]}",
       "at most one of password & password_file must be configured"},
  };
  for (const auto& [text, fault] : cases) {
    EXPECT_THAT(ParseAlerting("f.yml", text, "alerting").status().message(), HasSubstr(fault)) << text;
  }
}

}  // namespace
}  // namespace bellwether::notify
