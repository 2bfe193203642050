// The window functions, which slide and prepare, against the plainest way of computing them: each window anew.
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "promql/functions/function_table.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

using TimesAndValues = std::vector<std::pair<base::TimestampMs, double>>;
using PlainFunction = std::function<double(const TimesAndValues&)>;

double PlainSum(const TimesAndValues& w) {
  long double sum = 0;
  for (const auto& [t, v] : w) sum += v;
  return static_cast<double>(sum);
}

double PlainExtreme(const TimesAndValues& w, bool greatest) {
  double best = std::nan("");
  for (const auto& [t, v] : w) {
    if (std::isnan(best) || (greatest ? v > best : v < best)) best = v;
  }
  return best;
}

double PlainVariance(const TimesAndValues& w) {
  const double mean = PlainSum(w) / static_cast<double>(w.size());
  long double squares = 0;
  for (const auto& [t, v] : w) squares += (v - mean) * (v - mean);
  return static_cast<double>(squares / static_cast<long double>(w.size()));
}

double PlainMedian(TimesAndValues w) {
  std::sort(w.begin(), w.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const std::size_t middle = w.size() / 2;
  return w.size() % 2 == 1 ? w[middle].second : (w[middle - 1].second + w[middle].second) / 2;
}

double PlainNeighbours(const TimesAndValues& w, bool drops_only) {
  double n = 0;
  for (std::size_t i = 1; i < w.size(); ++i)
    n += (drops_only ? w[i].second < w[i - 1].second : w[i].second != w[i - 1].second) ? 1 : 0;
  return n;
}

const std::vector<std::pair<std::string, PlainFunction>>& PlainFunctions() {
  static const std::vector<std::pair<std::string, PlainFunction>> functions = {
      {"sum_over_time", PlainSum},
      {"avg_over_time", [](const TimesAndValues& w) { return PlainSum(w) / static_cast<double>(w.size()); }},
      {"min_over_time", [](const TimesAndValues& w) { return PlainExtreme(w, false); }},
      {"max_over_time", [](const TimesAndValues& w) { return PlainExtreme(w, true); }},
      {"count_over_time", [](const TimesAndValues& w) { return static_cast<double>(w.size()); }},
      {"stdvar_over_time", PlainVariance},
      {"last_over_time", [](const TimesAndValues& w) { return w.back().second; }},
      {"first_over_time", [](const TimesAndValues& w) { return w.front().second; }},
      {"changes", [](const TimesAndValues& w) { return PlainNeighbours(w, false); }},
      {"resets", [](const TimesAndValues& w) { return PlainNeighbours(w, true); }},
  };
  return functions;
}

// Prometheus's extrapolated increase, computed from the samples of one window alone.
double PlainIncrease(const TimesAndValues& w, base::TimestampMs start, base::TimestampMs end) {
  double increase = w.back().second - w.front().second;
  for (std::size_t i = 1; i < w.size(); ++i) {
    if (w[i].second < w[i - 1].second) increase += w[i - 1].second;
  }
  const double sampled = (w.back().first - w.front().first).seconds();
  const double average = sampled / static_cast<double>(w.size() - 1);
  double to_start = (w.front().first - start).seconds();
  if (to_start >= average * 1.1) to_start = average / 2;
  if (increase > 0 && w.front().second >= 0) to_start = std::min(to_start, sampled * w.front().second / increase);
  double to_end = (end - w.back().first).seconds();
  if (to_end >= average * 1.1) to_end = average / 2;
  return increase * (sampled + to_start + to_end) / sampled;
}

struct Scenario {
  SeriesSamples series;
  WindowSpec window;
};

Scenario RandomScenario(std::mt19937_64& random) {
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  Scenario s;
  const std::int64_t samples = between(1, 400);
  std::int64_t t = between(-5000, 5000);
  double v = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    t += between(0, 9) == 0 ? between(1, 60'000) : between(1, 2'000);  // Gaps among regular samples.
    v = between(0, 7) == 0 ? static_cast<double>(between(0, 5)) : v + static_cast<double>(between(0, 3));
    s.series.floats.times.emplace_back(t);
    s.series.floats.values.push_back(v);
  }
  s.window.grid.start = base::TimestampMs(between(-10'000, 20'000));
  s.window.grid.step = base::DurationMs(between(1, 10'000));
  s.window.grid.count = static_cast<std::size_t>(between(1, 120));
  s.window.range = base::DurationMs(between(0, 2) == 0 ? between(1, 1'000) : between(1, 200'000));
  s.window.shift.offset = base::DurationMs(between(-5'000, 5'000));
  return s;
}

TimesAndValues WindowAt(const Scenario& s, std::size_t step) {
  TimesAndValues out;
  const base::TimestampMs end = s.window.EndAt(step);
  for (std::size_t i = 0; i < s.series.floats.size(); ++i) {
    const base::TimestampMs t = s.series.floats.times[i];
    if (t > end - s.window.range && t <= end) out.emplace_back(t, s.series.floats.values[i]);
  }
  return out;
}

Row RunKernel(const Scenario& s, std::string_view function, QueryContext& context) {
  const RangeCall call{.context = context,
                       .window = s.window,
                       .scalars = {ScalarColumn(s.window.grid.count, 0.5)},
                       .scalar_positions = {PositionRange{}},
                       .position = {}};
  Row row(s.window.grid.count);
  EXPECT_TRUE(FindRangeFunction(function)->kernel(call, s.series, row).ok());
  return row;
}

void ExpectCell(const Row& row, std::size_t step, std::optional<double> expected, std::string_view what) {
  ASSERT_EQ(row.Present(step), expected.has_value()) << what << " at step " << step;
  if (!expected) return;
  EXPECT_NEAR(row.values[step], *expected, 1e-9 * (1 + std::fabs(*expected))) << what << " at step " << step;
}

TEST(WindowFunctions, AgreeWithEachWindowAnew) {
  const base::SimulatedClock clock{base::TimestampMs()};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Scenario s = RandomScenario(random);
    QueryContext context(EngineOptions{}, clock);
    SampleCounts counts(s.window.grid.count, SampleCounts::Detail::kTotals);
    const CountingScope counting(context, counts);
    for (const auto& [name, plain] : PlainFunctions()) {
      const Row row = RunKernel(s, name, context);
      for (std::size_t step = 0; step < s.window.grid.count; ++step) {
        const TimesAndValues w = WindowAt(s, step);
        ExpectCell(row, step, w.empty() ? std::nullopt : std::optional(plain(w)), name);
      }
    }
    const Row increase = RunKernel(s, "increase", context);
    const Row median = RunKernel(s, "quantile_over_time", context);
    for (std::size_t step = 0; step < s.window.grid.count; ++step) {
      const TimesAndValues w = WindowAt(s, step);
      const base::TimestampMs end = s.window.EndAt(step);
      ExpectCell(increase, step,
                 w.size() < 2 ? std::nullopt : std::optional(PlainIncrease(w, end - s.window.range, end)), "increase");
      ExpectCell(median, step, w.empty() ? std::nullopt : std::optional(PlainMedian(w)), "quantile_over_time");
    }
  }
}

TEST(WindowFunctions, AreBoundToEveryName) {
  for (const FunctionSignature& signature : AllFunctions()) {
    const bool bound = FindRangeFunction(signature.name) != nullptr || FindVectorFunction(signature.name) != nullptr ||
                       FindScalarFunction(signature.name) != nullptr;
    EXPECT_TRUE(bound || signature.name == "info") << signature.name;  // info() is an operator of its own.
  }
}

}  // namespace
}  // namespace bellwether::promql
