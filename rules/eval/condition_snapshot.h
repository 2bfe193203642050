// rules/eval/condition_snapshot.h
//
// Rules with levels or signals, and their alerts, as the API shows them. Pure.
#pragma once

#include "rules/file/condition_spec.h"
#include "rules/rule_manager.h"
#include "rules/state/leveled_alert.h"

namespace bellwether::rules {

[[nodiscard]] ConditionSnapshot DescribeConditions(const ConditionSpec& spec);

// Fills in what an alert with levels has more.
void DescribeLeveled(const LeveledAlert& leveled, const Alert& alert, AlertSnapshot& snapshot);

}  // namespace bellwether::rules
