// A backtest writes the timeline that the live rules wrote when the same samples came to them one by one.
#include "rules/backtest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

using base::TimestampMs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Every kind of rule: chains of recorded series over groups and intervals, levels, signals, other alerts, objectives.
constexpr std::string_view kAllKinds = R"yaml(
groups:
- name: g
  rules:
  - {record: 'job:load:avg5m', expr: 'avg by (job) (avg_over_time(load[5m]))'}
  - {record: 'job:load:max20m', expr: 'max_over_time(job:load:avg5m[20m])'}
  - alert: High
    expr: job:load:avg5m > 0.6
    for: 3m
    keep_firing_for: 2m
    labels: {step: '{{ if gt $value 0.7 }}big{{ else }}small{{ end }}'}
    annotations: {top: '{{ with query "max(job:load:max20m)" }}{{ . | first | value }}{{ end }}'}
  - {alert: Long, expr: 'load > 0.35', for: 40m}
  - {alert: Gone, expr: 'absent_over_time(load{job="b"}[4m])'}
- name: slow
  interval: 5m
  rules:
  - {record: 'ratio', expr: 'sum(job:load:max20m) / count(load)'}
  - {alert: HighLasts, expr: 'ratio > 0.3 and on () ALERTS{alertname="High", alertstate="firing"}', for: 5m}
- name: levels
  interval: 30s
  rules:
  - alert: Leveled
    expr: load
    levels:
    - {severity: warning, above: 0.5, for: 2m, clear_below: 0.4}
    - {severity: critical, above: 0.7, for: 1m}
    - {severity: page, after: 10m}
    overrides:
    - {match: {job: a}, levels: [{severity: warning, above: 0.3, for: 2m}]}
  - alert: Composite
    match_on: [job]
    signals:
      high: {expr: 'job:load:avg5m > 0.5', for: 2m}
      slow: {expr: 'latency > 0.5'}
      other: {alert: Leveled}
    when: at_least(2, high, slow, other)
)yaml";

