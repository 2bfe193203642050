#include "promql/functions/detector_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "judge/adwin.h"
#include "judge/control_chart.h"
#include "judge/hddm.h"
#include "judge/moments.h"
#include "judge/page_hinkley.h"
#include "promql/functions/float_windows.h"
#include "promql/functions/season.h"

namespace bellwether::promql {
namespace {

// Fewer samples than these are no beginning to hold later ones against.
constexpr std::size_t kDetectorSamplesMin = 30;

constexpr double kPeriodSecondsEnd = 1e11;  // Three thousand years.

double Parameter(const RangeCall& call, std::size_t number, const Window& w) { return call.scalars[number][w.step]; }

// Whether a parameter is sound; told if not.
bool Check(const RangeCall& call, std::size_t number, double value, bool is_sound, std::string_view wanted) {
  if (!is_sound) {
    call.Note({Annotation::Kind::kWarning,
               fmt::format("parameter should be {}, got {}", wanted, base::FormatNumberG(value)),
               call.scalar_positions[number]});
  }
  return is_sound;
}

bool CheckDelta(const RangeCall& call, double delta, std::size_t number = 0) {
  return Check(call, number, delta, delta > 0 && delta < 1, "above 0 and below 1");
}

void NoteShort(const RangeCall& call, const SeriesSamples& series, const Window& w) {
  if (w.floats() >= kDetectorSamplesMin) return;
  call.Note({Annotation::Kind::kInfo,
             fmt::format("fewer than {} samples in a range for a change detector, metric name {}", kDetectorSamplesMin,
                         base::Quote(series.labels.Name())),
             call.position});
}

// The number of samples that bring an alarm; is_alarm(x).
template <typename IsAlarm>
double CountAlarms(std::span<const double> values, IsAlarm is_alarm) {
  return static_cast<double>(
      std::count_if(values.begin(), values.end(), [&](double x) { return !std::isnan(x) && is_alarm(x); }));
}

}  // namespace

base::Status CusumOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  constexpr double kUsualSlack = 0.5;
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const judge::Level level{.mean = Parameter(call, 0, w), .deviation = Parameter(call, 1, w)};
    const double slack = call.scalars.size() > 2 ? Parameter(call, 2, w) : kUsualSlack;
    if (!Check(call, 1, level.deviation, level.deviation > 0, "a standard deviation above 0")) return judge::kUnknown;
    judge::Cusum chart(level, {.slack = slack, .limit = std::numeric_limits<double>::infinity()});
    for (const double x : values) {
      if (!std::isnan(x)) chart.Add(x);
    }
    return std::max(chart.up(), chart.down());
  });
}

base::Status PageHinkleyOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const double lambda = Parameter(call, 1, w);
    if (!Check(call, 1, lambda, lambda > 0, "above 0")) return judge::kUnknown;
    NoteShort(call, series, w);
    judge::PageHinkley detector({.delta = Parameter(call, 0, w), .lambda = lambda});
    return CountAlarms(values, [&](double x) { return detector.Add(x); });
  });
}

base::Status AdwinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const double delta = Parameter(call, 0, w);
    if (!CheckDelta(call, delta)) return judge::kUnknown;
    NoteShort(call, series, w);
    judge::Adwin detector({.delta = delta});
    return CountAlarms(values, [&](double x) { return detector.Add(x); });
  });
}

base::Status HddmOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const double delta = Parameter(call, 0, w);
    if (!CheckDelta(call, delta)) return judge::kUnknown;
    NoteShort(call, series, w);
    judge::Hddm detector({.delta = delta, .warning_delta = delta});
    return CountAlarms(values, [&](double x) { return detector.Add(x) == judge::Hddm::Verdict::kDrift; });
  });
}

base::Status EwmaOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const double weight = Parameter(call, 0, w);
    if (!Check(call, 0, weight, weight > 0 && weight <= 1, "above 0 and at most 1")) return judge::kUnknown;
    double mean = judge::kUnknown;
    for (const double x : values) {
      if (!std::isnan(x)) mean = std::isnan(mean) ? x : (1 - weight) * mean + weight * x;
    }
    return mean;
  });
}

base::Status SkewnessOverTime(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out,
                      [](const Window&, std::span<const double> values) { return judge::SkewnessOf(values); });
}

base::Status SeasonalZscore(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return FloatWindows(call, series, out, [&](const Window& w, std::span<const double> values) {
    const double period_s = Parameter(call, 0, w);
    if (!Check(call, 0, period_s, period_s >= 0.001 && period_s < kPeriodSecondsEnd, "a period of seconds above 0"))
      return judge::kUnknown;
    const std::span times = std::span(series.floats.times).subspan(w.float_begin, w.floats());
    return SeasonalScoreOfLast(times, values,
                               base::DurationMs(static_cast<std::int64_t>(std::llround(period_s * 1000))));
  });
}

}  // namespace bellwether::promql
