// Random topologies and timelines against a naive model, and every crash there can be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "incidents/suppress/suppress_world_test.h"
#include "incidents/suppress/suppression_store.h"

namespace bellwether::incidents {
namespace {

using base::Minutes;
using base::Seconds;
using base::TimestampMs;

// Decides for all alerts from scratch, in the words of the reference and in squares and cubes of their number.
class NaiveModel {
 public:
  NaiveModel(const Topology& topology, const SuppressionPolicy& policy,
             const std::map<std::string, std::vector<AlertDependency>>& depends_on)
      : topology_(topology), policy_(policy), depends_on_(depends_on) {}

  struct State {
    TimestampMs onset;
    bool told = false;
    std::optional<TimestampMs> since;         // Suppressed.
    std::optional<TimestampMs> last_blocked;  // The last time at which it was not blocked any more, or is.
    bool was_blocked = false;
    SuppressionTimers timers;  // Of what blocked it last.
    bool exhausted = false;
    std::string verdict;
    std::set<std::string> causes;
  };

  void Begin(const std::string& alert, const metric::Labels& labels, TimestampMs now) {
    labels_[alert] = labels;
    states_[alert] = State();
    states_[alert].onset = now;
  }
  void End(const std::string& alert) {
    labels_.erase(alert);
    states_.erase(alert);
  }

  void Decide(TimestampMs now) {
    std::map<std::string, std::map<std::string, SuppressionTimers>> blockers;
    for (const auto& [alert, labels] : labels_) blockers[alert] = BlockersOf(alert);
    // Who reaches whom: those that reach each other block each other not.
    std::map<std::string, std::set<std::string>> reach;
    for (const auto& [a, of_a] : blockers) {
      for (const auto& [b, timers] : of_a) reach[a].insert(b);
    }
    for (const auto& [k, of_k] : blockers) {
      for (const auto& [i, of_i] : blockers) {
        if (reach[i].contains(k)) reach[i].insert(reach[k].begin(), reach[k].end());
      }
    }
    for (auto& [a, of_a] : blockers) {
      std::erase_if(of_a, [&, &name = a](const auto& b) { return reach[b.first].contains(name); });
      DecideOne(a, of_a, now);
    }
  }

  [[nodiscard]] const std::map<std::string, State>& states() const { return states_; }

 private:
  [[nodiscard]] int Rank(const std::string& alert) const {
    const auto& order = policy_.severities;
    const auto at = std::find(order.begin(), order.end(), labels_.at(alert).Get("severity"));
    return at == order.end() ? -1 : static_cast<int>(at - order.begin());
  }

  [[nodiscard]] bool MayBlock(const std::string& b, const std::string& a) const {
    if (a == b || labels_.at(b).Has("non_blocking") || states_.at(b).onset > states_.at(a).onset + policy_.grace)
      return false;
    return Rank(a) < 0 || Rank(b) < 0 || Rank(b) >= Rank(a);
  }

  using Counts = std::function<bool(const std::string&)>;

  [[nodiscard]] std::set<std::string> On(const ComponentId& id, const Counts& counts) const {
    std::set<std::string> on;
    for (const auto& [alert, labels] : labels_) {
      if (labels.Get(id.kind) == id.name && counts(alert)) on.insert(alert);
    }
    return on;
  }

  [[nodiscard]] std::set<std::string> Upstream(const ComponentId& id, int hops, const Counts& counts) const {
    std::set<std::string> found;
    if (hops == 0) return found;
    for (const Dependency& dependency : topology_.Find(id)->depends_on) {
      std::size_t well = 0;
      std::set<std::string> of_all;
      for (const ComponentId& on : dependency.on) {
        std::set<std::string> of_one = On(on, counts);
        of_one.merge(Upstream(on, hops - 1, counts));
        if (of_one.empty()) ++well;
        of_all.merge(of_one);
      }
      if (well < dependency.need) found.merge(of_all);
    }
    return found;
  }

