#include "promql/eval/results.h"

#include <algorithm>
#include <utility>

#include "promql/eval/interpolation.h"
#include "promql/eval/label_sets.h"
#include "promql/eval/windows.h"

namespace bellwether::promql {
namespace {

void SortByLabels(Matrix& matrix) {
  std::sort(matrix.begin(), matrix.end(),
            [](const MatrixSeries& a, const MatrixSeries& b) { return a.labels < b.labels; });
}

void AppendWindow(const SeriesSamples& s, const Window& w, MatrixSeries& out) {
  for (std::size_t i = w.float_begin; i < w.float_end; ++i) {
    out.floats.push_back({s.floats.times[i], s.floats.values[i]});
  }
  for (std::size_t i = w.histogram_begin; i < w.histogram_end; ++i) {
    out.histograms.push_back({s.histograms.times[i], s.histograms.values[i]});
  }
}

void AppendExtendedWindow(const FloatColumn& f, const Window& w, bool smoothed, MatrixSeries& out) {
  ExtendedBounds at;
  if (!FindExtendedBounds(f.times, w.float_begin, w.float_end, w, smoothed, at)) return;
  out.floats.push_back({w.start, LeftEnd(f, at, w, smoothed, false)});
  for (std::size_t i = at.first; i <= at.last; ++i) {
    if (f.times[i] > w.start && f.times[i] < w.end) out.floats.push_back({f.times[i], f.values[i]});
  }
  out.floats.push_back({w.end, RightEnd(f, at, w, smoothed, false)});
}

}  // namespace

std::uint64_t BytesOf(const MatrixSeries& series) {
  constexpr std::uint64_t kHeapOverhead = 3 * 16;
  std::uint64_t bytes = sizeof(series) + kHeapOverhead + series.labels.bytes().size() +
                        series.floats.capacity() * sizeof(FloatPoint) +
                        series.histograms.capacity() * sizeof(HistogramPoint);
  for (const HistogramPoint& point : series.histograms) bytes += 16 * SamplesIn(*point.histogram);
  return bytes;
}

std::uint64_t BytesOf(const Value& value) {
  std::uint64_t bytes = sizeof(value);
  if (const auto* vector = std::get_if<Vector>(&value)) {
    for (const VectorSample& sample : *vector) {
      bytes += sizeof(sample) + 16 + sample.labels.bytes().size();
      if (sample.histogram != nullptr) bytes += 16 * SamplesIn(*sample.histogram);
    }
  }
  if (const auto* matrix = std::get_if<Matrix>(&value)) {
    for (const MatrixSeries& series : *matrix) bytes += BytesOf(series);
  }
  return bytes;
}

std::uint64_t PointBytesOf(const Rows& rows) {
  std::uint64_t bytes = 0;
  for (const Row& row : rows) {
    const auto present = static_cast<std::uint64_t>(
        std::count_if(row.cells.begin(), row.cells.end(), [](Cell c) { return c != Cell::kNone; }));
    bytes += sizeof(MatrixSeries) + present * (row.has_histograms() ? sizeof(HistogramPoint) : sizeof(FloatPoint));
  }
  return bytes;
}

Vector ToVector(Rows rows, base::TimestampMs at) {
  Vector out;
  out.reserve(rows.size());
  for (Row& row : rows) {
    if (!row.Present(0)) continue;
    VectorSample& sample = out.emplace_back();
    sample.labels = std::move(row.labels);
    sample.timestamp = at;
    if (row.cells[0] == Cell::kHistogram) {
      sample.histogram = std::move(row.histograms[0]);
    } else {
      sample.value = row.values[0];
    }
  }
  return out;
}

Matrix ToMatrix(Rows rows, const Grid& grid) {
  Matrix out;
  out.reserve(rows.size());
  for (Row& row : rows) {
    MatrixSeries series;
    const auto floats = static_cast<std::size_t>(std::count(row.cells.begin(), row.cells.end(), Cell::kFloat));
    series.floats.reserve(floats);
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.cells[i] == Cell::kFloat) series.floats.push_back({grid.At(i), row.values[i]});
      if (row.cells[i] == Cell::kHistogram) series.histograms.push_back({grid.At(i), std::move(row.histograms[i])});
    }
    if (series.floats.empty() && series.histograms.empty()) continue;
    series.labels = std::move(row.labels);
    out.push_back(std::move(series));
  }
  SortByLabels(out);
  return out;
}

base::Result<Matrix> CollectRange(QueryContext& context, RangeOperator& range, const RangeResultSpec& spec) {
  Matrix out;
  BudgetHold hold(context.budget);
  const base::Status status = range.Run(context, [&](SeriesSamples& series) -> base::Status {
    MatrixSeries result;
    bool bad = false;
    const auto append = [&](const Window& w) {
      if (!spec.anchored && !spec.smoothed) {
        AppendWindow(series, w, result);
      } else if (w.histograms() > 0) {
        bad = true;
      } else {
        AppendExtendedWindow(series.floats, w, spec.smoothed, result);
      }
    };
    if (range.from_storage()) {
      WindowTally tally(*context.counts, series, WindowSource::kStorage);
      ForEachWindow(range.window(), series, tally, append);
    } else {
      ForEachWindow(range.window(), series, append);
    }
    if (bad) {
      return base::Execution(std::string(spec.anchored ? "anchored" : "smoothed") +
                             " modifier is not supported with histograms");
    }
    if (result.floats.empty() && result.histograms.empty()) return base::OkStatus();
    BW_RETURN_IF_ERROR(hold.Add(series.SampleCount(), BytesOf(result) + series.labels.bytes().size()));
    const bool nameless = series.drop_name && context.flags.delayed_name_removal;
    result.labels = nameless ? WithoutMetadata(series.labels) : std::move(series.labels);
    out.push_back(std::move(result));
    return base::OkStatus();
  });
  if (!status.ok()) return status;
  if (!range.from_storage()) context.counts->Add(0, context.counts->looked_in_subqueries(), 0);
  SortByLabels(out);
  const auto same = std::adjacent_find(
      out.begin(), out.end(), [](const MatrixSeries& a, const MatrixSeries& b) { return a.labels == b.labels; });
  if (same != out.end()) return SameLabelsetError();
  return out;
}

}  // namespace bellwether::promql
