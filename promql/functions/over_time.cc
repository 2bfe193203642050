#include "promql/functions/over_time.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "promql/eval/kahan.h"
#include "promql/eval/quantile.h"
#include "promql/functions/float_windows.h"
#include "promql/functions/histogram_over_time.h"
#include "promql/functions/sliding.h"

namespace bellwether::promql {
namespace {

// The frame of sum and avg: floats by `slide`, histograms by `of_histograms`, both at once is noted and yields nothing.
template <typename Slide, typename OfHistograms>
base::Status SummingOverTime(const RangeCall& call, const SeriesSamples& series, Row& out, Slide slide,
                             OfHistograms of_histograms) {
  call.Windows(series, [&](const Window& w) {
    if (w.mixed()) {
      call.Note(MixedFloatsHistograms(series.labels.Name(), call.position));
    } else if (w.floats() > 0) {
      out.SetFloat(w.step, slide.At(w.float_begin, w.float_end));
    } else if (HistogramPtr h = of_histograms(call, series, w)) {
      out.SetHistogram(w.step, std::move(h));
    }
  });
  return base::OkStatus();
}

double VarianceOf(std::span<const double> values) {
  double count = 0;
  KahanSum mean, aux;
  for (const double x : values) {
    ++count;
    const double delta = x - mean.Total();
    mean.Add(delta / count);
    aux.Add(delta * (x - mean.Total()));
  }
  return aux.Total() / count;
}

double MedianDeviation(std::span<const double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<double> copy(values.begin(), values.end());
  const double median = Quantile(0.5, copy);
  for (double& v : copy) v = std::fabs(v - median);
  return Quantile(0.5, copy);
}

// The time of the last value that no later one beats.
template <typename Beats>
double TimeOfExtreme(const FloatColumn& floats, const Window& w, Beats beats) {
  std::size_t best = w.float_begin;
  for (std::size_t i = w.float_begin; i < w.float_end; ++i) {
    const double v = floats.values[best];
    if (std::isnan(v) || beats(floats.values[i], v)) best = i;
  }
  return floats.times[best].seconds();
}

void PutSample(const SeriesSamples& series, const Window& w, bool is_float, std::size_t index, Row& out) {
  if (is_float) {
    out.SetFloat(w.step, series.floats.values[index]);
  } else {
    out.SetHistogram(w.step, series.histograms.values[index]);
  }
}

// Whether the earliest (latest) sample of a window is a float; of equal times the histogram counts.
bool FirstIsFloat(const SeriesSamples& s, const Window& w) {
  return w.histograms() == 0 ||
         (w.floats() > 0 && s.floats.times[w.float_begin] < s.histograms.times[w.histogram_begin]);
}
bool LastIsFloat(const SeriesSamples& s, const Window& w) {
  return w.histograms() == 0 ||
         (w.floats() > 0 && s.histograms.times[w.histogram_end - 1] < s.floats.times[w.float_end - 1]);
}

}  // namespace

base::Status SumOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return SummingOverTime(call, series, out, SlidingSum(series.floats.values), SumOfHistograms);
}

base::Status AvgOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return SummingOverTime(call, series, out, SlidingMean(series.floats.values), MeanOfHistograms);
}

base::Status MinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  SlidingExtreme<std::less<>> sliding(series.floats.values);
  return FloatWindows(call, series, out, [&](const Window& w, auto) { return sliding.At(w.float_begin, w.float_end); });
}

base::Status MaxOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  SlidingExtreme<std::greater<>> sliding(series.floats.values);
  return FloatWindows(call, series, out, [&](const Window& w, auto) { return sliding.At(w.float_begin, w.float_end); });
}

base::Status CountOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series,
               [&](const Window& w) { out.SetFloat(w.step, static_cast<double>(w.floats() + w.histograms())); });
  return base::OkStatus();
}

base::Status PresentOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series, [&](const Window& w) { out.SetFloat(w.step, 1); });
  return base::OkStatus();
}

base::Status StddevOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [](const Window&, std::span<const double> values) { return std::sqrt(VarianceOf(values)); });
}

base::Status StdvarOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [](const Window&, std::span<const double> values) { return VarianceOf(values); });
}

base::Status QuantileOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  SlidingOrder sliding(series.floats.values);
  return FloatWindows(call, series, out, [&](const Window& w, auto) {
    const double q = call.scalars[0][w.step];
    if (!(q >= 0 && q <= 1)) call.Note(InvalidQuantile(q, call.scalar_positions[0]));
    sliding.MoveTo(w.float_begin, w.float_end);
    return QuantileOfOrdered(q, sliding);
  });
}

base::Status MadOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [](const Window&, std::span<const double> values) { return MedianDeviation(values); });
}

base::Status FirstOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series, [&](const Window& w) {
    const bool is_float = FirstIsFloat(series, w);
    PutSample(series, w, is_float, is_float ? w.float_begin : w.histogram_begin, out);
  });
  return base::OkStatus();
}

base::Status LastOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series, [&](const Window& w) {
    const bool is_float = LastIsFloat(series, w);
    PutSample(series, w, is_float, (is_float ? w.float_end : w.histogram_end) - 1, out);
  });
  return base::OkStatus();
}

base::Status TsOfFirstOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series, [&](const Window& w) {
    const bool is_float = FirstIsFloat(series, w);
    const base::TimestampMs t =
        is_float ? series.floats.times[w.float_begin] : series.histograms.times[w.histogram_begin];
    out.SetFloat(w.step, t.seconds());
  });
  return base::OkStatus();
}

base::Status TsOfLastOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  call.Windows(series, [&](const Window& w) {
    const bool is_float = LastIsFloat(series, w);
    const base::TimestampMs t =
        is_float ? series.floats.times[w.float_end - 1] : series.histograms.times[w.histogram_end - 1];
    out.SetFloat(w.step, t.seconds());
  });
  return base::OkStatus();
}

base::Status TsOfMinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [&](const Window& w, auto) { return TimeOfExtreme(series.floats, w, std::less_equal<>()); });
}

base::Status TsOfMaxOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [&](const Window& w, auto) { return TimeOfExtreme(series.floats, w, std::greater_equal<>()); });
}

}  // namespace bellwether::promql