  [[nodiscard]] std::map<std::string, SuppressionTimers> BlockersOf(const std::string& alert) const {
    std::map<std::string, SuppressionTimers> found;
    const metric::Labels& labels = labels_.at(alert);
    if (labels.Has("never_suppress")) return found;
    const auto add = [&](const std::set<std::string>& others, const SuppressionTimers& timers) {
      for (const std::string& other : others) {
        SuppressionTimers& of = found.try_emplace(other, SuppressionTimers{{}, {}, {}}).first->second;
        of.extension = std::max(of.extension, timers.extension);
        of.max = std::max(of.max, timers.max);
      }
    };
    const int blocking = Rank2(policy_.blocking_severity);
    for (const ComponentId& id : topology_.NamedBy(labels)) {
      add(Upstream(id, policy_.hops_max,
                   [&](const std::string& b) { return Rank(b) >= blocking && MayBlock(b, alert); }),
          policy_.timers);
    }
    const auto dependencies = depends_on_.find(std::string(labels.Get("alertname")));
    if (dependencies == depends_on_.end()) return found;
    for (const AlertDependency& dependency : dependencies->second) {
      const auto named = [&](const std::string& b) {
        return labels_.at(b).Get("alertname") == dependency.alert && MayBlock(b, alert);
      };
      if (dependency.through_topology) {
        for (const ComponentId& id : topology_.NamedBy(labels)) add(Upstream(id, 1000, named), dependency.timers);
        continue;
      }
      std::set<std::string> joined;
      for (const auto& [b, other] : labels_) {
        const bool agrees = std::all_of(dependency.equal.begin(), dependency.equal.end(), [&](const std::string& l) {
          return labels.Has(l) && labels.Get(l) == labels_.at(b).Get(l);
        });
        if (agrees && named(b)) joined.insert(b);
      }
      add(joined, dependency.timers);
    }
    return found;
  }

  [[nodiscard]] int Rank2(const std::string& severity) const {
    const auto& order = policy_.severities;
    return static_cast<int>(std::find(order.begin(), order.end(), severity) - order.begin());
  }

  [[nodiscard]] base::DurationMs WaitOf(const std::string& alert) const {
    base::DurationMs wait(0);
    const metric::Labels& labels = labels_.at(alert);
    if (labels.Has("never_suppress")) return wait;
    bool parents = false;
    for (const ComponentId& id : topology_.NamedBy(labels)) {
      parents = parents || !topology_.Find(id)->depends_on.empty();
    }
    if (parents && policy_.hops_max > 0) wait = policy_.timers.wait;
    const auto dependencies = depends_on_.find(std::string(labels.Get("alertname")));
    if (dependencies == depends_on_.end()) return wait;
    for (const AlertDependency& d : dependencies->second) {
      if (!d.through_topology || parents) wait = std::max(wait, d.timers.wait);
    }
    return wait;
  }

  void DecideOne(const std::string& alert, const std::map<std::string, SuppressionTimers>& blockers, TimestampMs now) {
    State& state = states_.at(alert);
    state.causes.clear();
    if (!blockers.empty()) {
      if (!state.since) state.since = now;
      state.timers = {{}, {}, {}};
      for (const auto& [b, timers] : blockers) {
        state.causes.insert(b);
        state.timers.extension = std::max(state.timers.extension, timers.extension);
        state.timers.max = std::max(state.timers.max, timers.max);
      }
      state.last_blocked.reset();
    } else if (state.was_blocked) {
      state.last_blocked = now;
    }
    state.was_blocked = !blockers.empty();
    if (state.since && now - *state.since >= state.timers.max) state.exhausted = true;
    const bool quiet = !blockers.empty() || (state.last_blocked && now - *state.last_blocked < state.timers.extension);
    if (quiet && !state.exhausted) {
      state.verdict = "suppressed";
      return;
    }
    state.causes.clear();
    if (!state.exhausted) state.since.reset();
    if (!state.exhausted) state.last_blocked.reset();
    const bool waits = !state.told && !state.exhausted && now - state.onset < WaitOf(alert);
    state.verdict = waits ? "held" : "told";
    state.told = state.told || !waits;
  }