// "Alert {labels} 60 firing warning": what happened to alerts, times in seconds since `zero`.
std::vector<std::string> LivesAsLines(const std::vector<rules::AlertEpisode>& episodes, TimestampMs zero) {
  std::vector<std::string> lines;
  const auto add = [&](const rules::AlertEpisode& life, TimestampMs at, std::string_view what) {
    lines.push_back(fmt::format("{:06} {} {} {}", (at - zero).ms / 1000, life.alert, life.labels.ToString(), what));
  };
  for (const rules::AlertEpisode& life : episodes) {
    if (!life.fired_at || *life.fired_at != life.active_at) add(life, life.active_at, "pending");
    if (life.fired_at && life.levels.empty()) add(life, *life.fired_at, "firing");
    for (const auto& level : life.levels) add(life, level.at, "firing " + level.severity);
    if (life.ended_at) add(life, *life.ended_at, "ended: " + life.end_reason);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> HistoryAsLines(const rules::RuleManager& manager, TimestampMs zero) {
  std::vector<std::string> lines;
  const auto history = manager.History(TimestampMs::Min(), TimestampMs::Max());
  EXPECT_TRUE(history.ok());
  for (const rules::AlertTransition& change : *history) {
    const std::string name(change.labels.Get("alertname"));
    std::string what = change.to == rules::AlertState::kPending  ? "pending"
                       : change.to == rules::AlertState::kFiring ? "firing"
                                                                 : "ended: " + change.reason;
    metric::Labels labels = change.labels;
    if (name == "Leveled") {
      if (what == "firing") what += " " + std::string(labels.Get("severity"));
      labels = metric::LabelsBuilder(labels).Remove("severity").Build();
    }
    lines.push_back(fmt::format("{:06} {} {} {}", (change.at - zero).ms / 1000, name, labels.ToString(), what));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// A fleet whose load wanders, with gaps, for `hours`; every rule is evaluated on the way.
void Live(RuleWorld& world, std::uint32_t seed, int hours) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> step(-0.12, 0.12);
  std::map<std::string, double> values = {{R"(load{job="a",i="0"})", 0.4},
                                          {R"(load{job="a",i="1"})", 0.5},
                                          {R"(load{job="b",i="0"})", 0.5},
                                          {R"(latency{job="a"})", 0.5},
                                          {R"(latency{job="b"})", 0.4}};
  std::map<std::string, int> silent;  // For so many samples more.
  for (int i = 0; i < hours * 240; ++i) {
    world.clock.Advance(base::Seconds(15));
    for (auto& [series, value] : values) {
      value = std::clamp(value + step(random), 0.0, 1.0);
      if (silent[series] == 0 && random() % 200 == 0) silent[series] = static_cast<int>(random() % 60);
      if (silent[series] > 0) {
        --silent[series];
      } else {
        world.Send(series, value);
      }
    }
    world.manager->RunDue();
  }
}

class BacktestTimelineTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  rules::BacktestOptions Options(const RuleWorld& world, TimestampMs start) const {
    rules::BacktestOptions options;
    options.start = start;
    options.end = world.clock.Now();
    options.rules = world.options;
    return options;
  }
  static rules::BacktestReport Run(RuleWorld& world, std::string_view text, const rules::BacktestOptions& options) {
    const rules::RuleText file{"rules.yml", std::string(text)};
    auto report = rules::RunBacktest(*world.storage, std::span(&file, 1), options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? *std::move(report) : rules::BacktestReport();
  }
};

TEST_P(BacktestTimelineTest, IsTheLiveOne) {
  RuleWorld world;
  const TimestampMs zero = world.clock.Now();
  ASSERT_TRUE(world.Load(kAllKinds).ok());
  Live(world, GetParam(), 8);
  const std::vector<std::string> live = HistoryAsLines(*world.manager, zero);
  ASSERT_GT(live.size(), 50u);

  rules::BacktestOptions options = Options(world, zero);
  options.warm_up = base::DurationMs(0);  // The live rules had none either.
  const rules::BacktestReport report = Run(world, kAllKinds, options);
  EXPECT_EQ(LivesAsLines(report.episodes, zero), live);
  for (const rules::BacktestRule& rule : report.rules) EXPECT_EQ(rule.failures, 0u) << rule.name << rule.last_error;

  // However little of history is held at once, and on however many threads.
  options.history_samples_max = 100;
  options.threads = 3;
  EXPECT_EQ(Run(world, kAllKinds, options).episodes, report.episodes);
}

// A later start sees the same lives from there on, with their beginnings: that is what warming up is for.
TEST_P(BacktestTimelineTest, BeginsEarlyEnough) {
  RuleWorld world;
  const TimestampMs zero = world.clock.Now();
  ASSERT_TRUE(world.Load(kAllKinds).ok());
  Live(world, GetParam(), 8);
  const rules::BacktestReport whole = Run(world, kAllKinds, Options(world, zero));
  const TimestampMs start = zero + base::Hours(6);
  const rules::BacktestReport part = Run(world, kAllKinds, Options(world, start));
  EXPECT_GE(part.warm_up, base::Minutes(40));
  std::vector<rules::AlertEpisode> later;
  for (const rules::AlertEpisode& life : whole.episodes) {
    // Older ones than the warm-up are seen from where it begins.
    const bool began_within = life.active_at > start - part.warm_up + base::Minutes(5);
    if (began_within && (!life.ended_at || *life.ended_at >= start)) later.push_back(life);
  }
  ASSERT_THAT(later, testing::Not(IsEmpty()));
  for (const rules::AlertEpisode& life : later) EXPECT_THAT(part.episodes, testing::Contains(life)) << life.alert;
}

INSTANTIATE_TEST_SUITE_P(Seeds, BacktestTimelineTest, testing::Values(1u, 2u, 3u));

TEST(BacktestTest, AHoldOfADayIsSeenFromItsBeginning) {
  RuleWorld world;
  const TimestampMs zero = world.clock.Now();
  for (int i = 0; i < 2 * 24 * 60; ++i) {
    world.clock.Advance(base::Minutes(1));
    world.Send("up", i < 30 ? 1 : 0);
  }
  const rules::RuleText file{"r.yml", "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 1d}]}]"};
  rules::BacktestOptions options{.start = zero + base::Minutes(24 * 60 + 20), .end = world.clock.Now()};
  const auto report = rules::RunBacktest(*world.storage, std::span(&file, 1), options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->warm_up, base::Days(1) + base::Minutes(1));
  ASSERT_EQ(report->episodes.size(), 1u);
  const rules::AlertEpisode& life = report->episodes[0];
  EXPECT_FALSE(life.began_before);
  EXPECT_EQ(*life.fired_at - life.active_at, base::Days(1));
  EXPECT_GT(life.active_at, zero + base::Minutes(30));
  EXPECT_LE(life.active_at, zero + base::Minutes(32));
}

TEST(BacktestTest, WhatTheRulesRecordHidesWhatIsStored) {
  RuleWorld world;
  const TimestampMs zero = world.clock.Now();
  for (int i = 0; i < 30; ++i) {
    world.clock.Advance(base::Minutes(1));
    world.Send("x", 1);
    world.Send("recorded", 100);  // By an older version of the rule.
    world.Send("recorded_elsewhere", 7);
  }
  const rules::RuleText file{"r.yml", R"(
groups:
- name: g
  rules:
  - {record: recorded, expr: x * 2}
  - {alert: Stored, expr: recorded > 50}
  - {alert: Recorded, expr: recorded == 2 and recorded_elsewhere == 7}
)"};
  const auto report =
      rules::RunBacktest(*world.storage, std::span(&file, 1), {.start = zero, .end = world.clock.Now()});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->episodes.size(), 1u);
  EXPECT_EQ(report->episodes[0].alert, "Recorded");
  EXPECT_FALSE(report->episodes[0].ended_at);
}

TEST(BacktestTest, DifferencesAreWhatFiredOtherwise) {
  RuleWorld world;
  const TimestampMs zero = world.clock.Now();
  for (int i = 0; i < 60; ++i) {
    world.clock.Advance(base::Minutes(1));
    world.Send("x{job=\"a\"}", i % 20 < 10 ? 1 : 0);
    world.Send("x{job=\"b\"}", i == 30 ? 1 : 0);
    world.Send("x{job=\"c\"}", i >= 50 ? 1 : 0);
  }
  const auto run = [&](std::string_view hold) {
    const rules::RuleText file{
        "r.yml", fmt::format("groups: [{{name: g, rules: [{{alert: A, expr: x == 1, for: {}}}]}}]", hold)};
    auto report = rules::RunBacktest(*world.storage, std::span(&file, 1), {.start = zero, .end = world.clock.Now()});
    EXPECT_TRUE(report.ok());
    return *std::move(report);
  };
  const rules::BacktestReport before = run("0s");
  const rules::BacktestReport after = run("2m");
  EXPECT_THAT(rules::CompareBacktests(before, run("0s")), IsEmpty());
  std::vector<std::string> lines;
  for (const rules::BacktestDifference& difference : rules::CompareBacktests(before, after)) {
    const auto minutes = [&](const rules::AlertEpisode* life) {
      return life == nullptr ? std::string("-") : fmt::format("{}", (*life->fired_at - life->active_at).ms / 60000);
    };
    const rules::AlertEpisode& shown = difference.before != nullptr ? *difference.before : *difference.after;
    lines.push_back(
        fmt::format("{} {} {}", shown.labels.Get("job"), minutes(difference.before), minutes(difference.after)));
  }
  EXPECT_THAT(lines, ElementsAre("a 0 2", "a 0 2", "b 0 -", "a 0 2", "c 0 2"));
}

TEST(BacktestTest, SaysWhatIsWrong) {
  RuleWorld world;
  const auto run = [&](std::string_view text, rules::BacktestOptions options) {
    const rules::RuleText file{"r.yml", std::string(text)};
    const auto report = rules::RunBacktest(*world.storage, std::span(&file, 1), options);
    return report.ok() ? std::string() : report.status().message();
  };
  const TimestampMs now = world.clock.Now();
  EXPECT_THAT(run("groups: [{name: g, rules: [{alert: A, expr: 'x ='}]}]", {.start = now, .end = now}),
              HasSubstr("r.yml: 1:"));
  EXPECT_THAT(run("groups: []", {.start = now, .end = now - base::Seconds(1)}), HasSubstr("lies before its start"));
  EXPECT_THAT(run("groups: []", {.start = now, .end = now, .warm_up = base::Minutes(-1)}),
              HasSubstr("less than no time"));
  EXPECT_THAT(run("groups: [{name: g, rules: [{alert: A, expr: x}]}]", {.start = TimestampMs::Min(), .end = now}),
              HasSubstr("evaluations of groups"));
  for (int i = 0; i < 100; ++i) world.Send(fmt::format("x{{i=\"{}\"}}", i), 1);
  world.clock.Advance(base::Minutes(10));
  rules::BacktestOptions small{.start = now, .end = world.clock.Now()};
  small.recorded_samples_max = 200;
  EXPECT_THAT(run("groups: [{name: g, rules: [{record: y, expr: x}, {alert: A, expr: y > 0}]}]", small),
              HasSubstr("more than 200 samples"));
  EXPECT_EQ(run("groups: [{name: g, rules: [{record: y, expr: x}]}]", small), "") << "nobody reads it back";
  std::stop_source stop;
  stop.request_stop();
  rules::BacktestOptions stopped{.start = now, .end = world.clock.Now()};
  stopped.stop = stop.get_token();
  EXPECT_THAT(run("groups: [{name: g, rules: [{alert: A, expr: x}]}]", stopped), HasSubstr("stopped"));
}

}  // namespace
}  // namespace bellwether::timeline
