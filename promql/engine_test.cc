#include "promql/engine.h"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/number.h"
#include "promql/explain.h"
#include "promql/parser.h"
#include "storage/open.h"

namespace bellwether::promql {
namespace {

// A store with series written as "name{labels}" and samples a step apart from 0; NaN marks a gap.
class EngineFixture : public testing::Test {
 protected:
  void Load(std::string_view metric, base::DurationMs step, const std::vector<double>& values) {
    const auto labels = ParseMetric(metric);
    ASSERT_TRUE(labels.ok()) << labels.status().ToString();
    const auto appender = storage_->NewAppender();
    const auto ref = appender->FindOrCreate(*labels);
    ASSERT_TRUE(ref.ok());
    std::vector<storage::FloatSample> samples;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      samples.push_back({*ref, base::TimestampMs(step.ms * static_cast<std::int64_t>(i)), values[i], {}});
    }
    appender->Append(samples);
    ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  }

  static std::string ValueText(const Value& value) {
    std::string out;
    if (const auto* scalar = std::get_if<Scalar>(&value)) return base::FormatNumber(scalar->value);
    if (const auto* text = std::get_if<String>(&value)) return '"' + text->value + '"';
    if (const auto* vector = std::get_if<Vector>(&value)) {
      for (const VectorSample& s : *vector) {
        out += (out.empty() ? "" : "; ") + s.labels.ToMetricString() + " " + base::FormatNumber(s.value);
      }
      return out;
    }
    for (const MatrixSeries& s : std::get<Matrix>(value)) {
      out += (out.empty() ? "" : "; ") + s.labels.ToMetricString();
      for (const FloatPoint& p : s.floats) {
        out += " " + base::FormatNumber(p.value) + "@" + base::FormatNumber(p.timestamp.seconds());
      }
    }
    return out;
  }

  std::string Instant(std::string_view query, base::TimestampMs at) {
    const auto result = engine_.Instant(*storage_, query, at);
    return result.ok() ? ValueText(result->value) : "error: " + result.status().message();
  }
  std::string Range(std::string_view query, base::TimestampMs start, base::TimestampMs end, base::DurationMs step) {
    const auto result = engine_.Range(*storage_, query, start, end, step);
    return result.ok() ? ValueText(result->value) : "error: " + result.status().message();
  }

  // "looked at/read" of the whole, and of each step.
  std::string Counts(std::string_view query, base::TimestampMs start, base::TimestampMs end, base::DurationMs step) {
    QueryOptions options;
    options.per_step_stats = true;
    const auto result = engine_.Range(*storage_, query, start, end, step, options);
    if (!result.ok()) return "error: " + result.status().message();
    const QueryStats& stats = result->stats;
    std::string text = fmt::format("{}/{}:", stats.total_queryable_samples, stats.samples_read);
    for (std::size_t i = 0; i < stats.queryable_by_step.size(); ++i) {
      text += fmt::format(" {}/{}@{}", stats.queryable_by_step[i].samples, stats.read_by_step[i].samples,
                          stats.read_by_step[i].timestamp.ms / 1000);
    }
    return text;
  }

