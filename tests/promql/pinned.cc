#include "tests/promql/pinned.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "promql/parser.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promqltest {
namespace {

using promql::ExprKind;
using promql::ExprPtr;

constexpr std::array<std::string_view, 15> kTimeDependent = {
    "days_in_month",  "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year",
    "predict_linear", "time",         "timestamp",   "start",       "end",  "range",  "step"};

class Pinner {
 public:
  explicit Pinner(base::TimestampMs at) : at_(at) {}

  [[nodiscard]] bool time_dependent() const { return time_dependent_; }

  ExprPtr Pin(const promql::Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNumber: return Copy<promql::NumberLiteral>(expr);
      case ExprKind::kString: return Copy<promql::StringLiteral>(expr);
      case ExprKind::kDuration: return Copy<promql::DurationExpr>(expr);
      case ExprKind::kVectorSelector: return PinSelector(static_cast<const promql::VectorSelector&>(expr));
      case ExprKind::kMatrixSelector: {
        auto copy = Copy<promql::MatrixSelector>(expr);
        copy->selector = PinSelector(*copy->selector);
        return copy;
      }
      case ExprKind::kSubquery: {
        // What is inside is bound by the subquery's own time and left alone.
        auto copy = Copy<promql::Subquery>(expr);
        PinModifiers(copy->time);
        return copy;
      }
      case ExprKind::kAggregate: {
        auto copy = Copy<promql::Aggregate>(expr);
        copy->expr = Pin(*copy->expr);
        if (copy->param != nullptr) copy->param = Pin(*copy->param);
        return copy;
      }
      case ExprKind::kBinary: {
        auto copy = Copy<promql::Binary>(expr);
        copy->lhs = Pin(*copy->lhs);
        copy->rhs = Pin(*copy->rhs);
        return copy;
      }
      case ExprKind::kUnary: {
        auto copy = Copy<promql::Unary>(expr);
        copy->expr = Pin(*copy->expr);
        return copy;
      }
      case ExprKind::kParen: {
        auto copy = Copy<promql::Paren>(expr);
        copy->expr = Pin(*copy->expr);
        return copy;
      }
      case ExprKind::kCall: {
        auto copy = Copy<promql::Call>(expr);
        const auto* const found = std::find(kTimeDependent.begin(), kTimeDependent.end(), copy->function->name);
        time_dependent_ = time_dependent_ || found != kTimeDependent.end();
        for (ExprPtr& arg : copy->args) arg = Pin(*arg);
        return copy;
      }
    }
    return nullptr;
  }

 private:
  template <typename T>
  static std::shared_ptr<T> Copy(const promql::Expr& expr) {
    return std::make_shared<T>(static_cast<const T&>(expr));
  }

  std::shared_ptr<promql::VectorSelector> PinSelector(const promql::VectorSelector& selector) {
    auto copy = std::make_shared<promql::VectorSelector>(selector);
    PinModifiers(copy->time);
    return copy;
  }

  void PinModifiers(promql::TimeModifiers& time) const {
    if (time.at && time.at->kind == promql::AtModifier::Kind::kTimestamp) return;
    time.at = promql::AtModifier{.kind = promql::AtModifier::Kind::kTimestamp, .timestamp = at_};
  }

  base::TimestampMs at_;
  bool time_dependent_ = false;
};

}  // namespace

std::optional<std::string> PinTimes(const promql::Expr& expr, base::TimestampMs at) {
  Pinner pinner(at);
  const ExprPtr pinned = pinner.Pin(expr);
  if (pinner.time_dependent()) return std::nullopt;
  return promql::Print(*pinned);
}

}  // namespace bellwether::promqltest
