#include "rules/eval/series_restore.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "base/log.h"
#include "metric/sample.h"

namespace bellwether::rules {
namespace {

// The rule's name, and the labels that are no templates.
std::vector<metric::Matcher> ForStateMatchers(const RuleSpec& rule) {
  std::vector<metric::Matcher> matchers;
  matchers.push_back(metric::Matcher::Equal(std::string(metric::kMetricName), std::string(kAlertsForStateMetric)));
  matchers.push_back(metric::Matcher::Equal(std::string(kAlertNameLabel), rule.name));
  for (const auto& [name, text] : rule.labels) {
    if (name != kAlertNameLabel && text.find("{{") == std::string::npos) {
      matchers.push_back(metric::Matcher::Equal(name, text));
    }
  }
  return matchers;
}

std::optional<metric::Sample> LastFloat(storage::SampleCursor& cursor) {
  std::optional<metric::Sample> last;
  storage::SampleBatch batch;
  while (cursor.Next(batch)) {
    if (!batch.values.empty()) last = metric::Sample{batch.timestamps.back(), batch.values.back()};
  }
  return last;
}

}  // namespace

void RestoreFromSeries(storage::Storage& storage, const RuleSpec& rule, base::TimestampMs at, base::DurationMs back,
                       std::vector<AlertCandidate>& candidates) {
  if (candidates.empty() || rule.hold.hold < kGracePeriod) return;
  const auto querier = storage.NewQuerier(at - back, at);
  const std::vector<metric::Matcher> matchers = ForStateMatchers(rule);
  const auto set = querier->Select(matchers);
  std::map<metric::Labels, metric::Sample> known;
  while (set->Next()) {
    const auto last = LastFloat(set->samples());
    if (!last || std::isnan(last->value) || std::abs(last->value) > 1e12) continue;
    metric::LabelsBuilder builder(set->labels());
    known.insert_or_assign(builder.Remove(metric::kMetricName).Build(), *last);
  }
  if (const base::Status status = set->status(); !status.ok()) {
    BW_LOG(kWarning, "ALERTS_FOR_STATE cannot be read; pending alerts begin anew", {"rule", rule.name},
           {"error", status});
    return;
  }
  for (AlertCandidate& candidate : candidates) {
    const auto found = known.find(candidate.labels);
    if (found == known.end()) continue;
    const base::TimestampMs active_at(static_cast<std::int64_t>(found->second.value) * 1000);
    candidate.known_active_at = RestoredActiveAt(active_at, found->second.timestamp, at, rule.hold.hold);
  }
}

}  // namespace bellwether::rules
