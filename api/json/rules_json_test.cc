#include "api/json/rules_json.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bellwether::api {
namespace {

std::string Json(const rules::RuleSnapshot& rule, const incidents::Standings& standings = {}) {
  rules::GroupSnapshot group;
  group.name = "g";
  const std::vector<const rules::RuleSnapshot*> rules = {&rule};
  std::string text;
  StringSink sink(text);
  {
    JsonWriter json(sink);
    WriteRuleGroup(json, group, rules, AlertList::kShown, standings);
  }
  return text;
}

TEST(RulesJsonTest, ShowsLevelsSignalsAndOverrides) {
  rules::RuleSnapshot rule;
  rule.alerting = true;
  rule.name = "A";
  rules::ConditionSnapshot& conditions = rule.conditions.emplace();
  conditions.match_on = {"model"};
  conditions.when = "a or b";
  conditions.signals = {{.name = "a",
                         .query = "x",
                         .alert = "",
                         .threshold = rules::Threshold{rules::Side::kAbove, 0.2, 0.1},
                         .clear = "",
                         .hold = base::Minutes(1),
                         .need = 2},
                        {.name = "b",
                         .query = "",
                         .alert = "B",
                         .through_topology = true,
                         .threshold = std::nullopt,
                         .clear = "",
                         .hold = {}}};
  conditions.levels = {{.severity = "info",
                        .threshold = std::nullopt,
                        .when = "",
                        .clear = "",
                        .hold = base::Seconds(30),
                        .after = base::Hours(1)}};
  conditions.overrides = {{.match = {{"model", "fraud"}}, .levels = conditions.levels, .signals = {}}};
  rules::AlertSnapshot alert;
  alert.level = "info";
  alert.level_since = base::TimestampMs(60'000);
  alert.signals.push_back({.name = "a",
                           .condition = {},
                           .truth = rules::Truth::kTrue,
                           .value = 0.5,
                           .since = base::TimestampMs(0),
                           .labels = {},
                           .series = {{{"feature", "f"}}}});
  rule.alerts.push_back(alert);
  const std::string json = Json(rule);
  const std::string level = R"("levels":[{"severity":"info","duration":30,"after":3600}])";
  for (const std::string& part :
       {std::string(
            R"("matchOn":["model"],"signals":{"a":{"query":"x","above":0.2,"clearBelow":0.1,"duration":60,"need":2},)"
            R"("b":{"alert":"B","through":"topology","duration":0,"need":1}},"when":"a or b",)") +
            level + R"(,"overrides":[{"match":{"model":"fraud"},)" + level + "}]",
        std::string(R"("level":"info","levelSince":"1970-01-01T00:01:00Z","signals":{"a":{"value":"5e-01",)"
                    R"("since":"1970-01-01T00:00:00Z","series":[{"feature":"f"}]}},"value":"0e+00")")}) {
    EXPECT_NE(json.find(part), std::string::npos) << json << "\nlacks\n" << part;
  }
}

TEST(RulesJsonTest, ShowsNothingMoreForRulesOfPrometheus) {
  rules::RuleSnapshot rule;
  rule.alerting = true;
  rule.alerts.emplace_back();
  const std::string json = Json(rule);
  for (const char* key : {"level", "signals", "when", "matchOn", "overrides"}) {
    EXPECT_EQ(json.find("\"" + std::string(key)), std::string::npos) << json;
  }
}

TEST(RulesJsonTest, ShowsWhyNothingIsSaidOfAnAlert) {
  rules::RuleSnapshot rule;
  rule.alerting = true;
  rule.name = "A";
  rule.depends_on = {{.alert = "P",
                      .through_topology = true,
                      .equal = {},
                      .wait = base::Seconds(45),
                      .extension = base::Minutes(2),
                      .max = base::Hours(4)},
                     {.alert = "R",
                      .equal = {"region"},
                      .wait = base::Seconds(0),
                      .extension = base::Seconds(0),
                      .max = base::Minutes(1)}};
  rules::AlertSnapshot alert;
  alert.labels = {{"alertname", "A"}, {"model", "fraud"}};
  rule.alerts.push_back(alert);
  const metric::Labels pipeline = {{"alertname", "P"}, {"pipeline", "fs"}};
  const metric::Labels region = {{"alertname", "R"}, {"region", "eu"}};
  incidents::Standings standings;
  standings[alert.labels] = {
      .verdict = incidents::Verdict::kSuppress,
      .reason = "suppressed by P on pipeline/fs, R",
      .since = base::TimestampMs(60'000),
      .until = base::TimestampMs(120'000),
      .told = true,
      .causes = {{.labels = pipeline, .since = base::TimestampMs(0), .path = {{"model", "fraud"}, {"pipeline", "fs"}}},
                 {.labels = region, .since = base::TimestampMs(0), .equal = {"region"}}}};
  const std::string text = Json(rule, standings);
  EXPECT_NE(text.find(R"("dependsOn":[{"alert":"P","through":"topology","wait":45,"extension":120,"max":14400},)"
                      R"({"alert":"R","equal":["region"],"wait":0,"extension":0,"max":60}])"),
            std::string::npos)
      << text;
  const std::string p = fmt::format("{:016x}", pipeline.Fingerprint());
  const std::string r = fmt::format("{:016x}", region.Fingerprint());
  EXPECT_NE(text.find(R"("status":{"state":"suppressed","inhibitedBy":[")" + p + R"(",")" + r + R"("],)" +
                      R"("reason":"suppressed by P on pipeline/fs, R","since":"1970-01-01T00:01:00Z",)"
                      R"("until":"1970-01-01T00:02:00Z","told":true,"suppressedBy":[{"fingerprint":")" +
                      p + R"(","labels":{"alertname":"P","pipeline":"fs"},"since":"1970-01-01T00:00:00Z",)" +
                      R"("through":"topology","path":["model/fraud","pipeline/fs"]},{"fingerprint":")" + r +
                      R"(","labels":{"alertname":"R","region":"eu"},"since":"1970-01-01T00:00:00Z",)" +
                      R"("through":"labels","equal":["region"]}]})"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace bellwether::api
