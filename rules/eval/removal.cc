#include "rules/eval/removal.h"

#include <utility>

#include "rules/eval/rule_sample.h"
#include "rules/state/alert_store.h"

namespace bellwether::rules {

void PlanRemoval(std::string_view prefix, const std::string& rule, const AlertTable& alerts,
                 const SignalMemory* signals, base::TimestampMs now, RemovalPlan& plan) {
  for (const auto& [labels, entry] : alerts.entries()) {
    plan.batch.Delete(AlertKey(prefix, labels));
    if (entry.alert.state == AlertState::kInactive) continue;
    const AlertTransition gone{now,
                               AlertLabels(labels, entry),
                               entry.annotations,
                               entry.alert.state,
                               AlertState::kInactive,
                               entry.value,
                               "rule removed"};
    plan.batch.Put(HistoryKey(gone, prefix), EncodeTransition(gone), now + kHistoryRetention);
    if (entry.alert.state != AlertState::kFiring || !entry.alert.last_sent_at) continue;
    plan.updates.push_back(ResolvedUpdate(labels, entry, now, now));
    plan.updates.back().rule = rule;
  }
  if (signals != nullptr) {
    for (const auto& [signal, remembered] : signals->signals()) {
      for (const auto& [labels, clock] : remembered) plan.batch.Delete(SignalKey(prefix, signal, labels));
    }
  }
  for (RuleSample& sample : AlertSamples(alerts)) plan.series.push_back(std::move(sample.labels));
}

}  // namespace bellwether::rules
