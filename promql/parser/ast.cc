#include "promql/parser/ast.h"

#include "base/check.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {

std::string_view ValueTypeText(ValueType type) {
  switch (type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kVector: return "instant vector";
    case ValueType::kMatrix: return "range vector";
    case ValueType::kString: return "string";
  }
  return "";
}

std::string_view BinaryOpText(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd: return "+";
    case BinaryOp::kSub: return "-";
    case BinaryOp::kMul: return "*";
    case BinaryOp::kDiv: return "/";
    case BinaryOp::kMod: return "%";
    case BinaryOp::kPow: return "^";
    case BinaryOp::kAtan2: return "atan2";
    case BinaryOp::kEqual: return "==";
    case BinaryOp::kNotEqual: return "!=";
    case BinaryOp::kLess: return "<";
    case BinaryOp::kLessEqual: return "<=";
    case BinaryOp::kGreater: return ">";
    case BinaryOp::kGreaterEqual: return ">=";
    case BinaryOp::kTrimUpper: return "</";
    case BinaryOp::kTrimLower: return ">/";
    case BinaryOp::kAnd: return "and";
    case BinaryOp::kOr: return "or";
    case BinaryOp::kUnless: return "unless";
  }
  return "";
}

std::string_view AggregateOpText(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum: return "sum";
    case AggregateOp::kAvg: return "avg";
    case AggregateOp::kCount: return "count";
    case AggregateOp::kMin: return "min";
    case AggregateOp::kMax: return "max";
    case AggregateOp::kGroup: return "group";
    case AggregateOp::kStddev: return "stddev";
    case AggregateOp::kStdvar: return "stdvar";
    case AggregateOp::kTopk: return "topk";
    case AggregateOp::kBottomk: return "bottomk";
    case AggregateOp::kCountValues: return "count_values";
    case AggregateOp::kQuantile: return "quantile";
    case AggregateOp::kLimitk: return "limitk";
    case AggregateOp::kLimitRatio: return "limit_ratio";
  }
  return "";
}

ValueType TypeOf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kDuration: return ValueType::kScalar;
    case ExprKind::kString: return ValueType::kString;
    case ExprKind::kVectorSelector:
    case ExprKind::kAggregate: return ValueType::kVector;
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery: return ValueType::kMatrix;
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expr);
      const bool scalars = TypeOf(*binary.lhs) == ValueType::kScalar && TypeOf(*binary.rhs) == ValueType::kScalar;
      return scalars ? ValueType::kScalar : ValueType::kVector;
    }
    case ExprKind::kUnary: return TypeOf(*static_cast<const Unary&>(expr).expr);
    case ExprKind::kCall: return static_cast<const Call&>(expr).function->result;
    case ExprKind::kParen: return TypeOf(*static_cast<const Paren&>(expr).expr);
  }
  BW_CHECK(false);
}

void ForEachChild(const Expr& expr, const std::function<void(const Expr& child)>& visit) {
  const auto one = [&](const ExprPtr& child) {
    if (child != nullptr) visit(*child);
  };
  switch (expr.kind) {
    case ExprKind::kSubquery: one(static_cast<const Subquery&>(expr).expr); break;
    case ExprKind::kAggregate:
      one(static_cast<const Aggregate&>(expr).param);
      one(static_cast<const Aggregate&>(expr).expr);
      break;
    case ExprKind::kBinary:
      one(static_cast<const Binary&>(expr).lhs);
      one(static_cast<const Binary&>(expr).rhs);
      break;
    case ExprKind::kUnary: one(static_cast<const Unary&>(expr).expr); break;
    case ExprKind::kParen: one(static_cast<const Paren&>(expr).expr); break;
    case ExprKind::kCall:
      for (const ExprPtr& argument : static_cast<const Call&>(expr).args) one(argument);
      break;
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
    case ExprKind::kDuration: break;
  }
}

const Expr& Unwrap(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == ExprKind::kParen) at = static_cast<const Paren*>(at)->expr.get();
  return *at;
}

}  // namespace bellwether::promql
