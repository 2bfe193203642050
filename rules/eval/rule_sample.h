// rules/eval/rule_sample.h
//
// What a rule's expression yields, and the samples that recording rules and alerting rules make of it. Pure apart from
// the query.
#pragma once

#include <stop_token>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/eval/evaluation_cost.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_table.h"
#include "storage/storage.h"

namespace bellwether::rules {

// A sample that a rule writes; its time is that of the evaluation.
struct RuleSample {
  metric::Labels labels;
  double value = 0;
  promql::HistogramPtr histogram;  // If set, the sample is this histogram.
};

// Evaluates an expression at `at` and adds to `cost` what it read; a scalar becomes a sample without labels.
// Errors: the engine's, and kExecution where the result is no vector.
[[nodiscard]] base::Result<promql::Vector> QueryForRule(const promql::Engine& engine, storage::Storage& storage,
                                                        promql::PreparedQuery& query, base::TimestampMs at,
                                                        const std::stop_token& stop, EvaluationCost& cost);

// The samples that a recording rule makes of a result. `limit` 0: none.
// Errors: kExecution where two come out with one label set, kLimitExceeded.
[[nodiscard]] base::Result<std::vector<RuleSample>> RecordedSamples(const RuleSpec& rule, std::size_t limit,
                                                                    promql::Vector result);

// ALERTS and ALERTS_FOR_STATE of the pending and firing alerts of a rule.
[[nodiscard]] std::vector<RuleSample> AlertSamples(const AlertTable& alerts);

}  // namespace bellwether::rules
