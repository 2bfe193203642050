#include "rules/eval/rule_sample.h"

#include <cmath>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace bellwether::rules {
namespace {

metric::Labels RecordedLabels(const RuleSpec& rule, const metric::Labels& result) {
  metric::LabelsBuilder builder(result);
  builder.Set(metric::kMetricName, rule.name);
  for (const auto& [name, value] : rule.labels) builder.Set(name, value);
  return builder.Build();
}

}  // namespace

base::Result<promql::Vector> QueryForRule(const promql::Engine& engine, storage::Storage& storage,
                                          promql::PreparedQuery& query, base::TimestampMs at,
                                          const std::stop_token& stop, EvaluationCost& cost) {
  promql::QueryOptions options;
  options.cancel = stop;
  BW_ASSIGN_OR_RETURN(promql::QueryResult result, engine.Instant(storage, query, at, options));
  cost.Add(result.stats);
  if (auto* vector = std::get_if<promql::Vector>(&result.value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    promql::VectorSample sample;
    sample.timestamp = scalar->timestamp;
    sample.value = scalar->value;
    return promql::Vector{std::move(sample)};
  }
  return base::Execution("rule result is not a vector or scalar");
}

base::Result<std::vector<RuleSample>> RecordedSamples(const RuleSpec& rule, std::size_t limit, promql::Vector result) {
  std::vector<RuleSample> samples;
  samples.reserve(result.size());
  std::unordered_set<metric::Labels, metric::LabelsHash> seen;
  for (promql::VectorSample& sample : result) {
    samples.push_back({RecordedLabels(rule, sample.labels), sample.value, std::move(sample.histogram)});
    if (!seen.insert(samples.back().labels).second) {
      return base::Execution("vector contains metrics with the same labelset after applying rule labels");
    }
  }
  if (limit > 0 && samples.size() > limit) {
    return base::LimitExceeded(fmt::format("exceeded limit of {} with {} series", limit, samples.size()));
  }
  return samples;
}

std::vector<RuleSample> AlertSamples(const AlertTable& alerts) {
  std::vector<RuleSample> samples;
  for (const auto& [labels, entry] : alerts.entries()) {
    if (entry.alert.state == AlertState::kInactive) continue;
    metric::LabelsBuilder builder(labels);
    builder.Set(metric::kMetricName, kAlertsForStateMetric);
    const double active_s = std::floor(entry.alert.active_at.seconds());
    samples.push_back({builder.Build(), active_s, nullptr});
    if (entry.leveled) builder = metric::LabelsBuilder(AlertLabels(labels, entry));
    builder.Set(metric::kMetricName, kAlertsMetric).Set(kAlertStateLabel, AlertStateName(entry.alert.state));
    samples.push_back({builder.Build(), 1.0, nullptr});
  }
  return samples;
}

}  // namespace bellwether::rules
