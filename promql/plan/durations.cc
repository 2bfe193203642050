#include "promql/plan/durations.h"

#include <cmath>

#include <fmt/format.h>

#include "promql/functions/math.h"

namespace bellwether::promql {
namespace {

base::Status DurationError(const Expr& expr, std::string_view what) {
  return base::InvalidArgument(fmt::format("{}:{}: {}", expr.position.start, expr.position.end, what));
}

base::Result<double> SecondsOf(const Expr& expr, const QuerySpan& span);

base::Result<double> ApplyDurationOp(const DurationExpr& expr, double a, double b) {
  using Op = DurationExpr::Op;
  switch (expr.op) {
    case Op::kAdd: return a + b;
    case Op::kSub: return a - b;
    case Op::kMul: return a * b;
    case Op::kDiv:
      if (b == 0) return DurationError(expr, "division by zero");
      return a / b;
    case Op::kMod:
      if (b == 0) return DurationError(expr, "modulo by zero");
      return std::fmod(a, b);
    case Op::kPow: return std::pow(a, b);
    case Op::kMaxOf: return MaxOf(a, b);
    case Op::kMinOf: return MinOf(a, b);
    case Op::kStep:
    case Op::kRange: break;  // Resolved by the caller.
  }
  return 0.0;
}

base::Result<double> SecondsOf(const Expr& expr, const QuerySpan& span) {
  if (expr.kind == ExprKind::kNumber) return static_cast<const NumberLiteral&>(expr).value;
  if (expr.kind == ExprKind::kParen) return SecondsOf(*static_cast<const Paren&>(expr).expr, span);
  const auto& duration = static_cast<const DurationExpr&>(expr);
  if (duration.op == DurationExpr::Op::kStep) return span.step.seconds();
  if (duration.op == DurationExpr::Op::kRange) return (span.end - span.start).seconds();
  double a = 0;  // Of a unary sign: 0 + b, 0 - b.
  double b = 0;
  if (duration.lhs != nullptr) {
    BW_ASSIGN_OR_RETURN(a, SecondsOf(*duration.lhs, span));
  }
  if (duration.rhs != nullptr) {
    BW_ASSIGN_OR_RETURN(b, SecondsOf(*duration.rhs, span));
  }
  return ApplyDurationOp(duration, a, b);
}

}  // namespace

base::Result<base::DurationMs> ResolveDuration(const Expr& expr, const QuerySpan& span, DurationRule rule) {
  constexpr double kSecondsMax = 9223372036.854775807;  // Prometheus keeps nanoseconds in an int64.
  BW_ASSIGN_OR_RETURN(const double seconds, SecondsOf(expr, span));
  if (!std::isfinite(seconds)) return DurationError(expr, "duration is NaN or infinite");
  if (rule == DurationRule::kPositive && seconds <= 0) return DurationError(expr, "duration must be greater than 0");
  if (std::fabs(seconds) > kSecondsMax) return DurationError(expr, "duration is out of range");
  return base::DurationMs(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace bellwether::promql
