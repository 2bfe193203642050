#include "promql/eval/row.h"

#include <algorithm>
#include <utility>

namespace bellwether::promql {

void Row::Reset(std::size_t steps) {
  labels = metric::Labels();
  drop_name = false;
  cells.assign(steps, Cell::kNone);
  values.resize(steps);
  histograms.clear();
}

void Row::SetHistogram(std::size_t step, HistogramPtr h) {
  if (histograms.empty()) histograms.resize(cells.size());
  cells[step] = Cell::kHistogram;
  histograms[step] = std::move(h);
}

void Row::Take(std::size_t step, const Row& from, std::size_t from_step) {
  switch (from.cells[from_step]) {
    case Cell::kNone: Clear(step); break;
    case Cell::kFloat: SetFloat(step, from.values[from_step]); break;
    case Cell::kHistogram: SetHistogram(step, from.histograms[from_step]); break;
  }
}

bool Row::AnyPresent() const {
  return std::any_of(cells.begin(), cells.end(), [](Cell c) { return c != Cell::kNone; });
}

std::size_t SamplesIn(const metric::NativeHistogram& h) {
  constexpr std::size_t kFixedBytes = 168;
  const std::size_t parts = h.positive_spans.size() + h.negative_spans.size() + h.positive_buckets.size() +
                            h.negative_buckets.size() + h.custom_values.size();
  return (kFixedBytes + 8 * parts + 8) / 16;
}

std::uint64_t BytesOf(const Row& row) {
  constexpr std::uint64_t kFixed = sizeof(Row) + 4 * 16 + 48;  // What the allocator adds; an entry in a hash map.
  std::uint64_t bytes = kFixed + row.labels.bytes().size() + row.cells.capacity() * sizeof(Cell) +
                        row.values.capacity() * sizeof(double) + row.histograms.capacity() * sizeof(HistogramPtr);
  for (const HistogramPtr& h : row.histograms) bytes += h == nullptr ? 0 : 16 * SamplesIn(*h);
  return bytes;
}

std::size_t SamplesIn(const Row& row) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i] == Cell::kFloat) ++n;
    if (row.cells[i] == Cell::kHistogram) n += SamplesIn(*row.histograms[i]);
  }
  return n;
}

}  // namespace bellwether::promql
