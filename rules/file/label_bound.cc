#include "rules/file/label_bound.h"

#include <string_view>

#include "promql/parser/function_signatures.h"

namespace bellwether::rules {
namespace {

using LabelBound = std::optional<std::set<std::string>>;

LabelBound Union(const LabelBound& a, const LabelBound& b) {
  if (!a || !b) return std::nullopt;
  LabelBound both = a;
  both->insert(b->begin(), b->end());
  return both;
}

LabelBound OfMatch(const promql::Binary& binary) {
  const promql::VectorMatching& matching = *binary.matching;
  const bool one_side = matching.cardinality == promql::Cardinality::kOneToMany;
  LabelBound many = LabelsAtMost(one_side ? *binary.rhs : *binary.lhs);
  if (matching.cardinality == promql::Cardinality::kOneToOne) {
    if (matching.on) return std::set<std::string>(matching.labels.begin(), matching.labels.end());
    return many;
  }
  if (many) many->insert(matching.include.begin(), matching.include.end());
  return many;
}

LabelBound OfBinary(const promql::Binary& binary) {
  if (binary.op == promql::BinaryOp::kOr) return Union(LabelsAtMost(*binary.lhs), LabelsAtMost(*binary.rhs));
  if (promql::IsSetOp(binary.op)) return LabelsAtMost(*binary.lhs);
  if (binary.matching) return OfMatch(binary);
  return LabelsAtMost(promql::TypeOf(*binary.lhs) == promql::ValueType::kScalar ? *binary.rhs : *binary.lhs);
}

LabelBound OfAggregate(const promql::Aggregate& aggregate) {
  using enum promql::AggregateOp;
  if (aggregate.op == kTopk || aggregate.op == kBottomk || aggregate.op == kLimitk || aggregate.op == kLimitRatio) {
    return LabelsAtMost(*aggregate.expr);
  }
  if (aggregate.op == kCountValues) return std::nullopt;
  if (!aggregate.without) return std::set<std::string>(aggregate.grouping.begin(), aggregate.grouping.end());
  LabelBound inner = LabelsAtMost(*aggregate.expr);
  if (inner) {
    for (const std::string& name : aggregate.grouping) inner->erase(name);
  }
  return inner;
}

LabelBound OfCall(const promql::Call& call) {
  if (call.function->for_models) return std::nullopt;  // Some add labels: of a bound, a class, a baseline.
  const std::string_view name = call.function->name;
  for (const std::string_view adds : {"label_", "absent", "info", "histogram_quantiles"}) {
    if (name.starts_with(adds)) return std::nullopt;
  }
  for (const promql::ExprPtr& argument : call.args) {
    const promql::ValueType type = promql::TypeOf(*argument);
    if (type == promql::ValueType::kVector || type == promql::ValueType::kMatrix) return LabelsAtMost(*argument);
  }
  return std::set<std::string>();
}

}  // namespace

LabelBound LabelsAtMost(const promql::Expr& expr) {
  switch (expr.kind) {
    case promql::ExprKind::kNumber:
    case promql::ExprKind::kString:
    case promql::ExprKind::kDuration: return std::set<std::string>();
    case promql::ExprKind::kVectorSelector:
    case promql::ExprKind::kMatrixSelector: return std::nullopt;
    case promql::ExprKind::kSubquery: return LabelsAtMost(*static_cast<const promql::Subquery&>(expr).expr);
    case promql::ExprKind::kAggregate: return OfAggregate(static_cast<const promql::Aggregate&>(expr));
    case promql::ExprKind::kBinary: return OfBinary(static_cast<const promql::Binary&>(expr));
    case promql::ExprKind::kUnary: return LabelsAtMost(*static_cast<const promql::Unary&>(expr).expr);
    case promql::ExprKind::kCall: return OfCall(static_cast<const promql::Call&>(expr));
    case promql::ExprKind::kParen: return LabelsAtMost(*static_cast<const promql::Paren&>(expr).expr);
  }
  return std::nullopt;
}

}  // namespace bellwether::rules
