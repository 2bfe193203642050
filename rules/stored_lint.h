// rules/stored_lint.h
//
// What rules and stored data say of one another: advice beside that of rules/rule_lint.h, which needs no data.
//
//   metric-never-seen   a metric that has no sample in the time looked at, and that no rule records
//   label-never-seen    a matcher that no series of the metric satisfies, or all of them together do not
//   label-value-gone    series that matched are silent now, others of the metric go on
//   series-vanished     all series of the metric are silent
//   never-matches       both sides of a binary operation have series, and no label sets that match
//   never-fires         a condition that cannot hold: matchers that contradict one another, or a threshold beyond what
//                       the expression can be (a quantile above the last bucket, a count below zero)
//
// What stands below absent() or absent_over_time() is meant to be missing and is left alone.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "rules/rule_check.h"
#include "rules/rule_lint.h"
#include "rules/rule_text.h"
#include "storage/storage.h"

namespace bellwether::rules {

struct StoredLintOptions {
  base::TimestampMs now;
  base::DurationMs period = base::Days(7);      // Looked at before now.
  base::DurationMs silent = base::Minutes(10);  // A series without samples for so long is silent.
  RuleFileOptions file = {};
};

// What is to be said of the files, in their order. `engine` reads `storage`. Errors: the faults of the files, a line
// each (kInvalidArgument); those of the store. A query that fails says nothing of its rule.
[[nodiscard]] base::Result<std::vector<RuleFinding>> FindStoredFindings(storage::Storage& storage,
                                                                        const promql::Engine& engine,
                                                                        std::span<const RuleText> files,
                                                                        const StoredLintOptions& options);

}  // namespace bellwether::rules
