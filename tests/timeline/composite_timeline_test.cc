// Composite alerts over time: joins, unknown signals, clocks over restarts, other alerts as signals.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

using Samples = std::vector<std::pair<std::string, double>>;

void TickWith(RuleWorld& world, const Samples& samples) {
  world.ToNextSlot();
  for (const auto& [series, value] : samples) world.Send(series, value);
  world.manager->RunDue();
}

// Labels of the firing alerts of the first rule.
std::string Firing(const RuleWorld& world) {
  std::string text;
  for (const rules::AlertSnapshot& alert : world.Rule().alerts) {
    if (alert.state == rules::AlertState::kFiring) text += alert.labels.ToString() + "\n";
  }
  return text;
}

constexpr std::string_view kDegraded = R"(
groups:
- name: g
  rules:
  - alert: Degraded
    match_on: [model, version]
    signals:
      accuracy: {expr: 'accuracy < 0.85', for: 2m}
      drift: {expr: 'psi > 0.2'}
      latency: {expr: 'latency', above: 2, clear_below: 1}
    when: accuracy and (drift or latency)
    levels:
    - {severity: warning}
    - {severity: critical, when: 'at_least(2, accuracy, drift, latency)', for: 3m}
    labels: {team: risk}
    annotations:
      summary: '{{ $labels.model }} {{ $labels.version }}:{{ range $name, $s := $signals }} {{ $name }} {{ $s.State }} {{ $s.Value }}{{ end }}'
)";

TEST(CompositeTimelineTest, HoldsWhereItsSignalsHoldTogether) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDegraded).ok());
  const Samples bad = {{R"(accuracy{model="a",version="1"})", 0.5},
                       {R"(psi{model="a",version="1",feature="x"})", 0.3},
                       {R"(psi{model="a",version="1",feature="y"})", 0.1},
                       {R"(latency{model="a",version="1"})", 1.5}};
  TickWith(world, bad);
  TickWith(world, bad);
  EXPECT_EQ(Firing(world), "") << "accuracy must hold for 2m";
  TickWith(world, bad);
  EXPECT_EQ(Firing(world),
            "{alertname=\"Degraded\", model=\"a\", severity=\"warning\", team=\"risk\", version=\"1\"}\n");
  const rules::AlertSnapshot alert = world.Rule().alerts.front();
  EXPECT_EQ(alert.annotations.at("summary"), "a 1: accuracy true 0.5 drift true 0.3 latency false 1.5");
  EXPECT_EQ(alert.value, 0.5) << "of the first signal that decided";
  ASSERT_EQ(alert.signals.size(), 2U);
  EXPECT_EQ(alert.signals[0].name, "accuracy");
  EXPECT_EQ(world.MinutesOf(*alert.signals[0].since), 0);
  ASSERT_EQ(alert.signals[1].series.size(), 1U);
  EXPECT_EQ(alert.signals[1].series[0].Get("feature"), "x") << "the series that hold are listed";
  TickWith(world, bad);
  TickWith(world, bad);
  TickWith(world, bad);
  EXPECT_EQ(world.Rule().alerts.front().level, "critical");
  EXPECT_EQ(world.Rule().query, "ALERTS{alertname=\"Degraded\"}");
}

TEST(CompositeTimelineTest, TellsItsSignalsWithTheirBounds) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDegraded).ok());
  for (int i = 0; i < 3; ++i) {
    TickWith(world, {{R"(accuracy{model="a",version="1"})", 0.5}, {R"(psi{model="a",version="1",feature="x"})", 0.3}});
  }
  ASSERT_FALSE(world.sink.All().empty());
  const metric::AlertUpdate update = world.sink.All().back();
  EXPECT_EQ(update.condition, "accuracy and (drift or latency)");
  std::string signals;
  for (const metric::AlertSignal& s : update.signals) {
    signals += s.name + " " + s.state + " " + s.condition + (s.value ? "" : " no value") + "\n";
  }
  EXPECT_EQ(signals, "accuracy true < 0.85\ndrift true > 0.2\nlatency unknown above 2 no value\n");
}

