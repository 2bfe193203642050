#include "rules/file/condition_text.h"

#include "base/number.h"

namespace bellwether::rules {
namespace {

std::optional<double> NumberOf(const promql::Expr& expr) {
  const promql::Expr& inner = promql::Unwrap(expr);
  if (inner.kind == promql::ExprKind::kNumber) return static_cast<const promql::NumberLiteral&>(inner).value;
  if (inner.kind != promql::ExprKind::kUnary) return std::nullopt;
  const auto& unary = static_cast<const promql::Unary&>(inner);
  const auto number = NumberOf(*unary.expr);
  if (!number) return std::nullopt;
  return unary.negative ? -*number : *number;
}

}  // namespace

promql::BinaryOp Mirrored(promql::BinaryOp op) {
  using enum promql::BinaryOp;
  switch (op) {
    case kLess: return kGreater;
    case kLessEqual: return kGreaterEqual;
    case kGreater: return kLess;
    case kGreaterEqual: return kLessEqual;
    default: return op;
  }
}

std::string ConditionText(const Threshold& threshold) {
  return (threshold.side == Side::kAbove ? "above " : "below ") + base::FormatNumberG(threshold.bound);
}

std::string NumberComparison::Text() const {
  return std::string(promql::BinaryOpText(op)) + " " + base::FormatNumberG(bound);
}

std::optional<Side> NumberComparison::BadSide() const {
  using enum promql::BinaryOp;
  if (op == kLess || op == kLessEqual) return Side::kBelow;
  if (op == kGreater || op == kGreaterEqual) return Side::kAbove;
  return std::nullopt;
}

std::optional<NumberComparison> FindNumberComparison(const promql::Expr& expr) {
  const promql::Expr& outermost = promql::Unwrap(expr);
  if (outermost.kind != promql::ExprKind::kBinary) return std::nullopt;
  const auto& binary = static_cast<const promql::Binary&>(outermost);
  if (!promql::IsComparison(binary.op)) return std::nullopt;
  if (const auto bound = NumberOf(*binary.rhs)) return NumberComparison{binary.op, *bound};
  if (const auto bound = NumberOf(*binary.lhs)) return NumberComparison{Mirrored(binary.op), *bound};
  return std::nullopt;
}

}  // namespace bellwether::rules