  const Topology& topology_;
  const SuppressionPolicy policy_;
  const std::map<std::string, std::vector<AlertDependency>>& depends_on_;
  std::map<std::string, metric::Labels> labels_;
  std::map<std::string, State> states_;
};

// Of a kind "c" and, for some, a kind "d", each depending on some of those before it.
std::vector<Component> RandomComponents(std::mt19937_64& random) {
  const std::size_t n = 2 + random() % 7;
  std::vector<Component> components;
  for (std::size_t i = 0; i < n; ++i) {
    Component component{.id = {random() % 4 == 0 ? "d" : "c", std::to_string(i)}, .depends_on = {}};
    Dependency some;
    for (std::size_t j = 0; j < i; ++j) {
      if (random() % 5 == 0)
        some.on.push_back(components[j].id);
      else if (random() % 3 == 0)
        component.depends_on.push_back({.on = {components[j].id}, .need = 1});
    }
    if (!some.on.empty()) {
      some.need = 1 + random() % some.on.size();
      component.depends_on.push_back(std::move(some));
    }
    components.push_back(std::move(component));
  }
  return components;
}

SuppressionTimers RandomTimers(std::mt19937_64& random) {
  const auto seconds = [&](std::uint64_t steps) { return Seconds(static_cast<std::int64_t>(random() % steps) * 5); };
  return {seconds(20), seconds(40), Minutes(1) + seconds(100)};
}

// Any alert may name any other, so that circles come about that a rule file could not have.
std::map<std::string, std::vector<AlertDependency>> RandomDependencies(std::mt19937_64& random) {
  std::map<std::string, std::vector<AlertDependency>> depends_on;
  for (int i = 0; i < 4; ++i) {
    while (random() % 5 < 2) {
      AlertDependency dependency{.alert = "A" + std::to_string(random() % 4), .timers = RandomTimers(random)};
      dependency.through_topology = random() % 3 == 0;
      if (!dependency.through_topology && random() % 3 != 0) dependency.equal = {"zone"};
      depends_on["A" + std::to_string(i)].push_back(std::move(dependency));
    }
  }
  return depends_on;
}

// Nobody who is suppressed has only suppressed, never told alerts upstream that wait for something again.
void ExpectInvariantC(const SuppressWorld& world) {
  const Standings standings = world.All();
  for (const auto& [labels, standing] : standings) {
    if (standing.verdict != Verdict::kSuppress || standing.causes.empty()) continue;
    std::set<metric::Labels> seen;
    std::vector<metric::Labels> open = {labels};
    bool ends = false;
    while (!open.empty() && !ends) {
      const metric::Labels at = open.back();
      open.pop_back();
      if (!seen.insert(at).second) continue;
      const auto found = standings.find(at);
      // Told, held, or quiet only until the extension is over.
      ends = found == standings.end() || found->second.told || found->second.causes.empty();
      if (ends) break;
      for (const Cause& cause : found->second.causes) open.push_back(cause.labels);
    }
    EXPECT_TRUE(ends) << labels.ToString();
  }
}

TEST(SuppressionModelTest, AgreesWithANaiveModelOnRandomWorlds) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::map<std::string, std::size_t> verdicts;
  for (int round = 0; round < 60 && !testing::Test::HasFailure(); ++round) {
    const std::vector<Component> components = RandomComponents(random);
    const auto topology = std::make_shared<const Topology>(components);
    const auto depends_on = RandomDependencies(random);
    SuppressWorld world("");
    world.SetTopology(topology);
    world.policy.timers = RandomTimers(random);
    world.policy.hops_max = static_cast<int>(random() % 4);
    world.policy.grace = Seconds(static_cast<std::int64_t>(random() % 30) * 5);
    world.Configure();
    for (const auto& [alert, dependencies] : depends_on) world.DependsOn(alert, dependencies);
    NaiveModel model(*topology, world.policy, depends_on);
    std::set<std::string> told;
    for (int step = 0; step < 120; ++step) {
      const std::string name = "A" + std::to_string(random() % 4) + " " + std::to_string(random() % 4);
      const auto alert = world.alerts().find(name);
      const bool fires = alert != world.alerts().end() && !alert->second.ended_at;
      if (fires && random() % 3 == 0) {
        model.End(name);
        world.End(name);
      } else if (!fires && random() % 2 == 0) {
        metric::LabelsBuilder labels;
        labels.Set("alertname", name.substr(0, 2)).Set("number", name.substr(3));
        for (int i = 0; i < 2; ++i) {
          const ComponentId& on = components[random() % components.size()].id;
          if (i == 0 || random() % 3 == 0) labels.Set(on.kind, on.name);
        }
        if (random() % 2 == 0) labels.Set("zone", "z");
        if (random() % 12 == 0) labels.Set("never_suppress", "true");
        if (random() % 12 == 0) labels.Set("non_blocking", "true");
        const char* severities[] = {"", "warning", "error", "critical"};
        world.Fire(name, labels.Build(), severities[random() % 4]);
        model.Begin(name, world.alerts().at(name).labels, world.now());
      }
      model.Decide(world.now());
      for (std::uint64_t ticks = random() % 8; ticks > 0; --ticks) {
        world.Advance(Seconds(5));
        model.Decide(world.now());
        if (random() % 20 != 0) continue;
        world.Restart();
        world.RunDue();
      }
      for (const auto& [alert_name, state] : model.states()) {
        const auto standing = world.Find(alert_name);
        const std::string verdict = !standing ? "told" : standing->verdict == Verdict::kHold ? "held" : "suppressed";
        ASSERT_EQ(verdict, state.verdict) << alert_name << " at step " << step << " of round " << round;
        ++verdicts[verdict];
        if (!standing) continue;
        EXPECT_EQ(standing->told, state.told);
        std::set<std::string> causes;
        for (const Cause& cause : standing->causes) {
          for (const auto& [other, of] : world.alerts()) {
            if (of.labels == cause.labels && !of.ended_at) causes.insert(other);
          }
        }
        EXPECT_EQ(causes, state.causes) << alert_name;
      }
      ExpectInvariantC(world);
      // What was announced is closed once, and nothing else is.
      for (const std::string& heard : world.Heard()) {
        if (heard[0] == '+') {
          EXPECT_TRUE(told.insert(heard.substr(1)).second) << heard;
        } else {
          EXPECT_EQ(told.erase(heard.substr(1)), 1u) << heard;
        }
      }
      std::set<std::string> should_be_told;
      for (const auto& [alert_name, state] : model.states()) {
        if (state.told) should_be_told.insert(alert_name);
      }
      EXPECT_EQ(told, should_be_told) << "at step " << step << " of round " << round;
    }
  }
  EXPECT_GT(verdicts["suppressed"], 500u) << "the worlds were too poor to show anything";
  EXPECT_GT(verdicts["held"], 500u);
}

// A timeline with all there is: held, suppressed, moved, extended, exhausted, ended unsaid.
std::vector<std::string> Play(SuppressWorld& world, const std::function<void(int)>& at_step) {
  int step = 0;
  const auto then = [&](const std::function<void()>& act) {
    at_step(step++);
    act();
  };
  world.policy.timers.max = Minutes(20);
  world.Configure();
  then([&] { world.Fire("DriftHigh", {{"model", "fraud"}}, "warning"); });
  then([&] { world.Advance(Seconds(20)); });
  then([&] { world.Fire("FeaturesLate", {{"pipeline", "fs"}}); });
  then([&] { world.Fire("AccuracyLow", {{"model", "fraud"}}, "warning"); });
  then([&] { world.Fire("NullsHigh", {{"model", "fraud"}}, "warning"); });
  then([&] { world.Advance(Minutes(1)); });
  then([&] { world.Move("AccuracyLow", "critical"); });
  then([&] { world.Move("NullsHigh", "error"); });
  then([&] { world.End("DriftHigh"); });
  then([&] { world.Advance(Minutes(20)); });
  then([&] { world.Fire("LatencyHigh", {{"model", "fraud"}}); });
  then([&] { world.End("FeaturesLate"); });
  then([&] { world.Advance(Minutes(2)); });
  then([&] { world.End("NullsHigh"); });
  then([&] { world.End("LatencyHigh"); });
  then([&] { world.Advance(Minutes(16)); });
  return world.Heard();
}

constexpr const char* kPlayed =
    "{kind: pipeline, name: fs, depends_on: []}, {kind: model, name: fraud, depends_on: [fs]}";

std::vector<metric::Labels> TakenIn(SuppressWorld& world) {
  std::vector<metric::Labels> labels;
  for (const metric::AlertUpdate& update : world.sink().updates()) labels.push_back(update.labels);
  return labels;
}

TEST(SuppressionRestartTest, GoesOnWhereverItWasEnded) {
  SuppressWorld reference(kPlayed);
  const std::vector<std::string> heard = Play(reference, [](int) {});
  EXPECT_THAT(heard, testing::ElementsAre("+FeaturesLate", "+AccuracyLow", "+NullsHigh", "-FeaturesLate",
                                          "+LatencyHigh", "-NullsHigh", "-LatencyHigh"));
  SuppressWorld world(kPlayed);
  EXPECT_EQ(Play(world, [&](int) { world.Restart(); }), heard);
  EXPECT_EQ(TakenIn(world), TakenIn(reference));
}

TEST(SuppressionRestartTest, NeitherForgetsNorRepeatsWhereverAWriteFails) {
  SuppressWorld reference(kPlayed);
  const std::vector<std::string> heard = Play(reference, [](int) {});
  const std::size_t writes = reference.store().writes();
  ASSERT_GT(writes, 50u);
  for (const bool applied : {false, true}) {
    for (std::size_t at = 0; at < writes; ++at) {
      SuppressWorld world(kPlayed);
      world.RestartOnFailure();
      world.store().FailAt(at, applied);
      EXPECT_EQ(Play(world, [](int) {}), heard) << "write " << at << (applied ? ", applied" : "");
      EXPECT_EQ(TakenIn(world), TakenIn(reference)) << "write " << at << (applied ? ", applied" : "");
    }
  }
}

TEST(SuppressionRestartTest, NeitherForgetsNorRepeatsWhereverTheTakerFails) {
  SuppressWorld reference(kPlayed);
  const std::vector<std::string> heard = Play(reference, [](int) {});
  for (const auto fault : {RememberingSink::Fault::kBefore, RememberingSink::Fault::kAfter}) {
    for (int at = 0; at < 16; ++at) {
      SuppressWorld world(kPlayed);
      world.RestartOnFailure();
      EXPECT_EQ(Play(world,
                     [&](int step) {
                       if (step == at) world.sink().FailNext(fault);
                     }),
                heard);
      EXPECT_EQ(TakenIn(world), TakenIn(reference)) << "step " << at;
    }
  }
}

TEST(SuppressionStoreTest, ReadsWhatItWrote) {
  AlertRecord record;
  record.update.labels = {{"alertname", "A"}};
  record.update.annotations = {{"summary", "s"}};
  record.onset = TimestampMs(-5);
  record.state = RecordState::kEnded;
  record.forget_at = kSuppressStart;
  record.memory.first_seen = kSuppressStart;
  record.memory.told = record.memory.blocked = true;
  record.memory.suppressed_since = kSuppressStart + Seconds(1);
  record.memory.freed_at = kSuppressStart + Seconds(2);
  record.memory.extension = Seconds(3);
  record.memory.max = Seconds(4);
  record.memory.note = "n";
  const std::string bytes = EncodeAlertRecord(record);
  EXPECT_EQ(DecodeAlertRecord(bytes), record);
  record.memory = {};
  record.memory.held = record.memory.exhausted = true;
  EXPECT_EQ(DecodeAlertRecord(EncodeAlertRecord(record)), record);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeAlertRecord(bytes.substr(0, n))) << n;
  EXPECT_FALSE(DecodeAlertRecord(bytes + "x"));
  const SuppressionMeta meta{.began_at = kSuppressStart, .taken = 7, .last_given = 1000};
  EXPECT_EQ(DecodeSuppressionMeta(EncodeSuppressionMeta(meta)), meta);
  EXPECT_FALSE(DecodeSuppressionMeta("\2"));
}

TEST(SuppressionStoreTest, SaysWhatItCannotRead) {
  SuppressWorld world(kPlayed);
  storage::StateBatch batch;
  batch.Put(SuppressedAlertKey({{"a", "b"}}), "nonsense");
  ASSERT_TRUE(world.store().Apply(batch).ok());
  EXPECT_EQ(world.suppressor().RunDue().message(),
            "read which alerts are suppressed: an entry is not what was written");
}

}  // namespace
}  // namespace bellwether::incidents
