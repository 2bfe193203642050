#include "api/golden_data_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace bellwether::api::testing {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr int kMinutes = 10;

storage::SeriesRef RefOf(storage::Appender& appender, const metric::Labels& labels) {
  auto ref = appender.FindOrCreate(labels);
  EXPECT_TRUE(ref.ok()) << ref.status().ToString();
  return ref.ok() ? *ref : storage::SeriesRef::kNone;
}

// One sample a minute from 0 to 600 s.
void AddMinutes(std::vector<storage::FloatSample>& samples, storage::SeriesRef ref,
                const std::function<double(int)>& value) {
  for (int minute = 0; minute <= kMinutes; ++minute) {
    samples.push_back({ref, base::TimestampMs(minute * kMinuteMs), value(minute), base::TimestampMs(0)});
  }
}

double NotFinite(int minute) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double cycle[] = {std::nan(""), kInfinity, -kInfinity, 1};
  return cycle[minute % 4];
}

metric::NativeHistogram LatencyHistogram() {
  metric::NativeHistogram histogram;
  histogram.is_float = true;
  histogram.count = 7;
  histogram.sum = 12.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 1;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {2, 4};
  return histogram;
}

rules::RuleSnapshot AlertingRule() {
  rules::RuleSnapshot rule;
  rule.alerting = true;
  rule.name = "AccuracyLow";
  rule.query = "ml_model_accuracy < 0.8";
  rule.labels = {{"severity", "page"}};
  rule.annotations = {{"summary", "{{ $labels.model }} < 0.8"}};
  rule.hold = base::Minutes(5);
  rule.health = rules::RuleHealth::kOk;
  rule.state = rules::AlertState::kFiring;
  rule.last_evaluation = base::TimestampMs(590'500);
  rule.evaluation_s = 0.25;
  rules::AlertSnapshot alert;
  alert.labels = {{"alertname", "AccuracyLow"}, {"model", "fraud"}, {"severity", "page"}};
  alert.annotations = {{"summary", "fraud < 0.8"}};
  alert.state = rules::AlertState::kFiring;
  alert.active_at = base::TimestampMs(120'000);
  alert.value = 0.25;
  rule.alerts.push_back(alert);
  return rule;
}

rules::RuleSnapshot RecordingRule(std::string name) {
  rules::RuleSnapshot rule;
  rule.name = std::move(name);
  rule.query = "avg by (model) (ml_model_accuracy)";
  rule.labels = {{"team", "risk"}};
  rule.health = rules::RuleHealth::kError;
  rule.last_error = "vector contains <metrics>";
  rule.last_evaluation = base::TimestampMs(590'000);
  return rule;
}

rules::AlertTransition Transition(std::int64_t at_ms, std::string_view model, rules::AlertState from,
                                  rules::AlertState to) {
  rules::AlertTransition transition;
  transition.at = base::TimestampMs(at_ms);
  transition.labels = {{"alertname", "AccuracyLow"}, {"model", model}, {"severity", "page"}};
  transition.annotations = {{"summary", std::string(model) + " < 0.8"}};
  transition.from = from;
  transition.to = to;
  return transition;
}

}  // namespace

void FillGoldenStorage(storage::Storage& storage) {
  const auto appender = storage.NewAppender();
  std::vector<storage::FloatSample> samples;
  AddMinutes(samples, RefOf(*appender, {{"__name__", "ml_model_accuracy"}, {"model", "churn"}, {"version", "1.10"}}),
             [](int) { return 0.9; });
  AddMinutes(samples, RefOf(*appender, {{"__name__", "ml_model_accuracy"}, {"model", "fraud"}, {"version", "2.0"}}),
             [](int minute) { return 1 - 0.0625 * minute; });
  const auto requests = RefOf(*appender, {{"__name__", "ml_requests_total"}, {"model", "churn"}});
  AddMinutes(samples, requests, [](int minute) { return 60.0 * minute; });
  AddMinutes(samples, RefOf(*appender, {{"__name__", "ml_not_finite"}, {"model", "churn"}}), NotFinite);
  AddMinutes(samples, RefOf(*appender, {{"__name__", "http.server.duration"}, {"service.name", "a<b>&c"}}),
             [](int) { return 1.5; });
  appender->Append(samples);

  const metric::NativeHistogram histogram = LatencyHistogram();
  const storage::HistogramSample latency[] = {
      {RefOf(*appender, {{"__name__", "ml_latency_seconds"}, {"model", "churn"}}), kGoldenNow, &histogram,
       base::TimestampMs(0)}};
  appender->AppendHistograms(latency);
  appender->AppendExemplar(requests, {{{"trace_id", "abc<1>"}}, 6, base::TimestampMs(540'479)});
  appender->SetMetadata({"ml_requests_total", storage::MetricType::kCounter, "", "Requests <scored>."});
  appender->SetMetadata({"ml_model_accuracy", storage::MetricType::kGauge, "ratio", "Share of right answers."});
  const auto committed = appender->Commit(storage::Durability::kDurable);
  ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  ASSERT_EQ(committed->TotalRefused(), 0u);
}

std::vector<rules::GroupSnapshot> GoldenGroups() {
  rules::GroupSnapshot drift;
  drift.name = "drift";
  drift.file = "rules/a.yml";
  drift.interval = base::Seconds(30);
  drift.limit = 5;
  drift.last_evaluation = base::TimestampMs(590'000);
  drift.evaluation_s = 0.5;
  drift.rules = {AlertingRule(), RecordingRule("model:accuracy:avg")};
  rules::GroupSnapshot fresh;
  fresh.name = "fresh";
  fresh.file = "rules/b.yml";
  fresh.interval = base::Minutes(1);
  fresh.rules = {RecordingRule("never:evaluated"), AlertingRule()};
  fresh.rules[0].health = rules::RuleHealth::kUnknown;
  fresh.rules[0].last_error.clear();
  fresh.rules[0].last_evaluation.reset();
  fresh.rules[1].name = "NeverEvaluated";
  fresh.rules[1].alerts.clear();
  fresh.rules[1].health = rules::RuleHealth::kUnknown;
  fresh.rules[1].last_evaluation.reset();
  return {drift, fresh};
}

// Of fraud: fired at 120 s, resolved at 300 s, fired again at 480 s and still does. Of churn: resolved at 60 s.
std::vector<rules::AlertTransition> GoldenTransitions() {
  using rules::AlertState;
  return {Transition(60'000, "churn", AlertState::kFiring, AlertState::kInactive),
          Transition(60'000, "fraud", AlertState::kInactive, AlertState::kPending),
          Transition(120'000, "fraud", AlertState::kPending, AlertState::kFiring),
          Transition(300'000, "fraud", AlertState::kFiring, AlertState::kInactive),
          Transition(420'000, "fraud", AlertState::kInactive, AlertState::kPending),
          Transition(480'000, "fraud", AlertState::kPending, AlertState::kFiring)};
}

}  // namespace bellwether::api::testing
