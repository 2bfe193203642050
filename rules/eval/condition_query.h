// rules/eval/condition_query.h
//
// An expression as a condition: which of its series are true, false or unknown, with their values.
//
// Where the outermost operation is a comparison, `left OP right` is taken as `left OP bool right`: a pair that does not
// compare is false, not absent, and NaN on either side is unknown. Against a scalar that costs the query of the vector,
// and the comparison is made here. Between two vectors PromQL's matching decides what pairs up, and `bool` cannot tell
// NaN from false; so `<=` and `>=` are both asked, of which a pair of numbers has at least one, and the comparison as
// written for the values of what is true. Of any other expression a sample is true.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/eval/evaluation_cost.h"
#include "rules/file/condition_spec.h"
#include "rules/state/truth.h"
#include "storage/storage.h"

namespace bellwether::rules {

struct ConditionSample {
  metric::Labels labels;                                    // Without the metric's name.
  double value = std::numeric_limits<double>::quiet_NaN();  // Of the vector; NaN where it is not known.
  Truth truth = Truth::kUnknown;
};

// Belongs to one thread at a time.
class ConditionQuery {
 public:
  explicit ConditionQuery(ExprSpec spec);

  // What a series that does not come is: unknown for a comparison, else false.
  [[nodiscard]] Truth absent() const { return comparison_ ? Truth::kUnknown : Truth::kFalse; }
  // Whether high values or low ones are the bad ones: which of an instance's series is the worst.
  [[nodiscard]] Side bad_side() const { return bad_side_; }

  // Errors: the engine's; kExecution where the result is no vector, or two series have equal labels but for the name.
  // `family`: of the queries of the rule's group.
  [[nodiscard]] base::Result<std::vector<ConditionSample>> Run(const promql::Engine& engine,
                                                               const promql::QueryFamily& family,
                                                               storage::Storage& storage, base::TimestampMs at,
                                                               const std::stop_token& stop, EvaluationCost& cost) const;

 private:
  struct Querier;
  struct Asked {
    promql::ExprPtr expr;
    mutable std::unique_ptr<promql::PreparedQuery> query = nullptr;  // From the first time on.
  };

  ExprSpec spec_;
  Asked whole_;
  std::optional<promql::BinaryOp> comparison_;  // The vector, if only one side is one, on its left.
  Asked vector_;                                // Against a scalar,
  Asked scalar_;
  Asked at_most_;   // or between vectors: left <= bool right,
  Asked at_least_;  // left >= bool right,
  Asked filter_;    // left OP right.
  Side bad_side_ = Side::kAbove;
};

// Samples by labels without the name; kExecution names the labels of two that collide.
[[nodiscard]] base::Result<std::vector<ConditionSample>> WithoutNames(promql::Vector samples);

}  // namespace bellwether::rules