  base::SimulatedClock clock_{base::TimestampMs(base::Hours(10).ms)};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ = storage::NewMemoryStorage({}, clock_, metrics_);
  Engine engine_{EngineOptions{.parser = {true, true, true}, .per_step_stats = true}, clock_, metrics_};
};

constexpr base::TimestampMs AtSeconds(std::int64_t s) { return base::TimestampMs(s * 1000); }

TEST_F(EngineFixture, ComputesLiterals) {
  EXPECT_EQ(Instant("1 + 2 * 3", AtSeconds(5)), "7");
  EXPECT_EQ(Instant("-2 ^ 2", AtSeconds(5)), "-4");
  EXPECT_EQ(Instant("time()", AtSeconds(5)), "5");
  EXPECT_EQ(Instant("\"text\"", AtSeconds(5)), "\"text\"");
  EXPECT_EQ(Range("time() * 2", AtSeconds(0), AtSeconds(20), base::Seconds(10)), "{} 0@0 20@10 40@20");
}

TEST_F(EngineFixture, SelectsTheNewestSampleWithinTheLookback) {
  Load("up{job=\"a\"}", base::Seconds(60), {1, 2, 3});
  EXPECT_EQ(Instant("up", AtSeconds(119)), "up{job=\"a\"} 2");
  EXPECT_EQ(Instant("up", AtSeconds(120 + 299)), "up{job=\"a\"} 3");
  EXPECT_EQ(Instant("up", AtSeconds(120 + 300)), "");  // Left-open.
  EXPECT_EQ(Instant("up offset 1m", AtSeconds(120)), "up{job=\"a\"} 2");
  EXPECT_EQ(Instant("up @ 60", AtSeconds(5000)), "up{job=\"a\"} 2");
  EXPECT_EQ(Instant("up[2m]", AtSeconds(120)), "up{job=\"a\"} 2@60 3@120");
  EXPECT_EQ(Range("up", AtSeconds(0), AtSeconds(120), base::Seconds(60)), "up{job=\"a\"} 1@0 2@60 3@120");
  EXPECT_EQ(Range("up @ end()", AtSeconds(0), AtSeconds(120), base::Seconds(60)), "up{job=\"a\"} 3@0 3@60 3@120");
}

TEST_F(EngineFixture, RatesAreExtrapolatedAndSeeResets) {
  Load("c_total", base::Seconds(10), {0, 10, 20, 30, 5, 15, 25});
  EXPECT_EQ(Instant("rate(c_total[1m])", AtSeconds(60)), "{} 0.9");
  EXPECT_EQ(Instant("increase(c_total[1m])", AtSeconds(60)), "{} 54");
  EXPECT_EQ(Instant("resets(c_total[1m])", AtSeconds(60)), "{} 1");
  EXPECT_EQ(Instant("irate(c_total[1m])", AtSeconds(60)), "{} 1");
}

TEST_F(EngineFixture, AggregatesByGroups) {
  Load("m{a=\"x\", b=\"1\"}", base::Seconds(60), {1, 2});
  Load("m{a=\"x\", b=\"2\"}", base::Seconds(60), {3, 4});
  Load("m{a=\"y\", b=\"1\"}", base::Seconds(60), {10, 20});
  EXPECT_EQ(Instant("sum(m)", AtSeconds(60)), "{} 26");
  EXPECT_EQ(Instant("sum by (a) (m)", AtSeconds(60)), "{a=\"x\"} 6; {a=\"y\"} 20");
  EXPECT_EQ(Instant("avg without (b) (m)", AtSeconds(60)), "{a=\"x\"} 3; {a=\"y\"} 20");
  EXPECT_EQ(Instant("count(m)", AtSeconds(60)), "{} 3");
  EXPECT_EQ(Instant("max(m) - min(m)", AtSeconds(60)), "{} 18");
  EXPECT_EQ(Instant("topk(1, m)", AtSeconds(60)), "m{a=\"y\", b=\"1\"} 20");
  EXPECT_EQ(Instant("bottomk(2, m)", AtSeconds(60)), "m{a=\"x\", b=\"1\"} 2; m{a=\"x\", b=\"2\"} 4");
  EXPECT_EQ(Instant("quantile(0.5, m)", AtSeconds(60)), "{} 4");
  EXPECT_EQ(Instant("stdvar by (a) (m)", AtSeconds(60)), "{a=\"x\"} 1; {a=\"y\"} 0");
  EXPECT_EQ(Instant("count_values(\"v\", m > 3)", AtSeconds(60)), "{v=\"4\"} 1; {v=\"20\"} 1");
  EXPECT_EQ(Range("sum(m)", AtSeconds(0), AtSeconds(60), base::Seconds(60)), "{} 14@0 26@60");
}

TEST_F(EngineFixture, MatchesVectors) {
  Load("e{i=\"1\", s=\"500\"}", base::Seconds(60), {2});
  Load("e{i=\"2\", s=\"500\"}", base::Seconds(60), {4});
  Load("t{i=\"1\", team=\"x\"}", base::Seconds(60), {10});
  Load("t{i=\"2\", team=\"y\"}", base::Seconds(60), {20});
  EXPECT_EQ(Instant("e / on (i) t", AtSeconds(0)), "{i=\"1\"} 0.2; {i=\"2\"} 0.2");
  EXPECT_EQ(Instant("e * on (i) group_left (team) t", AtSeconds(0)),
            "{i=\"1\", s=\"500\", team=\"x\"} 20; {i=\"2\", s=\"500\", team=\"y\"} 80");
  EXPECT_EQ(Instant("e > 3", AtSeconds(0)), "e{i=\"2\", s=\"500\"} 4");
  EXPECT_EQ(Instant("e > bool 3", AtSeconds(0)), "{i=\"1\", s=\"500\"} 0; {i=\"2\", s=\"500\"} 1");
  EXPECT_EQ(Instant("e and on (i) t{team=\"x\"}", AtSeconds(0)), "e{i=\"1\", s=\"500\"} 2");
  EXPECT_EQ(Instant("e unless on (i) t{team=\"x\"}", AtSeconds(0)), "e{i=\"2\", s=\"500\"} 4");
  EXPECT_EQ(Instant("count(e or t)", AtSeconds(0)), "{} 4");
  EXPECT_EQ(Instant("t + on () e", AtSeconds(0)),
            "error: found duplicate series for the match group {} on the right hand-side of the operation: "
            "[{__name__=\"e\", i=\"1\", s=\"500\"}, {__name__=\"e\", i=\"2\", s=\"500\"}];many-to-many matching not "
            "allowed: matching labels must be unique on one side");
}

TEST_F(EngineFixture, CountsSamplesByStep) {
  Load("m", base::Seconds(10), {0, 1, 2, 3, 4, 5, 6});
  const auto counts = [&](std::string_view query) {
    return Counts(query, AtSeconds(20), AtSeconds(60), base::Seconds(20));
  };
  EXPECT_EQ(counts("m + 1"), "3/3: 1/1@20 1/1@40 1/1@60");
  EXPECT_EQ(counts("m + m"), "6/6: 2/2@20 2/2@40 2/2@60");
  EXPECT_EQ(counts("rate(m[30s])"), "9/7: 3/3@20 3/2@40 3/2@60");
  // What lies between windows is not read.
  EXPECT_EQ(counts("rate(m[10s])"), "3/3: 1/1@20 1/1@40 1/1@60");
  // Each step looks at what is read once.
  EXPECT_EQ(counts("m @ 20"), "3/1: 1/1@20 1/0@40 1/0@60");
  EXPECT_EQ(counts("sum_over_time(m[30s] @ 40) + m"), "12/6: 4/4@20 4/1@40 4/1@60");
  // The windows of a subquery count as looked at, the samples below it as read where a window has their step.
  EXPECT_EQ(counts("sum_over_time(m[20s:10s])"), "6/6: 2/2@20 2/2@40 2/2@60");
  EXPECT_EQ(counts("sum_over_time(m[10s:10s])"), "3/3: 1/1@20 1/1@40 1/1@60");
}

TEST_F(EngineFixture, ExplainsWhatOperatorsTook) {
  Load("m{a=\"x\"}", base::Seconds(10), {0, 1, 2, 3, 4, 5, 6});
  Load("m{a=\"y\"}", base::Seconds(10), {0, 1, 2, 3, 4, 5, 6});
  Load("n", base::Seconds(10), {1});
  const auto explain = [&](std::string_view query, bool wanted = true) {
    QueryOptions options;
    options.explain = wanted;
    return engine_.Range(*storage_, query, AtSeconds(20), AtSeconds(60), base::Seconds(20), options);
  };
  const std::function<std::string(const PlanNode&)> text = [&](const PlanNode& node) {
    std::string inputs;
    for (const PlanNode& input : node.inputs) inputs += (inputs.empty() ? "" : "; ") + text(input);
    const std::string read =
        node.series_read == 0 ? "" : fmt::format(" read {} of {}", node.samples_read, node.series_read);
    return fmt::format("{} <{}> {}x{}{}{}", node.kind, node.expr, node.rows, node.steps, read,
                       inputs.empty() ? "" : " (" + inputs + ")");
  };
  const auto plan = [&](std::string_view query) {
    const auto result = explain(query);
    return result.ok() ? text(*result->plan) : result.status().message();
  };
  EXPECT_EQ(plan("sum by (a) (rate(m[30s]))"),
            "aggregation <sum by (a) (rate(m[30s]))> 2x3 (range function <rate(m[30s])> 2x3 "
            "(range selector <m[30s]> 2x3 read 14 of 2))");
  EXPECT_EQ(plan("((m)) + on () group_left () (n @ 0)"),
            "join <((m)) + on () group_left () (n @ 0)> 2x3 (selector <m> 2x3 read 14 of 2; "
            "once for all steps <n @ 0> 1x3 (selector <n @ 0> 1x1 read 1 of 1))");
  EXPECT_EQ(plan("-(max_over_time(m[20s:10s]))"),
            "negation <-(max_over_time(m[20s:10s]))> 2x3 (range function <max_over_time(m[20s:10s])> 2x3 "
            "(subquery <m[20s:10s]> 2x3 (selector <m> 2x6 read 14 of 2)))");
  EXPECT_EQ(plan("m{a=\"x\"} > scalar(n)"),
            "arithmetic <m{a=\"x\"} > scalar(n)> 1x3 (selector <m{a=\"x\"}> 1x3 read 7 of 1; "
            "function <scalar(n)> 1x3 (selector <n> 1x3 read 1 of 1))");
  EXPECT_EQ(plan("timestamp(m)"), "function <timestamp(m)> 2x3 (selector <m> 2x3 read 14 of 2)");
  const auto explained = explain("topk(1, m)");
  ASSERT_TRUE(explained.ok());
  EXPECT_GT(explained->plan->peak_bytes, 0u);
  EXPECT_EQ(explain("m", false)->plan, nullptr);
}

TEST_F(EngineFixture, EvaluatesSubqueries) {
  Load("m", base::Seconds(10), {0, 1, 2, 3, 4, 5, 6});
  EXPECT_EQ(Instant("sum_over_time(m[30s:10s])", AtSeconds(60)), "{} 15");
  EXPECT_EQ(Instant("max_over_time((m * 2)[1m:10s] offset 10s)", AtSeconds(60)), "{} 10");
  EXPECT_EQ(Instant("m[20s:10s]", AtSeconds(60)), "m 5@50 6@60");
}

TEST_F(EngineFixture, RefusesWhatCannotBeEvaluated) {
  Load("a{x=\"1\"}", base::Seconds(10), {1});
  Load("b{x=\"1\"}", base::Seconds(10), {1});
  EXPECT_EQ(Instant("abs({x=\"1\"})", AtSeconds(0)), "error: vector cannot contain metrics with the same labelset");
  EXPECT_EQ(Range("a[5m]", AtSeconds(0), AtSeconds(1), base::Seconds(1)),
            "error: invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
  EXPECT_EQ(Instant("sum(", AtSeconds(0)).substr(0, 6), "error:");
}

TEST_F(EngineFixture, AQueryIsBoundInBytes) {
  Load("m", base::Seconds(10), std::vector<double>(100, 1));
  base::MetricsRegistry metrics;
  const auto share = std::make_shared<base::MemoryShare>(1u << 20, "all queries");
  const Engine engine(EngineOptions{.query_bytes_max = 2'000, .memory = share}, clock_, metrics);
  // Few samples, and a row for many steps all the same.
  EXPECT_TRUE(engine.Range(*storage_, "m", AtSeconds(0), AtSeconds(10), base::Seconds(10)).ok());
  const auto result = engine.Range(*storage_, "m", AtSeconds(0), AtSeconds(100'000), base::Seconds(10));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), base::StatusCode::kExecution);
  EXPECT_THAT(result.status().message(), testing::HasSubstr("--storage.memory"));
  EXPECT_EQ(share->used(), 0u);
}

TEST_F(EngineFixture, QueriesShareABound) {
  Load("m", base::Seconds(10), std::vector<double>(100, 1));
  base::MetricsRegistry metrics;
  const auto share = std::make_shared<base::MemoryShare>(1u << 20, "all queries");
  const Engine engine(EngineOptions{.memory = share}, clock_, metrics);
  auto kept = engine.Range(*storage_, "m", AtSeconds(0), AtSeconds(1000), base::Seconds(10));
  ASSERT_TRUE(kept.ok());
  EXPECT_GT(share->used(), 100 * sizeof(FloatPoint));  // The result, as long as it lives.
  EXPECT_LT(share->used(), 200 * sizeof(FloatPoint));
  base::MemoryHold others(share);
  ASSERT_TRUE(others.Grow(share->max() - share->used()).ok());
  const auto refused = engine.Instant(*storage_, "m", AtSeconds(0));
  EXPECT_EQ(refused.status(), base::Unavailable("all queries"));
  others.ShrinkTo(0);
  EXPECT_TRUE(engine.Instant(*storage_, "m", AtSeconds(0)).ok());
  kept = base::Internal("gone");
  EXPECT_EQ(share->used(), 0u);
}

TEST_F(EngineFixture, KeepsToItsLimits) {
  Load("m", base::Seconds(10), std::vector<double>(100, 1));
  base::MetricsRegistry metrics;
  const Engine small(EngineOptions{.max_samples = 50}, clock_, metrics);
  const auto result = small.Range(*storage_, "sum_over_time(m[10m])", AtSeconds(0), AtSeconds(1000), base::Seconds(10));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(),
            "query processing would load too many samples into memory in query execution, more than "
            "--query.max-samples=50");

  std::stop_source stop;
  stop.request_stop();
  const auto cancelled = engine_.Instant(*storage_, "m", AtSeconds(0), {.cancel = stop.get_token()});
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.status().code(), base::StatusCode::kCancelled);
}

TEST_F(EngineFixture, NotesWhatMayBeWrong) {
  Load("gauge", base::Seconds(10), {1, 2, 3});
  const auto result = engine_.Instant(*storage_, "rate(gauge[1m])", AtSeconds(20));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->annotations.infos.size(), 1u);
  EXPECT_EQ(
      result->annotations.infos[0],
      "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"gauge\" (1:6)");
}

}  // namespace
}  // namespace bellwether::promql
