#include "promql/plan/step_invariance.h"

#include <algorithm>
#include <string_view>

#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

// Functions whose value depends on the evaluation time, whatever their arguments.
constexpr std::string_view kTimeDependent[] = {"baseline",    "days_in_month",  "day_of_month", "day_of_week",
                                               "day_of_year", "hour",           "minute",       "month",
                                               "year",        "predict_linear", "time",         "timestamp"};

bool IsTimeDependent(std::string_view name) {
  return std::find(std::begin(kTimeDependent), std::end(kTimeDependent), name) != std::end(kTimeDependent);
}

bool IsInvariantCall(const Call& call) {
  const bool args =
      std::all_of(call.args.begin(), call.args.end(), [](const ExprPtr& a) { return IsStepInvariant(*a); });
  if (!args) return false;
  // timestamp() of a pinned selector is the sample's own time.
  if (call.function->name == "timestamp") return Unwrap(*call.args[0]).kind == ExprKind::kVectorSelector;
  return !IsTimeDependent(call.function->name);
}

}  // namespace

bool IsStepInvariant(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString: return true;
    case ExprKind::kVectorSelector: return static_cast<const VectorSelector&>(expr).time.at.has_value();
    case ExprKind::kMatrixSelector: return static_cast<const MatrixSelector&>(expr).selector->time.at.has_value();
    case ExprKind::kSubquery: return static_cast<const Subquery&>(expr).time.at.has_value();
    case ExprKind::kAggregate: {
      const auto& aggregate = static_cast<const Aggregate&>(expr);
      return IsStepInvariant(*aggregate.expr) && (aggregate.param == nullptr || IsStepInvariant(*aggregate.param));
    }
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expr);
      return IsStepInvariant(*binary.lhs) && IsStepInvariant(*binary.rhs);
    }
    case ExprKind::kUnary: return IsStepInvariant(*static_cast<const Unary&>(expr).expr);
    case ExprKind::kParen: return IsStepInvariant(*static_cast<const Paren&>(expr).expr);
    case ExprKind::kCall: return IsInvariantCall(static_cast<const Call&>(expr));
    case ExprKind::kDuration: return true;
  }
  return false;
}

}  // namespace bellwether::promql