TEST(CompositeTimelineTest, NeverHoldsBecauseOneHoldsHereAndTheOtherThere) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDegraded).ok());
  for (int i = 0; i < 5; ++i) {
    TickWith(world, {{R"(accuracy{model="a",version="1"})", 0.5},
                     {R"(accuracy{model="b",version="1"})", 0.9},
                     {R"(psi{model="a",version="1"})", 0.1},
                     {R"(psi{model="b",version="1"})", 0.3}});
  }
  EXPECT_EQ(Firing(world), "");
}

TEST(CompositeTimelineTest, EmptyOrMissingLabelsJoinNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDegraded).ok());
  for (int i = 0; i < 5; ++i) {
    TickWith(world, {{R"(accuracy{model="a",version="1"})", 0.5},
                     {R"(accuracy{version="1"})", 0.5},
                     {"psi", 0.3},
                     {R"(psi{region="eu"})", 0.3}});
  }
  EXPECT_EQ(Firing(world), "") << "a signal without labels of match_on belongs to no instance";
  TickWith(world, {{R"(accuracy{model="a",version="1"})", 0.5}, {R"(psi{model="a"})", 0.3}});
  EXPECT_EQ(world.Rule().alerts.size(), 1U) << "one with some of them to all that agree";
  TickWith(world, {{R"(accuracy{model="a",version="1"})", 0.5},
                   {R"(psi{model="b"})", 0.3},
                   {R"(psi{model="a"})", 0},
                   {R"(latency{model="a"})", 0.5}});
  EXPECT_EQ(Firing(world), "");
}

TEST(CompositeTimelineTest, TheSeriesOfASignalHaveClocksOfTheirOwn) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    match_on: [model]
    signals: {drift: {expr: 'psi > 0.2', for: 2m, need: 2}}
)")
                  .ok());
  const auto tick = [&](double x, double y) {
    TickWith(world, {{R"(psi{model="a",feature="x"})", x}, {R"(psi{model="a",feature="y"})", y}});
  };
  tick(1, 0);
  tick(1, 1);
  tick(1, 1);
  EXPECT_EQ(Firing(world), "") << "y has not held for 2m";
  tick(1, 1);
  EXPECT_EQ(Firing(world), "{alertname=\"A\", model=\"a\"}\n");
  tick(0, 1);
  EXPECT_EQ(Firing(world), "") << "need: 2";
}

TEST(CompositeTimelineTest, UnknownStopsAClockAndResetsItAfterThreeIntervals) {
  const auto minutes_until_firing = [](int unknown_ticks) {
    RuleWorld world;
    EXPECT_TRUE(world
                    .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    match_on: [m]
    signals: {s: {expr: 'x > on(m) y', for: 3m}, other: {expr: 'z > 0'}}
    when: s and other
)")
                    .ok());
    int ticks = 0;
    const auto tick = [&](double y) {
      ++ticks;
      TickWith(world, {{R"(x{m="1"})", 2}, {R"(y{m="1"})", y}, {R"(z{m="1"})", 1}});
    };
    tick(1);
    tick(1);
    for (int i = 0; i < unknown_ticks; ++i) tick(std::nan(""));
    while (Firing(world).empty() && ticks < 20) tick(1);
    return ticks - 1;
  };
  EXPECT_EQ(minutes_until_firing(0), 3);
  EXPECT_EQ(minutes_until_firing(1), 4) << "the interval in which it was unknown does not count";
  EXPECT_EQ(minutes_until_firing(3), 6);
  EXPECT_EQ(minutes_until_firing(4), 9) << "unknown for three intervals: it begins anew";
}

TEST(CompositeTimelineTest, EveryClockGoesOnOverARestartAtAnyTime) {
  constexpr int kTicks = 14;
  const auto run = [](int restart_before) {
    RuleWorld world;
    EXPECT_TRUE(world.Load(kDegraded).ok());
    for (int i = 0; i < kTicks; ++i) {
      if (i == restart_before) world.Restart();
      TickWith(world, {{R"(accuracy{model="a",version="1"})", i > 1 && i != 9 ? 0.5 : 0.9},
                       {R"(psi{model="a",version="1",feature="x"})", i % 5 == 4 ? 0.1 : 0.3},
                       {R"(latency{model="a"})", i == 3 ? 3.0 : 1.5}});
    }
    EXPECT_EQ(world.sink.repetitions(), 0);
    return world.History() + world.Alerts();
  };
  const std::string whole = run(-1);
  EXPECT_NE(whole.find("critical"), std::string::npos) << whole;
  for (int i = 0; i < kTicks; ++i) EXPECT_EQ(run(i), whole) << "restart before " << i;
}

