#include "notify/silences.h"

#include <bit>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/silences/silence_plan.h"
#include "storage/open.h"

namespace bellwether::notify {
namespace {

using base::Minutes;
using base::TimestampMs;
using metric::Matcher;
using ::testing::HasSubstr;

constexpr TimestampMs kSilenceNow(1'788'250'350'000);

Silence MakeSilence(std::string_view model = "fraud") {
  return {.id = {},
          .matchers = {Matcher::Equal("model", std::string(model))},
          .starts_at = kSilenceNow,
          .ends_at = kSilenceNow + Minutes(60),
          .updated_at = {},
          .created_by = "mia",
          .comment = "retrain",
          .annotations = {{"ticket", "ML-42"}}};
}

struct SilenceWorld {
  SilenceWorld() : clock(kSilenceNow), state(storage::NewMemoryStateStore(clock)) { Restart(); }
  void Restart() {
    silences = nullptr;
    metrics = std::make_unique<base::MetricsRegistry>();
    silences = std::make_unique<Silences>(*state, clock, *metrics, ++seed);
    EXPECT_TRUE(silences->Load().ok());
  }
  std::string Set(Silence silence) {
    const auto id = silences->Set(std::move(silence));
    EXPECT_TRUE(id.ok()) << id.status().message();
    return id.ok() ? *id : "";
  }
  [[nodiscard]] std::string State(const std::string& id) const {
    const auto set = silences->Current();
    const auto it = set->silences.find(id);
    return it == set->silences.end() ? "none" : std::string(SilenceStateText(StateOf(it->second, clock.Now())));
  }
  base::SimulatedClock clock;
  std::unique_ptr<storage::StateStore> state;
  std::unique_ptr<base::MetricsRegistry> metrics;
  std::unique_ptr<Silences> silences;
  std::uint64_t seed = 0;
};

TEST(Silences, StateFollowsTheClock) {
  const Silence silence = MakeSilence();
  EXPECT_EQ(StateOf(silence, kSilenceNow - base::Milliseconds(1)), SilenceState::kPending);
  EXPECT_EQ(StateOf(silence, kSilenceNow), SilenceState::kActive);
  EXPECT_EQ(StateOf(silence, kSilenceNow + Minutes(60)), SilenceState::kExpired);
}

TEST(Silences, RefusesWhatWouldSilenceEverythingOrNothing) {
  const auto check = [](Silence silence, std::string_view expected) {
    EXPECT_EQ(CheckSilence(silence).message(), expected);
  };
  Silence silence = MakeSilence();
  check(silence, "");
  silence.matchers = {Matcher::Equal("a", "")};
  check(silence, "invalid silence: at least one matcher must not match the empty string");
  silence.matchers.clear();
  check(silence, "invalid silence: at least one matcher required");
  silence = MakeSilence();
  silence.matchers = {Matcher::Equal("", "x")};
  check(silence, "invalid silence: invalid label matcher 0: invalid label name \"\"");
  silence = MakeSilence();
  silence.ends_at = kSilenceNow - Minutes(1);
  check(silence, "invalid silence: end time must not be before start time");
  silence.ends_at = TimestampMs(0);
  check(silence, "invalid silence: invalid zero end timestamp");
}

// The matrix of updates: state of the one before, what is posted, and what comes of it.
TEST(Silences, UpdatesKeepTheIdWhereThePastIsNotRewritten) {
  const auto check = [](base::DurationMs age, const std::function<void(Silence&)>& change, bool same_id,
                        std::size_t written) {
    Silence before = MakeSilence();
    before.id = "old";
    Silence posted = before;
    change(posted);
    const TimestampMs now = kSilenceNow + age;
    const std::vector<Silence> plan = PlanSilence(&before, posted, now, "new");
    ASSERT_EQ(plan.size(), written);
    EXPECT_EQ(plan.back().id, same_id ? "old" : "new");
    EXPECT_EQ(plan.back().updated_at, now);
    if (written == 2) {
      EXPECT_EQ(plan.front().id, "old");
      EXPECT_EQ(StateOf(plan.front(), now), SilenceState::kExpired);
    }
    if (!same_id) {
      EXPECT_GE(plan.back().starts_at, now);
    }
  };
  const auto nothing = [](Silence&) {};
  const auto longer = [](Silence& s) { s.ends_at = s.ends_at + Minutes(60); };
  const auto in_the_past = [](Silence& s) { s.ends_at = kSilenceNow + Minutes(5); };
  const auto earlier = [](Silence& s) { s.starts_at = kSilenceNow - Minutes(5); };
  const auto same_second = [](Silence& s) { s.starts_at = s.starts_at + base::Milliseconds(400); };
  const auto others = [](Silence& s) { s.matchers = {Matcher::Equal("model", "ranker")}; };
  const auto comment = [](Silence& s) { s.comment = "later"; };
  // Active.
  check(Minutes(10), nothing, true, 1);
  check(Minutes(10), longer, true, 1);
  check(Minutes(10), comment, true, 1);
  check(Minutes(10), same_second, true, 1);
  check(Minutes(10), in_the_past, false, 2);
  check(Minutes(10), earlier, false, 2);
  check(Minutes(10), others, false, 2);
  // Pending.
  check(Minutes(0) - Minutes(10), nothing, true, 1);
  check(Minutes(0) - Minutes(10), longer, true, 1);
  check(Minutes(0) - Minutes(10), earlier, true, 1);
  check(Minutes(0) - Minutes(2), earlier, false, 2);  // That is past by now.
  check(Minutes(0) - Minutes(10), others, false, 2);
  // Over.
  check(Minutes(90), longer, false, 1);
  check(Minutes(90), nothing, false, 1);
}

TEST(Silences, AreMadeChangedAndEnded) {
  SilenceWorld world;
  Silence past = MakeSilence();
  past.starts_at = kSilenceNow - Minutes(30);
  const std::string id = world.Set(past);
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_EQ(world.silences->Current()->silences.at(id).starts_at, kSilenceNow);  // Not in the past.
  EXPECT_EQ(world.State(id), "active");
  Silence longer = world.silences->Current()->silences.at(id);
  longer.ends_at = kSilenceNow + Minutes(120);
  EXPECT_EQ(world.Set(longer), id);
  world.Restart();
  EXPECT_EQ(world.silences->Current()->silences.at(id).ends_at, kSilenceNow + Minutes(120));
  EXPECT_EQ(world.silences->Current()->silences.at(id).annotations.at("ticket"), "ML-42");
  EXPECT_TRUE(world.silences->Expire(id).ok());
  EXPECT_EQ(world.State(id), "expired");
  world.clock.Advance(Minutes(1));
  EXPECT_TRUE(world.silences->Expire(id).ok());  // Once more changes nothing.
  EXPECT_EQ(world.silences->Current()->silences.at(id).ends_at, kSilenceNow);
  EXPECT_EQ(world.silences->Expire("nobody").code(), base::StatusCode::kNotFound);
  longer.id = "nobody";
  EXPECT_EQ(world.silences->Set(longer).status().code(), base::StatusCode::kNotFound);
  EXPECT_THAT(world.metrics->WriteText(), HasSubstr("alertmanager_silences{state=\"expired\"} 1"));
  world.clock.Advance(base::Hours(121));
  world.Set(MakeSilence("other"));
  EXPECT_EQ(world.State(id), "none");  // Its retention is over.
  world.Restart();
  EXPECT_EQ(world.State(id), "none");
}

TEST(Silences, LimitsAreSaid) {
  SilenceWorld world;
  world.silences->SetLimits({.silences_max = 2, .bytes_max = 100, .retention = Minutes(1)});
  world.Set(MakeSilence("a"));
  const std::string id = world.Set(MakeSilence("b"));
  EXPECT_EQ(world.silences->Set(MakeSilence("c")).status().message(),
            "exceeded maximum number of silences: 2 (limit: 2)");
  Silence same = world.silences->Current()->silences.at(id);
  same.comment = std::string(100, 'x');
  EXPECT_THAT(world.silences->Set(same).status().message(), HasSubstr("silence exceeded maximum size: "));
  same.comment = "y";
  EXPECT_EQ(world.Set(same), id);
}

// Two people work at once: whatever the order of their steps, each finds everything that both did.
TEST(Silences, TwoWritersInterleavedInEveryOrderLoseNothing) {
  for (unsigned order = 0; order < 64; ++order) {
    if (std::popcount(order) != 3) continue;  // Three steps each.
    SilenceWorld world;
    struct Writer {
      int step = 0;
      std::string id;
    };
    Writer writers[2];
    for (unsigned turn = 0; turn < 6; ++turn) {
      const unsigned who = order >> turn & 1;
      Writer& writer = writers[who];
      switch (writer.step++) {
        case 0: writer.id = world.Set(MakeSilence(who == 0 ? "a" : "b")); break;
        case 1: {
          Silence longer = world.silences->Current()->silences.at(writer.id);
          longer.ends_at = kSilenceNow + Minutes(90);
          EXPECT_EQ(world.Set(longer), writer.id);
          break;
        }
        default:
          if (who == 0) {
            EXPECT_TRUE(world.silences->Expire(writer.id).ok());
          }
      }
    }
    for (int restart = 0; restart < 2; ++restart) {
      EXPECT_EQ(world.silences->Current()->silences.size(), 2U);
      EXPECT_EQ(world.State(writers[0].id), "expired") << order;
      EXPECT_EQ(world.State(writers[1].id), "active") << order;
      EXPECT_EQ(world.silences->Current()->silences.at(writers[1].id).ends_at, kSilenceNow + Minutes(90));
      world.Restart();
    }
  }
}

TEST(SilencesThreads, ManyWritersLoseNothing) {
  SilenceWorld world;
  constexpr int kEach = 50;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&world, i] {
        for (int n = 0; n < kEach; ++n) {
          const auto id = world.silences->Set(MakeSilence(std::to_string(i * kEach + n)));
          if (n % 2 == 0) static_cast<void>(world.silences->Expire(*id));
        }
      });
    }
  }
  world.Restart();
  const auto set = world.silences->Current();
  EXPECT_EQ(set->silences.size(), 4U * kEach);
  EXPECT_EQ(std::count_if(set->silences.begin(), set->silences.end(),
                          [](const auto& e) { return StateOf(e.second, kSilenceNow) == SilenceState::kExpired; }),
            2 * kEach);
}

}  // namespace
}  // namespace bellwether::notify
