#include "promql/functions/regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "promql/eval/kahan.h"

namespace bellwether::promql {
namespace {

struct Line {
  double slope = 0;
  double intercept = 0;  // The value at the time of origin.
};

Line LeastSquares(std::span<const base::TimestampMs> times, std::span<const double> values, base::TimestampMs origin) {
  const double first = values[0];
  if (std::all_of(values.begin() + 1, values.end(), [&](double v) { return v == first; })) {
    if (std::isinf(first)) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      return {nan, nan};
    }
    return {0, first};
  }
  KahanSum x_sum, y_sum, xy_sum, xx_sum;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = (times[i] - origin).seconds();
    x_sum.Add(x);
    y_sum.Add(values[i]);
    xy_sum.Add(x * values[i]);
    xx_sum.Add(x * x);
  }
  const auto n = static_cast<double>(values.size());
  const double covariance = xy_sum.Total() - x_sum.Total() * y_sum.Total() / n;
  const double variance = xx_sum.Total() - x_sum.Total() * x_sum.Total() / n;
  const double slope = covariance / variance;
  return {slope, y_sum.Total() / n - slope * x_sum.Total() / n};
}

// Windows with at least two floats; histograms beside floats are ignored with a note.
template <typename Evaluate>
base::Status TrendWindows(const RangeCall& call, const SeriesSamples& series, Row& out, Evaluate evaluate) {
  call.Windows(series, [&](const Window& w) {
    if (w.mixed()) call.Note(HistogramsIgnoredInRange(series.labels.Name(), call.position));
    if (w.floats() < 2) return;
    out.SetFloat(w.step, evaluate(w, std::span(series.floats.times).subspan(w.float_begin, w.floats()),
                                  std::span(series.floats.values).subspan(w.float_begin, w.floats())));
  });
  return base::OkStatus();
}

double SmoothTwice(std::span<const double> values, double smoothing, double trend) {
  double previous = 0;
  double level = values[0];
  double slope = values[1] - values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (i > 1) slope = trend * (level - previous) + (1 - trend) * slope;
    const double next = smoothing * values[i] + (1 - smoothing) * (level + slope);
    previous = level;
    level = next;
  }
  return level;
}

base::Status CheckFactor(std::string_view kind, std::string_view symbol, double factor) {
  if (factor > 0 && factor < 1) return base::OkStatus();
  return base::Execution(fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {:f}", kind, symbol, factor));
}

}  // namespace

base::Status DerivKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return TrendWindows(call, series, out, [](const Window&, auto times, auto values) {
    return LeastSquares(times, values, times[0]).slope;
  });
}

base::Status PredictLinearKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return TrendWindows(call, series, out, [&](const Window& w, auto times, auto values) {
    const Line line = LeastSquares(times, values, call.window.grid.At(w.step));
    return line.slope * call.scalars[0][w.step] + line.intercept;
  });
}

base::Status DoubleExponentialSmoothing(const RangeCall& call, const SeriesSamples& series, Row& out) {
  for (std::size_t step = 0; step < call.window.grid.count; ++step) {
    BW_RETURN_IF_ERROR(CheckFactor("smoothing", "sf", call.scalars[0][step]));
    BW_RETURN_IF_ERROR(CheckFactor("trend", "tf", call.scalars[1][step]));
  }
  return TrendWindows(call, series, out, [&](const Window& w, auto, auto values) {
    return SmoothTwice(values, call.scalars[0][w.step], call.scalars[1][w.step]);
  });
}

}  // namespace bellwether::promql