TEST(CompositeTimelineTest, AHoldOfASecondOrOfDaysGoesOnOverARestart) {
  for (const char* hold : {"1s", "5m", "2h", "2d"}) {
    const auto parsed = base::ParseDuration(hold);
    RuleWorld world;
    world.options.outage_tolerance = base::Days(3);
    ASSERT_TRUE(
        world
            .Load(std::string("groups: [{name: g, rules: [{alert: A, match_on: [m], signals: {s: {expr: 'x > 1', "
                              "for: ") +
                  hold + "}}}]}]")
            .ok());
    TickWith(world, {{R"(x{m="1"})", 2}});
    const base::TimestampMs begin = world.clock.Now();
    world.Restart();
    while (world.clock.Now() - begin < *parsed) {
      EXPECT_EQ(Firing(world), "") << hold;
      if (*parsed > base::Hours(1)) world.clock.Advance(base::Minutes(58));
      TickWith(world, {{R"(x{m="1"})", 2}});
    }
    EXPECT_EQ(Firing(world), "{alertname=\"A\", m=\"1\"}\n") << hold;
  }
}

TEST(CompositeTimelineTest, AnotherAlertIsASignal) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: Slow
    match_on: [model]
    signals:
      latency: {expr: 'latency > 1'}
      pipeline: {alert: PipelineDown}
    when: latency and not pipeline
  - {alert: PipelineDown, expr: pipeline == 0, labels: {severity: page}}
)")
                  .ok());
  const auto tick = [&](double pipeline) {
    TickWith(world, {{R"(latency{model="a"})", 2}, {R"(latency{model="b"})", 2}, {R"(pipeline{model="b"})", pipeline}});
  };
  tick(1);
  tick(1);
  EXPECT_EQ(Firing(world), "{alertname=\"Slow\", model=\"a\"}\n{alertname=\"Slow\", model=\"b\"}\n");
  tick(0);
  EXPECT_EQ(world.Rule().alerts.size(), 2U) << "of a rule behind it, it sees the evaluation before";
  tick(0);
  EXPECT_EQ(Firing(world), "{alertname=\"Slow\", model=\"a\"}\n");
}

TEST(CompositeTimelineTest, AnAlertThroughTheTopologyIsUpstreamOfItsInstances) {
  class OneEdge final : public rules::Topology {
   public:
    [[nodiscard]] std::vector<metric::ComponentId> UpstreamOf(const metric::Labels& instance) const override {
      if (instance.Get("model") != "a") return {};
      return {{"pipeline", "features"}};
    }
  };
  RuleWorld world;
  const OneEdge topology;
  world.topology = &topology;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - {alert: PipelineDown, expr: pipeline_up == 0}
  - alert: Starved
    match_on: [model]
    signals: {latency: {expr: 'latency > 1'}, pipeline: {alert: PipelineDown, through: topology}}
    when: latency and pipeline
)")
                  .ok());
  TickWith(world, {{R"(latency{model="a"})", 2},
                   {R"(latency{model="b"})", 2},
                   {R"(pipeline_up{pipeline="features"})", 0},
                   {R"(pipeline_up{pipeline="other"})", 0}});
  ASSERT_EQ(world.Rule(1).alerts.size(), 1U) << "this slot's, for it stands earlier in the group";
  EXPECT_EQ(world.Rule(1).alerts.front().labels.Get("model"), "a");
}

