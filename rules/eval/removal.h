// rules/eval/removal.h
//
// What is to be done about the alerts of a rule that is gone: their entries in the state store go, those that fired are
// told to have ended, the history says why, and their series end. Pure: it makes the plan.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "rules/state/alert_table.h"
#include "rules/state/signal_memory.h"
#include "storage/state_store.h"

namespace bellwether::rules {

struct RemovalPlan {
  storage::StateBatch batch;
  std::vector<metric::AlertUpdate> updates;
  std::vector<metric::Labels> series;  // To be ended with stale markers.
};

// Adds the alerts and the clocks of signals (null: none) of one rule. `prefix`: see RulePrefix. `rule`:
// "file;group;name".
void PlanRemoval(std::string_view prefix, const std::string& rule, const AlertTable& alerts,
                 const SignalMemory* signals, base::TimestampMs now, RemovalPlan& plan);

}  // namespace bellwether::rules
