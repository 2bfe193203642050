// Random expressions over random series, range queries of the engine against the naive evaluator at each step: gaps,
// stale markers, NaN, infinities, native histograms, irregular times, subqueries, offsets and pinned times.
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "promql/engine.h"
#include "promql/naive_evaluator_test.h"
#include "promql/parser.h"
#include "storage/open.h"

namespace bellwether::promql {
namespace {

constexpr std::int64_t kSpanMs = 3'600'000;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }
  std::string Pick(const std::vector<std::string>& texts) {
    return texts[static_cast<std::size_t>(Below(static_cast<int>(texts.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

metric::NativeHistogram RandomHistogram(Random& random) {
  metric::NativeHistogram h;
  h.is_float = true;
  h.positive_spans = {{random.Below(3) - 1, 2}, {1, 1}};
  for (int i = 0; i < 3; ++i) h.positive_buckets.push_back(1 + random.Below(8));
  h.zero_threshold = 0.001;
  h.reset_hint = metric::CounterResetHint::kGauge;
  for (const double count : h.positive_buckets) h.count += count;
  h.sum = random.Below(400) / 4.0;
  return h;
}

NaiveHistogram NaiveOf(const metric::NativeHistogram& h) {
  NaiveHistogram out{.count = h.count, .sum = h.sum, .buckets = {}};
  for (const HistogramBucket& bucket : BucketsOf(h)) out.buckets[bucket.upper] = bucket.count;
  return out;
}

double RandomValue(Random& random, const std::string& name, double before) {
  if (name == "c_total") return random.OneIn(25) ? random.Below(5) : before + random.Below(40) / 4.0;
  if (name == "odd" && random.OneIn(12)) {
    const double odd[] = {std::nan(""), INFINITY, -INFINITY, -0.0};
    return odd[random.Below(4)];
  }
  return (random.Below(801) - 400) / 4.0;
}

// Series of one name each, in the store and as lists.
class RandomData {
 public:
  explicit RandomData(Random& random) {
    const auto appender = storage_->NewAppender();
    for (const char* name : {"g", "c_total", "odd", "h"}) {
      for (const char* job : {"a", "b"}) {
        for (const char* zone : {"x", "y", ""}) {
          if (random.OneIn(6)) continue;
          AddSeries(random, name, job, zone, *appender);
        }
      }
    }
    EXPECT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  }

  storage::Storage& storage() { return *storage_; }
  [[nodiscard]] const std::vector<NaiveSeries>& series() const { return series_; }

 private:
  void AddSeries(Random& random, const std::string& name, const char* job, const char* zone,
                 storage::Appender& appender) {
    metric::LabelsBuilder labels;
    labels.Set("__name__", name);
    labels.Set("job", job);
    if (*zone != '\0') labels.Set("zone", zone);
    NaiveSeries series{labels.Build(), {}};
    const auto ref = appender.FindOrCreate(series.labels);
    ASSERT_TRUE(ref.ok());
    double value = 0;
    std::int64_t t = random.Below(30'000);
    while (t < kSpanMs) {
      NaiveSample sample{.time = base::TimestampMs(t), .value = 0, .histogram = {}, .is_stale = random.OneIn(30)};
      if (name == "h" && !sample.is_stale) {
        const metric::NativeHistogram h = RandomHistogram(random);
        const storage::HistogramSample stored[] = {{*ref, sample.time, &h, {}}};
        appender.AppendHistograms(stored);
        sample.histogram = NaiveOf(h);
      } else {
        value = RandomValue(random, name, value);
        sample.value = sample.is_stale ? metric::kStaleMarker : value;
        appender.Append(std::vector<storage::FloatSample>{{*ref, sample.time, sample.value, {}}});
      }
      series.samples.push_back(std::move(sample));
      t += random.OneIn(20) ? 60'000 * (1 + random.Below(9)) : 15'000 + (random.OneIn(3) ? random.Below(3'000) : 0);
    }
    series_.push_back(std::move(series));
  }

  base::SimulatedClock clock_{base::TimestampMs(kSpanMs)};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ = storage::NewMemoryStorage({}, clock_, metrics_);
  std::vector<NaiveSeries> series_;
};

// What the naive evaluator knows. Comparisons are with numbers that no exact result comes near to.
class RandomExpression {
 public:
  explicit RandomExpression(Random& random) : random_(random) {}

  std::string Floats(int depth) {
    if (depth == 0) return Selector({"g", "odd", "c_total"}) + Modifiers();
    switch (random_.Below(9)) {
      case 0:
      case 1: return Windowed(depth);
      case 2:
        return fmt::format("{}{} ({})", random_.Pick({"sum", "avg", "min", "max", "count", "group", "stdvar"}),
                           Grouping(), Floats(depth - 1));
      case 3: return fmt::format("quantile{} ({}, {})", Grouping(), Quantile(), Floats(depth - 1));
      case 4: return fmt::format("({} {} {})", Floats(depth - 1), random_.Pick({"+", "-", "*", "/"}), Scalar());
      case 5:
        return fmt::format("({} {} {})", Floats(depth - 1), random_.Pick({">", "<", ">= bool", "<= bool"}),
                           random_.Pick({"0.7310585", "-13.0170001", "55.3300007"}));
      case 6: return Pair(depth);
      case 7:
        return fmt::format(fmt::runtime(random_.Pick({"abs({})", "-({})", "clamp({}, -5, 20)"})), Floats(depth - 1));
      default: return OfHistograms(depth);
    }
  }

  std::string Histograms(int depth) {
    if (depth == 0) return Selector({"h"}) + Modifiers();
    switch (random_.Below(4)) {
      case 0: return fmt::format("{}{} ({})", random_.Pick({"sum", "avg"}), Grouping(), Histograms(depth - 1));
      case 1:
        return fmt::format("({} {} {})", Histograms(depth - 1), random_.Pick({"*", "/"}),
                           random_.Pick({"2", "0.5", "-4"}));
      case 2:
        return fmt::format("{}_over_time({}[{}]{})", random_.Pick({"sum", "avg", "last"}), Selector({"h"}), Range(),
                           Modifiers());
      default:
        return fmt::format("({} {} {})", Selector({"h"}), random_.Pick({"and", "or", "unless"}), Selector({"h"}));
    }
  }

 private:
  std::string Selector(const std::vector<std::string>& names) {
    return random_.Pick(names) +
           random_.Pick({"", "", "{job=\"a\"}", "{zone!=\"x\"}", "{zone=\"\"}", "{job=~\"a|c\"}"});
  }
  std::string Modifiers() {
    return random_.Pick({"", "", "", " offset 3m", " offset -70s", " @ 2000", " @ 1234.5 offset 2m"});
  }
  std::string Range() { return random_.Pick({"45s", "2m", "5m10s", "20m"}); }
  std::string Quantile() { return random_.Pick({"0.25", "0.5", "0.9", "0", "1", "-0.5", "1.5"}); }
  std::string Scalar() {
    return random_.Pick({"2", "0.5", "-4", "time()", "scalar(sum(g))", "scalar(c_total{job=\"a\", zone=\"x\"})"});
  }
  std::string Grouping() {
    return random_.Pick({"", " by (job)", " by (zone)", " without (job)", " by (job, zone)", " by (none)"});
  }

  std::string Matrix(int depth) {
    if (!random_.OneIn(3)) return fmt::format("{}[{}]{}", Selector({"g", "odd", "c_total"}), Range(), Modifiers());
    return fmt::format("({})[{}:{}]{}", Floats(depth - 1), random_.Pick({"3m", "7m30s", "15m"}),
                       random_.Pick({"30s", "1m", "50s"}), random_.Pick({"", "", " offset 90s", " @ 1800"}));
  }

  std::string Windowed(int depth) {
    const std::string function = random_.Pick({"sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
                                               "count_over_time", "last_over_time", "stdvar_over_time", "changes",
                                               "resets", "idelta", "delta", "quantile_over_time"});
    if (random_.OneIn(3)) {
      return fmt::format("{}(c_total[{}]{})", random_.Pick({"rate", "increase", "irate", "resets"}), Range(),
                         Modifiers());
    }
    if (function == "quantile_over_time") return fmt::format("{}({}, {})", function, Quantile(), Matrix(depth));
    return fmt::format("{}({})", function, Matrix(depth));
  }

  std::string Pair(int depth) {
    const std::string on = random_.Pick({"", "", "on (job, zone) ", "ignoring (zone) ", "on (job) "});
    const std::string op = random_.Pick({"+", "-", "*", "/", "and", "or", "unless", "and", "unless"});
    return fmt::format("({} {} {}{})", Floats(depth - 1), op, on, Floats(depth - 1));
  }

  std::string OfHistograms(int depth) {
    return fmt::format("{}({})", random_.Pick({"histogram_count", "histogram_sum", "count", "group"}),
                       Histograms(depth - 1));
  }

  Random& random_;
};

bool Near(double expected, double got, double scale) {
  if (std::isnan(expected) || std::isnan(got)) return std::isnan(expected) && std::isnan(got);
  return expected == got || std::fabs(expected - got) <= 1e-12 * std::max(scale, std::fabs(expected));
}

bool NearHistogram(const NaiveHistogram& expected, const metric::NativeHistogram& got, double scale) {
  NaiveHistogram other = NaiveOf(got);
  if (!Near(expected.count, other.count, scale) || !Near(expected.sum, other.sum, scale)) return false;
  for (const auto& [bound, count] : expected.buckets) {
    if (!Near(count, other.buckets[bound], scale)) return false;
  }
  return other.buckets.size() <= expected.buckets.size();
}

struct Asked {
  std::string query;
  base::TimestampMs start;
  base::TimestampMs end;
  base::DurationMs step;
};

// What the engine says at a step, taken out of its matrix: fewer and fewer points remain.
void ExpectStep(const NaiveVector& expected, const Matrix& matrix, base::TimestampMs at, double scale) {
  std::size_t found = 0;
  for (const MatrixSeries& series : matrix) {
    const auto want = expected.find(series.labels.ToString());
    const auto is_at = [&](const auto& point) { return point.timestamp == at; };
    const auto f = std::find_if(series.floats.begin(), series.floats.end(), is_at);
    const auto h = std::find_if(series.histograms.begin(), series.histograms.end(), is_at);
    if (f == series.floats.end() && h == series.histograms.end()) continue;
    ++found;
    ASSERT_NE(want, expected.end()) << series.labels.ToString() << " at " << at.ms << " is too much";
    const NaiveSample& sample = want->second.samples[0];
    ASSERT_EQ(sample.histogram.has_value(), h != series.histograms.end())
        << series.labels.ToString() << " at " << at.ms;
    if (sample.histogram) {
      EXPECT_TRUE(NearHistogram(*sample.histogram, *h->histogram, scale))
          << series.labels.ToString() << " at " << at.ms << ": " << FormatHistogram(*h->histogram);
    } else {
      EXPECT_TRUE(Near(sample.value, f->value, scale))
          << series.labels.ToString() << " at " << at.ms << ": expected " << sample.value << ", got " << f->value;
    }
  }
  EXPECT_EQ(found, expected.size()) << "series at " << at.ms;
}

void ExpectSameAsNaive(const Engine& engine, RandomData& data, const Asked& asked) {
  SCOPED_TRACE(fmt::format("{} from {} to {} by {}", asked.query, asked.start.ms, asked.end.ms, asked.step.ms));
  const auto expr = Parse(asked.query);
  ASSERT_TRUE(expr.ok()) << expr.status().message();
  const auto got = engine.Range(data.storage(), asked.query, asked.start, asked.end, asked.step);
  NaiveEvaluator naive(data.series());
  std::vector<std::pair<base::TimestampMs, NaiveVector>> steps;
  for (base::TimestampMs t = asked.start; t <= asked.end; t = t + asked.step) {
    std::optional<NaiveVector> vector = naive.Vector(**expr, t);
    if (!vector) {
      EXPECT_FALSE(got.ok()) << "the definitions say an error at " << t.ms;
      return;
    }
    steps.emplace_back(t, std::move(*vector));
  }
  ASSERT_TRUE(got.ok()) << got.status().message();
  for (const auto& [t, vector] : steps) ExpectStep(vector, std::get<Matrix>(got->value), t, naive.scale());
}

TEST(Evaluator, AgreesWithTheDefinitionsAtEachStepOfRandomExpressions) {
  const char* from_environment = std::getenv("BW_TEST_SEED");
  const char* rounds_wanted = std::getenv("BW_RANDOM_ROUNDS");
  const std::uint64_t first = from_environment == nullptr ? 1 : std::strtoull(from_environment, nullptr, 10);
  const int rounds = rounds_wanted == nullptr ? 12 : std::atoi(rounds_wanted);
  base::SimulatedClock clock{base::TimestampMs(kSpanMs)};
  base::MetricsRegistry metrics;
  const Engine engine(EngineOptions{}, clock, metrics);
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(round);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    RandomData data(random);
    RandomExpression expressions(random);
    for (int i = 0; i < 40; ++i) {
      const int depth = 1 + random.Below(3);
      Asked asked{.query = random.OneIn(4) ? expressions.Histograms(depth) : expressions.Floats(depth),
                  .start = base::TimestampMs(600'000 + random.Below(60) * 5'000),
                  .end = {},
                  .step = base::Seconds(std::vector<int>{10, 37, 60, 300}[static_cast<std::size_t>(random.Below(4))])};
      asked.end = asked.start + base::DurationMs(asked.step.ms * random.Below(25));
      ExpectSameAsNaive(engine, data, asked);
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace bellwether::promql
