#include "promql/eval/binary_values.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "promql/eval/histogram_values.h"

namespace bellwether::promql {
namespace {

double (*ArithmeticOf(BinaryOp op))(double, double) {
  switch (op) {
    case BinaryOp::kAdd: return [](double a, double b) { return a + b; };
    case BinaryOp::kSub: return [](double a, double b) { return a - b; };
    case BinaryOp::kMul: return [](double a, double b) { return a * b; };
    case BinaryOp::kDiv: return [](double a, double b) { return a / b; };
    case BinaryOp::kMod: return [](double a, double b) { return std::fmod(a, b); };
    case BinaryOp::kPow: return [](double a, double b) { return std::pow(a, b); };
    case BinaryOp::kAtan2: return [](double a, double b) { return std::atan2(a, b); };
    default: return nullptr;
  }
}

bool (*ComparisonOf(BinaryOp op))(double, double) {
  switch (op) {
    case BinaryOp::kEqual: return [](double a, double b) { return a == b; };
    case BinaryOp::kNotEqual: return [](double a, double b) { return a != b; };
    case BinaryOp::kLess: return [](double a, double b) { return a < b; };
    case BinaryOp::kLessEqual: return [](double a, double b) { return a <= b; };
    case BinaryOp::kGreater: return [](double a, double b) { return a > b; };
    case BinaryOp::kGreaterEqual: return [](double a, double b) { return a >= b; };
    default: return nullptr;
  }
}

std::string_view TypeName(Cell kind) { return kind == Cell::kFloat ? "float" : "histogram"; }

CellResult HistogramResult(HistogramPtr h, bool keep = true) {
  CellResult result;
  result.defined = h != nullptr;
  result.keep = keep;
  result.is_histogram = true;
  result.histogram = std::move(h);
  return result;
}

}  // namespace

CellOperator::CellOperator(BinaryOp op, PositionRange position)
    : op_(op), position_(position), arithmetic_(ArithmeticOf(op)), comparison_(ComparisonOf(op)) {}

CellResult CellOperator::Apply(const CellView& a, const CellView& b, std::optional<Annotation>& note) const {
  if (a.kind == Cell::kFloat && b.kind == Cell::kFloat) {
    CellResult result;
    result.defined = ApplyFloats(a.value, b.value, result.value, result.keep);
    return result.defined ? result : Undefined(a.kind, b.kind, note);
  }
  if (a.kind == Cell::kHistogram && b.kind == Cell::kHistogram)
    return ApplyHistograms(*a.histogram, *b.histogram, note);
  return ApplyMixed(a, b, note);
}

CellResult CellOperator::ApplyMixed(const CellView& a, const CellView& b, std::optional<Annotation>& note) const {
  const bool histogram_left = a.kind == Cell::kHistogram;
  const metric::NativeHistogram& h = histogram_left ? **a.histogram : **b.histogram;
  const double x = histogram_left ? b.value : a.value;
  if (op_ == BinaryOp::kMul) return HistogramResult(ScaleHistogram(h, x));
  if (histogram_left && op_ == BinaryOp::kDiv) return HistogramResult(DivideHistogram(h, x));
  if (histogram_left && IsTrim(op_)) {
    const TrimSide side = op_ == BinaryOp::kTrimUpper ? TrimSide::kKeepBelow : TrimSide::kKeepAbove;
    return HistogramResult(TrimHistogram(h, x, side));
  }
  return Undefined(a.kind, b.kind, note);
}

CellResult CellOperator::ApplyHistograms(const HistogramPtr& a, const HistogramPtr& b,
                                         std::optional<Annotation>& note) const {
  if (op_ == BinaryOp::kEqual || op_ == BinaryOp::kNotEqual) {
    return HistogramResult(a, SameHistogram(*a, *b) == (op_ == BinaryOp::kEqual));
  }
  if (op_ != BinaryOp::kAdd && op_ != BinaryOp::kSub) return Undefined(Cell::kHistogram, Cell::kHistogram, note);
  const bool add = op_ == BinaryOp::kAdd;
  const std::string_view operation = add ? "addition" : "subtraction";
  HistogramOutcome outcome = add ? AddHistograms(*a, *b) : SubtractHistograms(*a, *b);
  if (outcome.value == nullptr) {
    note = IncompatibleBucketLayout(BinaryOpText(op_), position_);
    return {};
  }
  if (outcome.collision) {  // As upstream: the warning, and no element.
    note = CounterResetCollision(operation, position_);
    return {};
  }
  if (outcome.reconciled) note = MismatchedCustomBuckets(operation, position_);
  return HistogramResult(std::move(outcome.value));
}

CellResult CellOperator::Undefined(Cell a, Cell b, std::optional<Annotation>& note) const {
  note = IncompatibleTypes(TypeName(a), BinaryOpText(op_), TypeName(b), position_);
  return {};
}

}  // namespace bellwether::promql
