// promql/eval/binary_values.h
//
// What a binary operator makes of two cells, floats or histograms, whoever matched them.
#pragma once

#include <optional>

#include "promql/engine.h"
#include "promql/eval/annotations.h"
#include "promql/eval/row.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// A cell by itself.
struct CellView {
  Cell kind = Cell::kNone;
  double value = 0;
  const HistogramPtr* histogram = nullptr;
};
[[nodiscard]] inline CellView ViewOf(const Row& row, std::size_t step) {
  const Cell kind = row.cells[step];
  return {kind, row.values[step], kind == Cell::kHistogram ? &row.histograms[step] : nullptr};
}
[[nodiscard]] inline CellView FloatView(double v) { return {Cell::kFloat, v, nullptr}; }

struct CellResult {
  bool defined = false;  // The operator knows these types (and layouts); otherwise there is no element.
  bool keep = true;      // A comparison holds; true for arithmetic.
  bool is_histogram = false;
  double value = 0;  // Of a comparison: the left operand.
  HistogramPtr histogram;
};

// A binary operator but for set operators. Thread-compatible, stateless.
class CellOperator {
 public:
  CellOperator(BinaryOp op, PositionRange position);

  // Both cells present. What is to be noted goes to `note` (an earlier note is overwritten).
  [[nodiscard]] CellResult Apply(const CellView& a, const CellView& b, std::optional<Annotation>& note) const;

  // Two floats, without any notes; for comparisons `keep` says whether it holds. False if not defined (trims).
  [[nodiscard]] bool ApplyFloats(double a, double b, double& value, bool& keep) const {
    keep = true;
    if (arithmetic_ != nullptr) {
      value = arithmetic_(a, b);
      return true;
    }
    if (comparison_ == nullptr) return false;
    value = a;
    keep = comparison_(a, b);
    return true;
  }

  [[nodiscard]] BinaryOp op() const { return op_; }
  [[nodiscard]] bool is_comparison() const { return comparison_ != nullptr; }
  // Arithmetic gives a series another meaning, so it loses its name; filters and trims do not.
  [[nodiscard]] bool drops_name() const { return arithmetic_ != nullptr; }

 private:
  CellResult ApplyMixed(const CellView& a, const CellView& b, std::optional<Annotation>& note) const;
  CellResult ApplyHistograms(const HistogramPtr& a, const HistogramPtr& b, std::optional<Annotation>& note) const;
  CellResult Undefined(Cell a, Cell b, std::optional<Annotation>& note) const;

  BinaryOp op_;
  PositionRange position_;
  double (*arithmetic_)(double, double) = nullptr;
  bool (*comparison_)(double, double) = nullptr;
};

}  // namespace bellwether::promql
