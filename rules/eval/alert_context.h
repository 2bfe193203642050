// rules/eval/alert_context.h
//
// What an update says beyond the state of its alert: what the value is held against, how bad it was at worst, which
// levels the alert has had, which signals hold. Pure.
#pragma once

#include "metric/alert_update.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_table.h"

namespace bellwether::rules {

// Fills in condition, peak, levels and signals of an update about `entry`.
void DescribeAlert(const RuleSpec& spec, const AlertEntry& entry, metric::AlertUpdate& update);

}  // namespace bellwether::rules
