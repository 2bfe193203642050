// Queries asked again and again against the same queries asked once, while series come, go, fall silent and are
// deleted.
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "metric/sample.h"
#include "promql/engine.h"
#include "promql/parser.h"
#include "storage/admin.h"
#include "storage/open.h"

namespace bellwether::promql {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

// One of each operator that remembers label sets, alone, nested, and with parts in common.
const char* const kQueries[] = {
    "c_total",
    "g > 40",
    "-g",
    "abs(g - 50)",
    "g > bool 40",
    "rate(c_total[5m])",
    "rate({__name__=~\"c_total|d_total\"}[5m])",
    "sum by (job) (rate(c_total[5m]))",
    "sum by (job) (rate(c_total[5m])) > 0.5",
    "sum without (zone) (rate(c_total[2m]))",
    "sum by (job) (rate(c_total{zone!=\"x\"}[5m])) / sum by (job) (rate(c_total[5m]))",
    "abs(g - avg_over_time(g[10m])) > 5",
    "g - ignoring (zone) group_left () sum without (zone) (g)",
    "g * on (job) group_left (team) info_of_job",
    "g + on (job, zone) d_total",
    "g and on (job) (d_total > 30)",
    "g unless d_total",
    "g or d_total",
    "topk by (job) (1, g)",
    "quantile by (zone) (0.5, g)",
    "bottomk(2, g)",
    "count_values(\"v\", round(g, 50))",
    "histogram_quantile(0.9, sum by (le, job) (rate(b_bucket[5m])))",
    "histogram_quantile(0.9, rate(b_bucket[5m]))",
    "max_over_time((sum by (job) (g))[5m:1m])",
    "absent(g{zone=\"nowhere\"})",
    "label_replace(g, \"copy\", \"$1\", \"job\", \"(.*)\")",
    "timestamp(g)",
    "g offset 3m",
    "last_over_time(g[20m]) - g",
    "count(h)",
    "histogram_count(h)",
    "sort_desc(sum by (job) (h_float))",
};

enum class Notes { kShown, kLeftOut };

std::string TextOf(const base::Result<QueryResult>& result, Notes notes = Notes::kShown) {
  if (!result.ok()) return result.status().ToString();
  std::string text;
  if (notes == Notes::kShown) {
    for (const std::string& note : result->annotations.warnings) text += note + "\n";
    for (const std::string& note : result->annotations.infos) text += note + "\n";
  }
  const auto* vector = std::get_if<Vector>(&result->value);
  if (vector == nullptr) return text + "no vector";
  for (const VectorSample& sample : *vector) {
    text += fmt::format("{} {} {}\n", sample.labels.ToString(), sample.value,
                        sample.histogram == nullptr ? "" : FormatHistogram(*sample.histogram));
  }
  return text;
}

class PreparedQueryTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      storage_ = storage::NewMemoryStorage({}, clock_, metrics_);
      return;
    }
    options_.path = testing::TempDir() + "prepared_query";
    std::filesystem::remove_all(options_.path);
    options_.sync = storage::SyncPolicy::kOff;
    options_.background_thread = false;
    options_.chunk_samples_max = 10;
    Open();
  }
  void TearDown() override {
    storage_.reset();
    if (GetParam()) std::filesystem::remove_all(options_.path);
  }

  void Open() {
    storage_.reset();
    auto opened = storage::OpenRocksStorage(options_, clock_, metrics_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    storage_ = std::move(opened->storage);
  }

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  void Append(storage::Appender& appender, const metric::Labels& labels, std::int64_t t, double value) {
    if (Below(8) == 0) return;
    const auto ref = appender.FindOrCreate(labels);
    ASSERT_TRUE(ref.ok());
    const double written = Below(25) == 0 ? metric::kStaleMarker : value;
    floats_.push_back({*ref, base::TimestampMs(t), written, {}});
  }

  void AppendAll(int step) {
    const std::int64_t now = clock_.Now().ms;
    const auto appender = storage_->NewAppender();
    floats_.clear();
    histograms_.clear();
    histogram_samples_.clear();
    for (const char* job : {"a", "b", "c"}) {
      if (*job == 'c' && step % 50 > 25) continue;
      Append(*appender, {{"__name__", "info_of_job"}, {"job", job}, {"team", step < 60 ? "red" : "blue"}}, now, 1);
      for (const char* zone : {"x", "y", "z"}) {
        const std::string run = *zone == 'z' ? std::to_string(step / 30) : "";
        const auto series = [&](const char* name, std::string_view bound = "") {
          return metric::Labels{{"__name__", name}, {"job", job}, {"le", bound}, {"run", run}, {"zone", zone}};
        };
        Append(*appender, series("g"), now, Below(100));
        Append(*appender, series("d_total"), now, Below(100));
        Append(*appender, series("c_total"), now - Below(500), step * 3 + Below(3));
        for (const char* bound : {"1", "5", "+Inf"}) Append(*appender, series("b_bucket", bound), now, step + Below(4));
        AppendHistogram(*appender, series("h"), now);
      }
    }
    appender->Append(floats_);
    appender->AppendHistograms(histogram_samples_);
    ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  }

  void AppendHistogram(storage::Appender& appender, const metric::Labels& labels, std::int64_t t) {
    if (Below(3) == 0) return;
    metric::NativeHistogram h;
    h.is_float = true;
    h.positive_spans = {{0, 2}};
    h.positive_buckets = {static_cast<double>(Below(4)), 2};
    h.count = h.positive_buckets[0] + 2;
    h.sum = 3;
    h.reset_hint = metric::CounterResetHint::kGauge;
    const auto ref = appender.FindOrCreate(labels);
    ASSERT_TRUE(ref.ok());
    histograms_.push_back(std::make_unique<metric::NativeHistogram>(std::move(h)));
    histogram_samples_.push_back({*ref, base::TimestampMs(t), histograms_.back().get(), {}});
  }

  std::mt19937_64 random_{20261107};
  base::SimulatedClock clock_{base::TimestampMs(kStart)};
  base::MetricsRegistry metrics_;
  storage::StorageOptions options_;
  std::unique_ptr<storage::Storage> storage_;
  // What the appender looks at until the commit.
  std::vector<storage::FloatSample> floats_;
  std::vector<std::unique_ptr<metric::NativeHistogram>> histograms_;
  std::vector<storage::HistogramSample> histogram_samples_;
};