TEST(CompositeTimelineTest, AFailedQueryLeavesTheOtherSignalsEvaluated) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    match_on: [m]
    signals: {good: {expr: 'x > 1'}, failing: {expr: 'x * on(m) y > 1'}}
    when: good or failing
)")
                  .ok());
  TickWith(world, {{R"(x{m="1"})", 2}, {R"(y{m="1",n="1"})", 1}, {R"(y{m="1",n="2"})", 1}});
  EXPECT_EQ(world.Rule().health, rules::RuleHealth::kError);
  EXPECT_NE(world.Rule().last_error.find("signal failing"), std::string::npos) << world.Rule().last_error;
  EXPECT_EQ(Firing(world), "{alertname=\"A\", m=\"1\"}\n") << "true or unknown is true";
}

TEST(CompositeTimelineTest, AReloadKeepsAlertsAndClocksByName) {
  const auto rules = [](const std::string& signals, const std::string& when) {
    return "groups: [{name: g, rules: [{alert: A, match_on: [m], signals: {" + signals + "}, when: '" + when + "'}]}]";
  };
  RuleWorld world;
  ASSERT_TRUE(world.Load(rules("a: {expr: 'x > 1', for: 3m}, b: {expr: 'y > 1'}", "a and b")).ok());
  const Samples bad = {{R"(x{m="1"})", 2}, {R"(y{m="1"})", 2}};
  TickWith(world, bad);
  TickWith(world, bad);
  ASSERT_TRUE(world.Load(rules("a: {expr: 'x > 1.5', for: 3m}, c: {expr: 'y > 1'}", "a and c")).ok());
  TickWith(world, bad);
  EXPECT_EQ(Firing(world), "");
  TickWith(world, bad);
  EXPECT_EQ(Firing(world), "{alertname=\"A\", m=\"1\"}\n")
      << "three minutes after it began, two of them before the reload";
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: []}]").ok());
  EXPECT_NE(world.History().find("rule removed"), std::string::npos);
  std::size_t left = 0;
  ASSERT_TRUE(world.memory_state
                  ->Scan("rules/signal/", {},
                         [&](std::string_view, std::string_view) {
                           ++left;
                           return true;
                         })
                  .ok());
  EXPECT_EQ(left, 0U) << "nothing of a removed rule stays behind";
}

TEST(CompositeTimelineTest, AScoreIsTheValueOfTheAlert) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    match_on: [m]
    signals: {a: {expr: 'x > 1'}, b: {expr: 'y > 1'}, c: {expr: 'z > 1', missing: false}}
    when: score(a=0.5, b=0.3, c=0.4) >= 0.8
)")
                  .ok());
  TickWith(world, {{R"(x{m="1"})", 2}, {R"(y{m="1"})", 1}});
  EXPECT_EQ(Firing(world), "") << "c is missing and so false";
  TickWith(world, {{R"(x{m="1"})", 2}, {R"(y{m="1"})", 2}});
  EXPECT_EQ(Firing(world), "{alertname=\"A\", m=\"1\"}\n");
  EXPECT_DOUBLE_EQ(world.Rule().alerts.front().value, 0.8);
}

TEST(CompositeTimelineTest, KnowsWhatOtherRulesAreCalled) {
  RuleWorld world;
  const auto refused = [&](const std::string& rules) { return world.Load(rules).message(); };
  EXPECT_NE(
      refused(
          "groups: [{name: g, rules: [{alert: Down, expr: up}, {alert: A, match_on: [m], signals: {a: {expr: x}, b: "
          "{alert: Dow}}, when: a and b}]}]")
          .find("1:103: \"A\": no rule file has an alert \"Dow\", did you mean 'Down'?"),
      std::string::npos);
  EXPECT_NE(
      refused("groups: [{name: g, rules: [{alert: A, match_on: [m], signals: {b: {alert: B}}}, {alert: B, match_on: "
              "[m], signals: {a: {alert: A}}}]}]")
          .find("alerts wait for one another: A -> B -> A"),
      std::string::npos);
  EXPECT_NE(
      refused("groups: [{name: g, rules: [{alert: A, expr: sum by (m) (x), depends_on: [{alert: B, equal: [n]}]}, "
              "{alert: B, expr: up}]}]")
          .find("'equal' names label \"n\", which alerts of this rule do not carry"),
      std::string::npos);
}

}  // namespace
}  // namespace bellwether::timeline
