// The rule manager with its own threads: groups side by side, reloads and readers meanwhile, a sink that stumbles.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

std::string ManyGroups(int groups, std::string_view extra = {}) {
  std::string text = "groups:\n";
  for (int i = 0; i < groups; ++i) {
    const std::string n = std::to_string(i);
    text += "- name: g" + n + "\n  interval: 10s\n  rules:\n  - {record: r" + n + ", expr: up}\n  - {alert: A" + n +
            ", expr: r" + n + " == 0}\n";
  }
  return text + std::string(extra);
}

// Returns when every group of the world has been evaluated in the interval that ends now.
void AwaitEvaluations(const RuleWorld& world, base::DurationMs interval) {
  for (;;) {
    bool all = true;
    for (const rules::GroupSnapshot& group : world.manager->Groups()) {
      all = all && group.last_evaluation && *group.last_evaluation > world.clock.Now() - interval;
    }
    if (all) return;
    std::this_thread::yield();
  }
}

// Returns when the sink has taken `count` updates.
void AwaitUpdates(const RuleWorld& world, std::size_t count) {
  while (world.sink.All().size() < count) std::this_thread::yield();
}

TEST(RuleManagerThreadsTest, EvaluatesAllGroupsAndHandsOverAscending) {
  RuleWorld world;
  ASSERT_TRUE(world.Reload(ManyGroups(20)).ok());
  ASSERT_TRUE(world.manager->Start().ok());
  world.Send("up", 0);
  for (int i = 0; i < 20; ++i) {
    world.clock.Advance(base::Seconds(10));
    world.Send("up", 0);
    AwaitEvaluations(world, base::Seconds(10));
  }
  AwaitUpdates(world, 20);
  world.manager->Stop();
  std::uint64_t last = 0;
  for (const metric::AlertUpdate& update : world.sink.All()) {
    EXPECT_GT(update.sequence, last);
    last = update.sequence;
  }
  for (const rules::GroupSnapshot& group : world.manager->Groups()) {
    EXPECT_EQ(group.rules.at(1).state, rules::AlertState::kFiring) << group.name;
  }
  EXPECT_EQ(world.sink.repetitions(), 0);
}

TEST(RuleManagerThreadsTest, ReloadsAndReadersMayComeAtAnyTime) {
  RuleWorld world;
  ASSERT_TRUE(world.Reload(ManyGroups(6)).ok());
  ASSERT_TRUE(world.manager->Start().ok());
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      for (const rules::GroupSnapshot& group : world.manager->Groups()) EXPECT_FALSE(group.rules.empty());
      EXPECT_TRUE(world.manager->History(base::TimestampMs::Min(), base::TimestampMs::Max()).ok());
    }
  });
  world.Send("up", 0);
  for (int i = 0; i < 60; ++i) {
    world.clock.Advance(base::Seconds(5));
    if (i % 3 == 0) {
      EXPECT_TRUE(world
                      .Reload(ManyGroups(
                          3 + i % 4, "- {name: x, rules: [{alert: X" + std::to_string(i % 2) + ", expr: up == 0}]}\n"))
                      .ok());
    }
    world.sink.SetFailing(i % 7 == 0);
  }
  done = true;
  reader.join();
  world.manager->Stop();
  std::uint64_t last = 0;
  for (const metric::AlertUpdate& update : world.sink.All()) {
    EXPECT_GT(update.sequence, last);
    last = update.sequence;
  }
}

TEST(RuleManagerThreadsTest, AFailingSinkIsTriedAgain) {
  RuleWorld world;
  ASSERT_TRUE(world.Reload("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  ASSERT_TRUE(world.manager->Start().ok());
  world.sink.SetFailing(true);
  world.ToNextSlot();
  world.Send("up", 0);
  AwaitEvaluations(world, base::Milliseconds(1));
  world.sink.SetFailing(false);
  while (world.sink.All().empty()) {
    world.clock.Advance(base::Seconds(1));
    std::this_thread::yield();
  }
  world.manager->Stop();
  EXPECT_EQ(world.sink.All().front().labels.Get("alertname"), "A");
}

TEST(RuleManagerThreadsTest, RulesThatAreLoadedAfterTheStartAreRestored) {
  const std::string_view rules = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]";
  RuleWorld world;
  ASSERT_TRUE(world.Load(rules).ok());
  world.Tick("up", 0);
  const std::string before = world.Alerts();
  world.manager = std::make_unique<rules::RuleManager>(
      world.options,
      rules::RuleDependencies{*world.storage, world.state, world.engine, world.clock, world.metrics, world.sink});
  ASSERT_TRUE(world.manager->Start().ok());
  ASSERT_TRUE(world.Reload(rules).ok());
  EXPECT_EQ(world.Alerts(), before);
  world.manager->Stop();
}

TEST(RuleManagerThreadsTest, StopsAndStartsAgain) {
  RuleWorld world;
  ASSERT_TRUE(world.Reload(ManyGroups(3)).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(world.manager->Start().ok());
    world.clock.Advance(base::Seconds(10));
    world.manager->Stop();
  }
  ASSERT_TRUE(world.manager->Start().ok());
  world.clock.Advance(base::Seconds(10));
  AwaitEvaluations(world, base::Seconds(10));
}

}  // namespace
}  // namespace bellwether::timeline
