// What an Alertmanager is sent over forty minutes of alerting, in the cases by which alert generators are judged:
// samples each 15 s, groups each 30 s, a resend delay of a minute. Sources: the alert generator specification of the
// Prometheus project, and what Prometheus does where the two differ.
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "notify/alertmanagers.h"
#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

// Rules, a sender, and an Alertmanager that takes everything. Times are seconds since the first evaluation.
class AlertGenerator {
 public:
  explicit AlertGenerator(const std::string& rules) {
    world_.options.external_labels = metric::Labels{{"region", "eu"}};
    const auto alerting = notify::ParseAlerting(
        "bellwether.yml", "alerting: {alertmanagers: [{static_configs: [{targets: ['am:9093']}]}]}", "alerting");
    EXPECT_TRUE(alerting.ok()) << alerting.status().message();
    sender_.Configure(*alerting, world_.options.external_labels);
    const base::Status loaded = world_.Load("groups:\n- name: g\n  interval: 30s\n  rules:\n" + rules);
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    const rules::GroupSnapshot group = world_.Group();
    const std::int64_t interval = group.interval.ms;
    const std::int64_t slot = (world_.clock.Now().ms / interval + 1) * interval + group.slot_offset.ms;
    start_ = base::TimestampMs(slot);
    world_.clock.Set(start_);
  }

  // Sends a sample at this moment.
  void Sample(const std::string& series, double value) { world_.Send(series, value); }

  // Evaluates what is due, sends what is told, and goes on by 15 s.
  void Step() {
    world_.manager->RunDue();
    const auto updates = world_.sink.New();
    sender_.Take(updates);
    sender_.SendQueued();
    Read();
    world_.clock.Advance(base::Seconds(15));
  }

  // One step with a sample each for `seconds`.
  void Run(std::int64_t seconds, const std::string& series, double value) {
    for (std::int64_t i = 0; i < seconds / 15; ++i) {
      Sample(series, value);
      Step();
    }
  }

  // What came since the last call: "420 firing A from 420 to 660", a line each.
  std::string Messages() { return std::exchange(messages_, {}); }
  [[nodiscard]] const nlohmann::json& last_alert() const { return last_alert_; }
  [[nodiscard]] std::int64_t Now() const { return Seconds(world_.clock.Now()); }
  RuleWorld& world() { return world_; }

 private:
  [[nodiscard]] std::int64_t Seconds(base::TimestampMs t) const { return (t - start_).ms / 1000; }
  [[nodiscard]] std::int64_t Seconds(const nlohmann::json& time) const {
    return Seconds(base::ParseRfc3339(time.get<std::string>()).value());
  }

  void Read() {
    const auto requests = http_.Requests();
    for (; seen_ < requests.size(); ++seen_) {
      for (const nlohmann::json& alert : nlohmann::json::parse(requests[seen_].body)) {
        last_alert_ = alert;
        const bool resolved = Seconds(alert["endsAt"]) <= Now();
        messages_ += fmt::format("{} {} {} from {} to {}\n", Now(), resolved ? "resolved" : "firing",
                                 alert["labels"]["alertname"].get<std::string>(), Seconds(alert["startsAt"]),
                                 Seconds(alert["endsAt"]));
      }
    }
  }

  RuleWorld world_;
  base::FakeHttpClient http_;
  notify::AlertmanagerSender sender_{{}, http_, world_.clock, world_.metrics};
  base::TimestampMs start_;
  std::size_t seen_ = 0;
  std::string messages_;
  nlohmann::json last_alert_;
};

// The state of the first alert of a rule: "pending 12", with its value; empty without one.
std::string StateOf(AlertGenerator& generator, std::size_t rule) {
  const auto snapshot = generator.world().Rule(rule);
  if (snapshot.alerts.empty()) return "";
  return fmt::format("{} {}", rules::AlertStateName(snapshot.alerts[0].state), snapshot.alerts[0].value);
}

