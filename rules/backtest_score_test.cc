#include "rules/backtest_score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bellwether::rules {
namespace {

using base::TimestampMs;
using metric::Labels;
using testing::HasSubstr;

constexpr std::string_view kIncidents = R"({
  "incidents": [
    {"id": "i1", "kind": "drift", "start_unix": 1000, "end_unix": 2000, "seed": 7,
     "affected": {"models": ["fraud"], "features": ["fraud/amount", "spam/length"], "pipelines": ["events"]}},
    {"id": "i2", "kind": "outage", "start_unix": 8000, "end_unix": 9000, "affected": {"models": ["spam"]}},
    {"id": "outside", "start_unix": 100000, "end_unix": 200000, "affected": {"models": ["spam"]}}],
  "benign": [{"id": "b", "kind": "traffic", "start_unix": 5000, "end_unix": 5100, "models": ["fraud"]}],
  "grace_seconds": {"default": 100, "label_delay": {"fraud": 500, "spam": 10}}
})";

AlertEpisode Fired(std::int64_t second, const std::string& alert, Labels labels) {
  AlertEpisode episode;
  episode.alert = alert;
  episode.labels = std::move(labels);
  episode.active_at = TimestampMs(second * 1000);
  episode.fired_at = episode.active_at;
  return episode;
}

class BacktestScoreTest : public testing::Test {
 protected:
  BacktestScoreTest() {
    report_.start = TimestampMs(0);
    report_.end = TimestampMs(43'200'000);
    report_.rules.resize(2);
    report_.rules[0].name = "Accuracy";
    report_.rules[0].metrics = {"ml_model_accuracy"};
    report_.rules[1].name = "Psi";
    report_.rules[1].metrics = {"ml_feature_value"};
  }
  BacktestScore Score(std::vector<AlertEpisode> episodes) {
    report_.episodes = std::move(episodes);
    const auto labels = ReadIncidentLabels("labels.json", kIncidents);
    EXPECT_TRUE(labels.ok()) << labels.status().message();
    return ScoreBacktest(report_, *labels);
  }
  BacktestReport report_;
};

TEST_F(BacktestScoreTest, CountsHitsMissesAndFalseAlerts) {
  const BacktestScore score = Score({
      Fired(1300, "Psi", Labels{{"model", "fraud"}}),
      Fired(1200, "Psi", Labels{{"model", "spam"}, {"feature", "length"}}),
      Fired(1400, "Down", Labels{{"pipeline", "events"}}),
      Fired(1500, "Psi", Labels{{"model", "spam"}, {"feature", "other"}}),  // Not what i1 affected.
      Fired(5050, "Psi", Labels{{"model", "fraud"}}),                       // In something benign.
      Fired(50'000, "Psi", Labels{{"model", "fraud"}}),                     // After the end.
  });
  ASSERT_EQ(score.incidents.size(), 2u);
  EXPECT_EQ(score.incidents[0].alerts, 3u);
  EXPECT_EQ(score.incidents[0].delay, base::Seconds(200));
  EXPECT_EQ(score.incidents[0].first_alert, "Psi");
  EXPECT_FALSE(score.incidents[1].delay);
  EXPECT_EQ(score.found, 1u);
  EXPECT_EQ(score.alerts, 5u);
  EXPECT_EQ(score.hits, 3u);
  EXPECT_EQ(score.benign, 1u);
  EXPECT_DOUBLE_EQ(*score.recall, 0.5);
  EXPECT_DOUBLE_EQ(*score.precision, 0.6);
  EXPECT_DOUBLE_EQ(*score.false_per_model_day, 2.0) << "two in half a day of two models";
  EXPECT_EQ(score.median_delay, base::Seconds(200));
}

TEST_F(BacktestScoreTest, TheGraceIsThatOfTheMetricAndTheModel) {
  const Labels fraud{{"model", "fraud"}};
  EXPECT_EQ(Score({Fired(2100, "Psi", fraud)}).hits, 1u);
  EXPECT_EQ(Score({Fired(2101, "Psi", fraud)}).hits, 0u);
  EXPECT_EQ(Score({Fired(2600, "Accuracy", fraud)}).hits, 1u);
  EXPECT_EQ(Score({Fired(2601, "Accuracy", fraud)}).hits, 0u);
  EXPECT_EQ(Score({Fired(999, "Psi", fraud)}).hits, 0u);
}

TEST_F(BacktestScoreTest, NothingIsNoShareOfNothing) {
  const BacktestScore score = Score({});
  EXPECT_FALSE(score.precision);
  EXPECT_FALSE(score.median_delay);
  EXPECT_DOUBLE_EQ(*score.recall, 0);
}

TEST(IncidentLabelsTest, FaultsHaveTheirPlaces) {
  const auto fault = [](std::string_view text) {
    const auto labels = ReadIncidentLabels("l.json", text);
    return labels.ok() ? std::string() : labels.status().message();
  };
  EXPECT_THAT(fault("{}"), HasSubstr("incidents is missing"));
  EXPECT_THAT(fault("{\"incidents\": [\n{\"end_unix\": 5, \"affected\": {}}]}"), HasSubstr("l.json: 2:"));
  EXPECT_THAT(fault("incidents: [{start_unix: 9, end_unix: 5, affected: {}}]"), HasSubstr("lies before start_unix"));
  EXPECT_THAT(fault("incidents: [{start_unix: 1, end_unix: 5}]"), HasSubstr("affected is missing"));
  EXPECT_EQ(fault("incidents: []"), "");
}

}  // namespace
}  // namespace bellwether::rules
