#include "rules/eval/condition_query.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>

#include "rules/eval/rule_sample.h"
#include "rules/file/condition_text.h"

namespace bellwether::rules {
namespace {

bool Compare(double a, promql::BinaryOp op, double b) {
  using enum promql::BinaryOp;
  switch (op) {
    case kEqual: return a == b;
    case kNotEqual: return a != b;
    case kLess: return a < b;
    case kLessEqual: return a <= b;
    case kGreater: return a > b;
    case kGreaterEqual: return a >= b;
    default: return false;
  }
}

promql::ExprPtr WithOperator(const promql::Binary& comparison, promql::BinaryOp op, bool return_bool) {
  auto copy = std::make_shared<promql::Binary>(comparison);
  copy->op = op;
  copy->return_bool = return_bool;
  return copy;
}

// Of two numbers of which it is known whether the first is at most and at least the second.
Truth FromOrder(promql::BinaryOp op, bool at_most, bool at_least) {
  if (!at_most && !at_least) return Truth::kUnknown;
  const double order = at_most && at_least ? 0 : at_most ? -1 : 1;
  return TruthOf(Compare(order, op, 0));
}

}  // namespace

// One evaluation.
struct ConditionQuery::Querier {
  const promql::Engine& engine;
  const promql::QueryFamily& family;
  storage::Storage& storage;
  const std::string& text;
  base::TimestampMs at;
  std::stop_token stop;
  EvaluationCost& cost;

  base::Result<promql::Vector> Vector(const Asked& asked) const {
    if (asked.query == nullptr) asked.query = engine.Prepare(asked.expr, text, &family);
    return QueryForRule(engine, storage, *asked.query, at, stop, cost);
  }

  base::Result<std::vector<ConditionSample>> Samples(const Asked& asked) const {
    BW_ASSIGN_OR_RETURN(promql::Vector vector, Vector(asked));
    return WithoutNames(std::move(vector));
  }

  base::Result<std::map<metric::Labels, double>> Values(const Asked& asked) const {
    BW_ASSIGN_OR_RETURN(std::vector<ConditionSample> samples, Samples(asked));
    std::map<metric::Labels, double> values;
    for (ConditionSample& sample : samples) values.emplace(std::move(sample.labels), sample.value);
    return values;
  }
};

ConditionQuery::ConditionQuery(ExprSpec spec) : spec_(std::move(spec)), whole_{spec_.expr} {
  const promql::Expr& outermost = promql::Unwrap(*spec_.expr);
  if (outermost.kind != promql::ExprKind::kBinary) return;
  const auto& binary = static_cast<const promql::Binary&>(outermost);
  if (!promql::IsComparison(binary.op)) return;
  comparison_ = binary.op;
  const bool left_is_scalar = promql::TypeOf(*binary.lhs) == promql::ValueType::kScalar;
  if (left_is_scalar || promql::TypeOf(*binary.rhs) == promql::ValueType::kScalar) {
    const bool mirrors = left_is_scalar && promql::TypeOf(*binary.rhs) != promql::ValueType::kScalar;
    if (mirrors) comparison_ = Mirrored(binary.op);
    vector_.expr = mirrors ? binary.rhs : binary.lhs;
    scalar_.expr = mirrors ? binary.lhs : binary.rhs;
  } else {
    at_most_.expr = WithOperator(binary, promql::BinaryOp::kLessEqual, true);
    at_least_.expr = WithOperator(binary, promql::BinaryOp::kGreaterEqual, true);
    filter_.expr = WithOperator(binary, binary.op, false);
  }
  if (*comparison_ == promql::BinaryOp::kLess || *comparison_ == promql::BinaryOp::kLessEqual) bad_side_ = Side::kBelow;
}

base::Result<std::vector<ConditionSample>> ConditionQuery::Run(const promql::Engine& engine,
                                                               const promql::QueryFamily& family,
                                                               storage::Storage& storage, base::TimestampMs at,
                                                               const std::stop_token& stop,
                                                               EvaluationCost& cost) const {
  const Querier querier{engine, family, storage, spec_.text, at, stop, cost};
  if (!comparison_) return querier.Samples(whole_);
  if (vector_.expr != nullptr) {
    BW_ASSIGN_OR_RETURN(const promql::Vector bound, querier.Vector(scalar_));
    BW_ASSIGN_OR_RETURN(std::vector<ConditionSample> samples, querier.Samples(vector_));
    const double right = bound.front().value;
    for (ConditionSample& sample : samples) {
      const bool known = !std::isnan(sample.value) && !std::isnan(right);
      sample.truth = known ? TruthOf(Compare(sample.value, *comparison_, right)) : Truth::kUnknown;
    }
    return samples;
  }
  BW_ASSIGN_OR_RETURN(std::vector<ConditionSample> samples, querier.Samples(at_most_));
  BW_ASSIGN_OR_RETURN(const auto at_least, querier.Values(at_least_));
  BW_ASSIGN_OR_RETURN(const auto values, querier.Values(filter_));
  for (ConditionSample& sample : samples) {
    const auto least = at_least.find(sample.labels);
    sample.truth = FromOrder(*comparison_, sample.value == 1, least != at_least.end() && least->second == 1);
    const auto value = values.find(sample.labels);
    sample.value = value == values.end() ? std::numeric_limits<double>::quiet_NaN() : value->second;
  }
  return samples;
}

base::Result<std::vector<ConditionSample>> WithoutNames(promql::Vector samples) {
  std::vector<ConditionSample> named;
  named.reserve(samples.size());
  std::unordered_set<metric::Labels, metric::LabelsHash> seen;
  for (promql::VectorSample& sample : samples) {
    metric::Labels labels = sample.labels.Name().empty()
                                ? std::move(sample.labels)
                                : metric::LabelsBuilder(sample.labels).Remove(metric::kMetricName).Build();
    if (!seen.insert(labels).second) {
      return base::Execution("two series of the result differ in the metric's name alone: " + labels.ToString());
    }
    const double value = sample.histogram ? std::numeric_limits<double>::quiet_NaN() : sample.value;
    named.push_back({std::move(labels), value, Truth::kTrue});
  }
  return named;
}

}  // namespace bellwether::rules
