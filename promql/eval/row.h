// promql/eval/row.h
//
// What operators hand to each other: a row is one series on a grid, a column of cells with one label set. Cells are
// empty, a float or a native histogram. Rows of an operator share its grid; the order of rows is the order of the
// instant vector they make up.
//
// With delayed name removal a row whose name is to go keeps its labels and carries `drop_name`; the labels are removed
// when the whole query has been evaluated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "metric/histogram.h"
#include "metric/labels.h"
#include "promql/engine.h"

namespace bellwether::promql {

enum class Cell : std::uint8_t { kNone, kFloat, kHistogram };

struct Row {
  metric::Labels labels;
  bool drop_name = false;
  std::vector<Cell> cells;               // One a step.
  std::vector<double> values;            // As long as `cells`; meaningful where a cell is kFloat.
  std::vector<HistogramPtr> histograms;  // Empty, or as long as `cells`.

  Row() = default;
  explicit Row(std::size_t steps) { Reset(steps); }

  // All cells empty; buffers are kept.
  void Reset(std::size_t steps);

  void SetFloat(std::size_t step, double v) {
    cells[step] = Cell::kFloat;
    values[step] = v;
  }
  void SetHistogram(std::size_t step, HistogramPtr h);
  void Clear(std::size_t step) { cells[step] = Cell::kNone; }
  // Takes the cell of another row, value and kind.
  void Take(std::size_t step, const Row& from) { Take(step, from, step); }
  void Take(std::size_t step, const Row& from, std::size_t from_step);

  [[nodiscard]] std::size_t steps() const { return cells.size(); }
  [[nodiscard]] bool has_histograms() const { return !histograms.empty(); }
  [[nodiscard]] bool Present(std::size_t step) const { return cells[step] != Cell::kNone; }
  [[nodiscard]] bool AnyPresent() const;
};

using Rows = std::vector<Row>;

// A scalar at each step.
using ScalarColumn = std::vector<double>;

// What a row counts against max_samples: a float cell 1, a histogram by its size.
[[nodiscard]] std::size_t SamplesIn(const Row& row);
[[nodiscard]] std::size_t SamplesIn(const metric::NativeHistogram& h);
// What a row takes in memory; histograms count in each row that has them.
[[nodiscard]] std::uint64_t BytesOf(const Row& row);

}  // namespace bellwether::promql
