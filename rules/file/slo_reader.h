// rules/file/slo_reader.h
//
// A service-level objective, written out as plain rules: what was good and what there was, recorded at each evaluation
// over the shortest burn window; from sums of these points the burn rate of every window, the events in it, and what is
// left of the error budget; and one composite alert over the burn rates.
//
// The budget is the share that may fail, 1 - objective. A burn rate of 1 spends it in exactly one period. A level holds
// where some pair of windows burns faster than its rate, over the long window, so that it matters, and over the short
// one, so that it still does. Rates without levels of one's own are those of Google's SRE workbook (chapter 5), scaled
// from its 30 days to the period.
//
// Why sums of recorded points: three days of raw counters, read at every evaluation for every window, cost what a
// dashboard may cost once; a point an evaluation costs the same for a window of any length.
#pragma once

#include <vector>

#include "rules/file/condition_reader.h"
#include "rules/file/rule_file.h"

namespace bellwether::rules {

// `rule`: the mapping with the key `slo`. Recording rules first, in the order in which they need one another, the alert
// last; nothing if there are faults.
[[nodiscard]] std::vector<RuleSpec> ReadSlo(const yaml::YamlNode& rule, const ConditionContext& context,
                                            yaml::FaultList& faults);

}  // namespace bellwether::rules
