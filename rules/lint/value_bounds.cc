#include "rules/lint/value_bounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "promql/parser/function_signatures.h"

namespace bellwether::rules {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr ValueBounds kNotNegative{0, kInfinite};

// Functions by what is known of their values.
constexpr auto kNotNegativeFunctions = std::to_array<std::string_view>(
    {"rate", "irate", "increase", "resets", "changes", "abs", "stddev_over_time", "stdvar_over_time", "sqrt", "exp",
     "histogram_count", "histogram_stddev", "histogram_stdvar", "time", "timestamp"});
constexpr auto kCountFunctions = std::to_array<std::string_view>({"count_over_time"});
constexpr auto kOneFunctions = std::to_array<std::string_view>({"absent", "absent_over_time", "present_over_time"});
// Those whose values are among those of their argument, or between them.
constexpr auto kKeepingFunctions = std::to_array<std::string_view>(
    {"avg_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time", "sort", "sort_desc",
     "sort_by_label", "sort_by_label_desc", "label_replace", "label_join", "scalar", "vector"});

template <typename Names>
bool IsIn(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

double Times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

ValueBounds Product(const ValueBounds& a, const ValueBounds& b) {
  const std::array products = {Times(a.low, b.low), Times(a.low, b.high), Times(a.high, b.low), Times(a.high, b.high)};
  return {*std::min_element(products.begin(), products.end()), *std::max_element(products.begin(), products.end())};
}

class Bounder {
 public:
  explicit Bounder(const LastBucket& last_bucket) : last_bucket_(last_bucket) {}

  [[nodiscard]] ValueBounds Of(const promql::Expr& expr) const {
    using promql::ExprKind;
    switch (expr.kind) {
      case ExprKind::kNumber: {
        const double value = static_cast<const promql::NumberLiteral&>(expr).value;
        return std::isnan(value) ? ValueBounds{} : ValueBounds{value, value};
      }
      case ExprKind::kParen: return Of(*static_cast<const promql::Paren&>(expr).expr);
      case ExprKind::kUnary: {
        const auto& unary = static_cast<const promql::Unary&>(expr);
        const ValueBounds inner = Of(*unary.expr);
        return unary.negative ? ValueBounds{-inner.high, -inner.low} : inner;
      }
      case ExprKind::kSubquery: return Of(*static_cast<const promql::Subquery&>(expr).expr);
      case ExprKind::kAggregate: return OfAggregate(static_cast<const promql::Aggregate&>(expr));
      case ExprKind::kBinary: return OfBinary(static_cast<const promql::Binary&>(expr));
      case ExprKind::kCall: return OfCall(static_cast<const promql::Call&>(expr));
      case ExprKind::kString:
      case ExprKind::kVectorSelector:
      case ExprKind::kMatrixSelector:
      case ExprKind::kDuration: return {};
    }
    return {};
  }

 private:
  [[nodiscard]] ValueBounds OfAggregate(const promql::Aggregate& aggregate) const {
    using promql::AggregateOp;
    const ValueBounds inner = Of(*aggregate.expr);
    switch (aggregate.op) {
      case AggregateOp::kCount:
      case AggregateOp::kCountValues: return {1, kInfinite};
      case AggregateOp::kGroup: return {1, 1};
      case AggregateOp::kStddev:
      case AggregateOp::kStdvar: return kNotNegative;
      case AggregateOp::kSum:
        return {inner.low >= 0 ? inner.low : -kInfinite, inner.high <= 0 ? inner.high : kInfinite};
      case AggregateOp::kQuantile: return {};  // Of a share outside [0, 1] it is infinite.
      case AggregateOp::kAvg:
      case AggregateOp::kMin:
      case AggregateOp::kMax:
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk:
      case AggregateOp::kLimitk:
      case AggregateOp::kLimitRatio: return inner;
    }
    return {};
  }

  [[nodiscard]] ValueBounds OfBinary(const promql::Binary& binary) const {
    using promql::BinaryOp;
    const ValueBounds left = Of(*binary.lhs);
    const ValueBounds right = Of(*binary.rhs);
    if (promql::IsComparison(binary.op)) {
      if (binary.return_bool) return {0, 1};
      const bool keeps_right = promql::TypeOf(*binary.lhs) == promql::ValueType::kScalar;
      return keeps_right ? right : left;
    }
    switch (binary.op) {
      case BinaryOp::kAdd: return {left.low + right.low, left.high + right.high};
      case BinaryOp::kSub: return {left.low - right.high, left.high - right.low};
      case BinaryOp::kMul: return Product(left, right);
      case BinaryOp::kDiv:
        if (left.low >= 0 && right.low >= 0) return kNotNegative;
        return {};
      case BinaryOp::kAnd:
      case BinaryOp::kUnless: return left;
      case BinaryOp::kOr: return {std::min(left.low, right.low), std::max(left.high, right.high)};
      default: return {};
    }
  }

  [[nodiscard]] ValueBounds OfCall(const promql::Call& call) const {
    const std::string_view name = call.function->name;
    if (IsIn(kOneFunctions, name)) return {1, 1};
    if (IsIn(kCountFunctions, name)) return {1, kInfinite};
    if (IsIn(kNotNegativeFunctions, name)) return kNotNegative;
    if (IsIn(kKeepingFunctions, name)) return Of(*call.args[0]);
    if (name == "sum_over_time") {
      const ValueBounds inner = Of(*call.args[0]);
      return {inner.low >= 0 ? inner.low : -kInfinite, inner.high <= 0 ? inner.high : kInfinite};
    }
    if (name == "clamp_max" || name == "clamp_min" || name == "clamp") return Clamped(call);
    if (name != "histogram_quantile") return {};
    const ValueBounds share = Of(*call.args[0]);
    if (share.high > 1) return {};
    const auto last = last_bucket_(*call.args[1]);
    return {-kInfinite, last.value_or(kInfinite)};
  }

  [[nodiscard]] ValueBounds Clamped(const promql::Call& call) const {
    ValueBounds bounds = Of(*call.args[0]);
    const auto raise = [&](const promql::Expr& to) { bounds.low = std::max(bounds.low, Of(to).low); };
    const auto lower = [&](const promql::Expr& to) { bounds.high = std::min(bounds.high, Of(to).high); };
    if (call.function->name != "clamp_max") raise(*call.args[1]);
    if (call.function->name == "clamp_max") lower(*call.args[1]);
    if (call.function->name == "clamp") lower(*call.args[2]);
    return bounds;
  }

  const LastBucket& last_bucket_;
};

}  // namespace

ValueBounds BoundsOf(const promql::Expr& expr, const LastBucket& last_bucket) { return Bounder(last_bucket).Of(expr); }

bool CanHold(const ValueBounds& left, promql::BinaryOp op, const ValueBounds& right) {
  switch (op) {
    case promql::BinaryOp::kGreater: return left.high > right.low;
    case promql::BinaryOp::kGreaterEqual: return left.high >= right.low;
    case promql::BinaryOp::kLess: return left.low < right.high;
    case promql::BinaryOp::kLessEqual: return left.low <= right.high;
    case promql::BinaryOp::kEqual: return left.low <= right.high && right.low <= left.high;
    case promql::BinaryOp::kNotEqual: return !(left.low == left.high && left == right);
    default: return true;
  }
}

}  // namespace bellwether::rules
