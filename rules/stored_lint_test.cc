#include "rules/stored_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "promql/parser.h"
#include "rules/lint/value_bounds.h"
#include "storage/open.h"

namespace bellwether::rules {
namespace {

using base::TimestampMs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoredLintTest : public testing::Test {
 protected:
  static constexpr TimestampMs kNow{1'800'000'000'000};

  StoredLintTest() {
    Send(R"(up{job="a"})", base::Minutes(1));
    Send(R"(up{job="b"})", base::Hours(5));
    Send(R"(silent{job="a"})", base::Hours(3));
    Send(R"(ancient{job="a"})", base::Days(9));
    Send(R"(latency_bucket{job="a",le="0.5"})", base::Minutes(1));
    Send(R"(latency_bucket{job="a",le="2"})", base::Minutes(1));
    Send(R"(latency_bucket{job="a",le="+Inf"})", base::Minutes(1));
    Send(R"(owner{service="a"})", base::Minutes(1));
  }

  void Send(std::string_view series, base::DurationMs ago) {
    clock_.Set(kNow - ago);
    const auto appender = storage_->NewAppender();
    const storage::FloatSample sample{*appender->FindOrCreate(*promql::ParseMetric(series)), kNow - ago, 1, {}};
    appender->Append(std::span(&sample, 1));
    ASSERT_EQ(appender->Commit(storage::Durability::kVisible)->floats, 1u);
    clock_.Set(kNow);
  }

  // "lint: text" of one alert with the expression.
  std::vector<std::string> Of(const std::string& expr) {
    return OfRules(fmt::format("  - {{alert: A, expr: '{}'}}\n", expr));
  }
  std::vector<std::string> OfRules(const std::string& rules) {
    const RuleText file{"r.yml", "groups:\n- name: g\n  rules:\n" + rules};
    StoredLintOptions options;
    options.now = kNow;
    const auto findings = FindStoredFindings(*storage_, engine_, std::span(&file, 1), options);
    EXPECT_TRUE(findings.ok()) << findings.status().message();
    std::vector<std::string> lines;
    for (const RuleFinding& finding : findings.ok() ? *findings : std::vector<RuleFinding>()) {
      EXPECT_EQ(finding.file, "r.yml");
      lines.push_back(finding.lint + ": " + finding.text);
    }
    return lines;
  }

  base::SimulatedClock clock_{kNow};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ = storage::NewMemoryStorage({}, clock_, metrics_);
  promql::Engine engine_{{}, clock_, metrics_};
};

TEST_F(StoredLintTest, WhatComesIsNotTold) {
  EXPECT_THAT(Of("up == 0"), IsEmpty());
  EXPECT_THAT(Of(R"(up{job="a"} == 0 and on (job) up{job=~"a|b"})"), IsEmpty());
  EXPECT_THAT(Of("absent(nothing) or absent_over_time(silent[5m])"), IsEmpty());
  EXPECT_THAT(Of("ALERTS"), IsEmpty());
}

TEST_F(StoredLintTest, MetricsThatNeverCame) {
  EXPECT_THAT(Of("rate(typo_total[5m]) > 1"),
              ElementsAre("metric-never-seen: no sample of typo_total came in the last 1w"));
  EXPECT_THAT(Of("ancient > 1"), ElementsAre(HasSubstr("metric-never-seen: no sample of ancient")));
  EXPECT_THAT(OfRules("  - {record: made, expr: up}\n  - {alert: A, expr: made > 1}\n"), IsEmpty());
}

TEST_F(StoredLintTest, LabelsThatNeverWere) {
  EXPECT_THAT(Of(R"(up{job="c"} == 0)"),
              ElementsAre(R"(label-never-seen: no series of up had job="c" in the last 1w; there are "a", "b")"));
  EXPECT_THAT(Of(R"(up{team="x"} == 0)"), ElementsAre(HasSubstr("; none has a label team")));
  EXPECT_THAT(Of(R"(latency_bucket{job="a",le="1"})"), ElementsAre(HasSubstr(R"(had le="1")")));
}

TEST_F(StoredLintTest, SeriesThatAreSilent) {
  EXPECT_THAT(Of(R"(up{job="b"} == 0)"), ElementsAre("label-value-gone: the last sample of up{job=\"b\"} came at "
                                                     "2027-01-15T03:00:00.000Z, other series of the metric go on"));
  EXPECT_THAT(Of("silent > 1"),
              ElementsAre("series-vanished: the last sample of silent came at 2027-01-15T05:00:00.000Z"));
}

TEST_F(StoredLintTest, SidesThatCannotMatch) {
  EXPECT_THAT(Of("up * owner"), ElementsAre(R"(never-matches: the sides of * have no label sets that match: )"
                                            R"({job="a"} on the left, {service="a"} on the right)"));
  EXPECT_THAT(Of("up * on () owner"), IsEmpty());
  EXPECT_THAT(Of("up unless owner"), IsEmpty());
}

TEST_F(StoredLintTest, ConditionsThatCannotHold) {
  EXPECT_THAT(Of(R"(up{job="a",job="b"})"), ElementsAre(HasSubstr("never-fires: up{job=\"a\",job=\"b\"}")));
  EXPECT_THAT(Of("histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m]))) > 2"),
              ElementsAre(HasSubstr("is at most 2")));
  EXPECT_THAT(Of("histogram_quantile(0.9, rate(latency_bucket[5m])) > 1.9"), IsEmpty());
  EXPECT_THAT(Of("count(up) < 1"),
              ElementsAre(HasSubstr("never-fires: count(up) < 1 never holds: count(up) is at least 1")));
  EXPECT_THAT(
      OfRules(
          "  - {alert: A, expr: up > bool 0, levels: [{severity: info, above: 0.5}, {severity: page, above: 1}]}\n"),
      testing::Contains(HasSubstr("above: 1 is never reached")));
}

TEST(ValueBoundsTest, OfExpressions) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  struct Case {
    const char* expr;
    ValueBounds bounds;
  };
  for (const Case& c : std::vector<Case>{{"3", {3, 3}},
                                         {"-(2)", {-2, -2}},
                                         {"x", {-kInf, kInf}},
                                         {"rate(x[5m])", {0, kInf}},
                                         {"100 * rate(x[5m]) / rate(y[5m])", {0, kInf}},
                                         {"1 - (x > bool 2)", {0, 1}},
                                         {"-rate(x[5m])", {-kInf, 0}},
                                         {"sum(count by (a) (x))", {1, kInf}},
                                         {"sum(-rate(x[5m]))", {-kInf, 0}},
                                         {"clamp(x, 1, 5) + 1", {2, 6}},
                                         {"clamp_max(rate(x[5m]), 7)", {0, 7}},
                                         {"max_over_time((x > bool 1)[5m:1m])", {0, 1}},
                                         {"absent(x) or clamp_min(y, 3)", {1, kInf}},
                                         {"histogram_quantile(0.5, x)", {-kInf, 8}},
                                         {"histogram_quantile(2, x)", {-kInf, kInf}},
                                         {"quantile(0.5, rate(x[5m]))", {-kInf, kInf}}}) {
    const auto expr = promql::Parse(c.expr);
    ASSERT_TRUE(expr.ok()) << c.expr;
    const ValueBounds got = BoundsOf(**expr, [](const promql::Expr&) { return std::optional(8.0); });
    EXPECT_EQ(got, c.bounds) << c.expr << ": " << got.low << " to " << got.high;
  }
}

}  // namespace
}  // namespace bellwether::rules