TEST(AlertGeneratorTest, PendingAndFiringAndResolved) {
  AlertGenerator generator(R"(  - alert: A
    expr: metric > 10
    for: 6m
    labels: {foo: bar}
    annotations: {description: 'SimpleAlert is firing', summary: 'The value is {{$value}} {{.Value}}'}
)");
  generator.Run(60, "metric{rulegroup=\"one\"}", 3);
  EXPECT_EQ(StateOf(generator, 0), "");
  generator.Run(360, "metric{rulegroup=\"one\"}", 15);
  EXPECT_EQ(StateOf(generator, 0), "pending 15");
  EXPECT_EQ(generator.world().Query("ALERTS"),
            "ALERTS{alertname=\"A\", alertstate=\"pending\", foo=\"bar\", rulegroup=\"one\"} 1\n");
  EXPECT_EQ(generator.Messages(), "") << "what is pending is not told";

  generator.Run(90, "metric{rulegroup=\"one\"}", 15);
  EXPECT_EQ(generator.Messages(), "420 firing A from 420 to 660\n");
  EXPECT_EQ(generator.last_alert()["labels"],
            nlohmann::json({{"alertname", "A"}, {"foo", "bar"}, {"region", "eu"}, {"rulegroup", "one"}}));
  EXPECT_EQ(generator.last_alert()["annotations"]["summary"], "The value is 15 15");
  EXPECT_EQ(generator.last_alert()["generatorURL"], "http://bellwether.example/graph?g0.expr=metric+%3E+10&g0.tab=1");
  generator.Run(90, "metric{rulegroup=\"one\"}", 19);
  EXPECT_EQ(generator.Messages(), "510 firing A from 420 to 750\n") << "the first slot more than a minute later";
  EXPECT_EQ(generator.last_alert()["annotations"]["summary"], "The value is 19 19");
  EXPECT_EQ(generator.world().Query("ALERTS"),
            "ALERTS{alertname=\"A\", alertstate=\"firing\", foo=\"bar\", rulegroup=\"one\"} 1\n");

  generator.Run(15, "metric{rulegroup=\"one\"}", 5);
  EXPECT_EQ(generator.Messages(), "600 resolved A from 420 to 600\n");
  EXPECT_EQ(generator.last_alert()["annotations"]["summary"], "The value is 19 19") << "as it was last";
  EXPECT_EQ(generator.world().Query("ALERTS"), "");
  EXPECT_EQ(StateOf(generator, 0), "");
  generator.Run(1065, "metric{rulegroup=\"one\"}", 5);
  std::string repeated;
  for (int at = 690; at <= 1500; at += 90) repeated += fmt::format("{} resolved A from 420 to 600\n", at);
  EXPECT_EQ(generator.Messages(), repeated) << "for a quarter of an hour";

  generator.Run(450, "metric{rulegroup=\"one\"}", 11);
  EXPECT_EQ(generator.Messages(), "2040 firing A from 2040 to 2280\n");
}

TEST(AlertGeneratorTest, ANewPendingAlertEndsTheRepetitionOfTheOldOne) {
  AlertGenerator generator("  - {alert: A, expr: metric > 10, for: 2m}\n");
  generator.Run(150, "metric", 11);
  generator.Run(120, "metric", 1);
  EXPECT_EQ(generator.Messages(),
            "120 firing A from 120 to 360\n150 resolved A from 120 to 150\n240 resolved A from 120 to 150\n");
  generator.Run(120, "metric", 11);
  EXPECT_EQ(generator.Messages(), "") << "pending again: nothing is said of the one before";
  generator.Run(30, "metric", 11);
  EXPECT_EQ(generator.Messages(), "390 firing A from 390 to 630\n");
}