TEST_P(PreparedQueryTest, AnswersAsOneAskedOnce) {
  EngineOptions delayed;
  delayed.delayed_name_removal = true;
  const Engine engines[] = {Engine({}, clock_, metrics_), Engine(delayed, clock_, metrics_)};
  std::vector<std::vector<std::unique_ptr<PreparedQuery>>> prepared(2);
  std::vector<ExprPtr> exprs;
  for (const char* query : kQueries) {
    const auto expr = Parse(query, ParserOptions());
    ASSERT_TRUE(expr.ok()) << query << ": " << expr.status().ToString();
    exprs.push_back(*expr);
    for (std::size_t e = 0; e < 2; ++e) prepared[e].push_back(engines[e].Prepare(*expr, query));
  }
  for (int step = 0; step < 160; ++step) {
    ASSERT_NO_FATAL_FAILURE(AppendAll(step));
    if (step % 37 == 36 && storage_->admin() != nullptr) {
      const std::vector<std::vector<metric::Matcher>> deleted = {{metric::Matcher::Equal("job", "a")}};
      const base::TimestampMs now = clock_.Now();
      ASSERT_TRUE(storage_->admin()->DeleteSeries(now - base::Minutes(4), now - base::Minutes(1), deleted).ok());
    }
    if (GetParam() && step % 53 == 52) Open();
    const base::TimestampMs at = clock_.Now() + base::Seconds(Below(4));
    for (std::size_t q = 0; q < exprs.size(); ++q) {
      for (std::size_t e = 0; e < 2; ++e) {
        ASSERT_EQ(TextOf(engines[e].Instant(*storage_, *prepared[e][q], at)),
                  TextOf(engines[e].Instant(*storage_, exprs[q], kQueries[q], at)))
            << kQueries[q] << " at step " << step << ", engine " << e;
      }
    }
    clock_.Set(clock_.Now() + base::Seconds(step % 41 == 40 ? 400 : 15));
    ASSERT_TRUE(storage_->Maintain().ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, PreparedQueryTest, testing::Bool(),
                         [](const auto& store) { return store.param ? "Rocks" : "Memory"; });

// The queries of a family, each twice, with series written between them that some of them look at.
TEST_P(PreparedQueryTest, FamiliesAnswerAsEachQueryAlone) {
  const Engine engine({}, clock_, metrics_);
  const std::unique_ptr<QueryFamily> family = engine.NewFamily();
  std::vector<std::string> texts(std::begin(kQueries), std::end(kQueries));
  for (const char* text : {"sum(rec)", "sum(rec) > 3", "histogram_count(rate(h[5m]))", "max(rate(h[5m]))",
                           "sum(rec) + 1", "max_over_time(sum(rec)[1m:15s])"}) {
    texts.emplace_back(text);
  }
  const std::vector<std::string> once = texts;
  texts.insert(texts.end(), once.begin(), once.end());
  std::vector<ExprPtr> exprs;
  std::vector<std::unique_ptr<PreparedQuery>> prepared;
  for (const std::string& text : texts) {
    exprs.push_back(Parse(text, ParserOptions()).value());
    prepared.push_back(engine.Prepare(exprs.back(), text, family.get()));
  }
  std::uint64_t read_alone = 0;
  std::uint64_t read_together = 0;
  for (int step = 0; step < 40; ++step) {
    ASSERT_NO_FATAL_FAILURE(AppendAll(step));
    const base::TimestampMs at = clock_.Now();
    family->BeginTick();
    for (std::size_t q = 0; q < exprs.size(); ++q) {
      const auto together = engine.Instant(*storage_, *prepared[q], at);
      const auto alone = engine.Instant(*storage_, exprs[q], texts[q], at);
      ASSERT_EQ(TextOf(together, Notes::kLeftOut), TextOf(alone, Notes::kLeftOut)) << texts[q] << " at step " << step;
      if (alone.ok()) read_alone += alone->stats.samples_read;
      if (together.ok()) read_together += together->stats.samples_read;
      if (Below(9) == 0) {
        const auto appender = storage_->NewAppender();
        floats_.clear();
        Append(*appender, {{"__name__", "rec"}, {"n", std::to_string(Below(5))}}, at.ms, Below(9));
        appender->Append(floats_);
        ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
        family->NoteWritten("rec");
      }
    }
    clock_.Set(at + base::Seconds(15));
  }
  EXPECT_LT(read_together, read_alone * 3 / 4);
}

// What is kept between evaluations has a bound; beyond it queries cost more and answer the same.
TEST_P(PreparedQueryTest, KeepsNothingWithoutMemory) {
  EngineOptions options;
  options.kept_memory = std::make_shared<base::MemoryShare>(1, "no room");
  const Engine engine(options, clock_, metrics_);
  const char* query = "sum by (job) (rate(c_total[5m]))";
  const ExprPtr expr = Parse(query, ParserOptions()).value();
  const std::unique_ptr<PreparedQuery> prepared = engine.Prepare(expr, query);
  for (int step = 0; step < 5; ++step) {
    ASSERT_NO_FATAL_FAILURE(AppendAll(step));
    const base::TimestampMs at = clock_.Now();
    ASSERT_EQ(TextOf(engine.Instant(*storage_, *prepared, at)), TextOf(engine.Instant(*storage_, expr, query, at)));
    clock_.Set(at + base::Seconds(15));
  }
  EXPECT_GT(options.kept_memory->refusals(), 0u);
  EXPECT_EQ(options.kept_memory->used(), 0u);
}

}  // namespace
}  // namespace bellwether::promql