TEST(AlertGeneratorTest, PendingAndResolvedAndAlwaysInactive) {
  AlertGenerator generator("  - {alert: A, expr: metric > 10, for: 3m}\n  - {alert: B, expr: metric > 99, for: 3m}\n");
  generator.Run(60, "metric", 5);
  generator.Run(150, "metric", 15);
  EXPECT_EQ(StateOf(generator, 0), "pending 15");
  EXPECT_EQ(StateOf(generator, 1), "");
  EXPECT_EQ(generator.world().Query("ALERTS"), "ALERTS{alertname=\"A\", alertstate=\"pending\"} 1\n");
  generator.Run(1200, "metric", 5);
  EXPECT_EQ(StateOf(generator, 0), "");
  EXPECT_EQ(generator.world().Query("ALERTS"), "");
  EXPECT_EQ(generator.world().Rule(1).state, rules::AlertState::kInactive);
  EXPECT_EQ(generator.Messages(), "");
}

TEST(AlertGeneratorTest, ZeroForAndSmallFor) {
  AlertGenerator generator(R"yaml(  - {alert: Zero, expr: metric > 10}
  - alert: Small
    expr: metric > 10
    for: 15s
    annotations:
      numbers: >-
        {{ humanize 1234567.0 }} {{ humanize1024 2048.0 }} {{ humanizeDuration 3661.0 }}
        {{ humanizePercentage 0.1234 }} {{ humanizeTimestamp 0.0 }}
      texts: >-
        {{ title "aa bb" }} {{ toUpper "aBc" }} {{ toLower "aBc" }} {{ stripPort "h:80" }}
        {{ stripDomain "h.example:80" }} {{ reReplaceAll "a(.)" "<$1>" "abac" }} {{ match "^a" "abc" }}
      queries: >-
        {{ with query "metric" }}{{ . | first | value }} {{ . | first | label "variant" }}{{ end }}
        {{ range query "metric" | sortByLabel "variant" }}{{ .Labels.variant }}{{ end }}
      parts: >-
        {{ define "x" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template "x" (args 1 "two") }} {{ safeHtml "<b>" }}
)yaml");
  generator.Run(30, "metric{variant=\"one\"}", 11);
  EXPECT_EQ(generator.Messages(), "0 firing Zero from 0 to 240\n") << "in the first evaluation";
  EXPECT_EQ(StateOf(generator, 1), "pending 11");
  generator.Run(30, "metric{variant=\"one\"}", 11);
  EXPECT_EQ(generator.Messages(), "30 firing Small from 30 to 270\n") << "pending once";
  const nlohmann::json annotations = generator.last_alert()["annotations"];
  EXPECT_EQ(annotations["numbers"], "1.235M 2ki 1h 1m 1s 12.34% 1970-01-01 00:00:00 +0000 UTC");
  EXPECT_EQ(annotations["texts"], "Aa Bb ABC abc h h:80 <b><c> true");
  EXPECT_EQ(annotations["queries"], "11 one one");
  EXPECT_EQ(annotations["parts"], "1-two <b>");
}

TEST(AlertGeneratorTest, NewAlertsAndTheOrderOfRules) {
  AlertGenerator generator(R"(  - {alert: First, expr: metric > 10, labels: {severity: info}}
  - alert: Second
    expr: ALERTS{alertname="First", alertstate="firing"}
    labels: {severity: page, alertstate: ""}
    annotations: {was: '{{ $labels.alertname }} {{ $labels.alertstate }} {{ $labels.variant }}'}
)");
  generator.Run(30, "metric{variant=\"one\"}", 11);
  EXPECT_EQ(generator.Messages(), "0 firing First from 0 to 240\n0 firing Second from 0 to 240\n")
      << "the second sees what the first wrote in the same evaluation";
  EXPECT_EQ(generator.last_alert()["labels"],
            nlohmann::json({{"alertname", "Second"}, {"severity", "page"}, {"variant", "one"}, {"region", "eu"}}));
  EXPECT_EQ(generator.last_alert()["annotations"]["was"], "First firing one");

  generator.Sample("metric{variant=\"one\"}", 11);
  generator.Sample("metric{variant=\"two\"}", 12);
  generator.Step();
  EXPECT_EQ(generator.Messages(), "30 firing First from 30 to 270\n30 firing Second from 30 to 270\n")
      << "a label set that joins has a life of its own";
  EXPECT_EQ(generator.last_alert()["labels"]["variant"], "two");
}

}  // namespace
}  // namespace bellwether::timeline
