#include "rules/state/level_machine.h"

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/state/threshold.h"

namespace bellwether::rules {
namespace {

using base::Minutes;
using base::TimestampMs;

constexpr base::DurationMs kInterval = Minutes(1);

// Truths as letters, one a level from low to high: "tf?".
std::vector<Truth> Truths(std::string_view letters) {
  std::vector<Truth> truths;
  for (const char c : letters) truths.push_back(c == 't' ? Truth::kTrue : c == 'f' ? Truth::kFalse : Truth::kUnknown);
  return truths;
}

class Machine {
 public:
  explicit Machine(std::vector<LevelRule> levels, base::DurationMs keep_firing = {})
      : levels_(std::move(levels)), keep_firing_(keep_firing) {}

  // One evaluation a word, a minute apart; the level after each, "-" for none, "p" for pending.
  std::string Run(const std::vector<std::string>& words, Acknowledged acknowledged = Acknowledged::kNo) {
    std::string seen;
    for (const std::string& word : words) {
      last_ =
          AdvanceLevels(alert_, progress_, Truths(word), acknowledged, now_, {levels_, keep_firing_, kInterval * 3});
      now_ = now_ + kInterval;
      if (!seen.empty()) seen += ' ';
      seen += alert_.state == AlertState::kFiring ? *progress_.level : alert_.state == AlertState::kPending ? "p" : "-";
    }
    return seen;
  }

 private:
  const std::vector<LevelRule> levels_;
  const base::DurationMs keep_firing_;
  Alert alert_;
  LevelProgress progress_;
  TimestampMs now_{0};
  Transition last_ = Transition::kNone;
};

std::vector<LevelRule> ThreeLevels() { return {{"a", {}}, {"b", Minutes(2)}, {"c", Minutes(1)}}; }

TEST(LevelMachineTest, ClocksRunFromWhenTheConditionBeganAlsoUnderAHigherLevel) {
  EXPECT_EQ(Machine(ThreeLevels()).Run({"tff", "ttf", "ttf", "ttf"}), "a a a b");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"ttt", "ttt", "ttf"}), "a c b") << "b is two minutes old";
}

TEST(LevelMachineTest, ComesDownToTheHighestThatHoldsHoweverYoung) {
  EXPECT_EQ(Machine(ThreeLevels()).Run({"fft", "fft", "ttf"}), "p c b") << "b is new";
  EXPECT_EQ(Machine(ThreeLevels()).Run({"fft", "fft", "tff"}), "p c a");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"fft", "fft", "fff"}), "p c -");
}

TEST(LevelMachineTest, StaysWhileAHigherConditionHoldsThatIsTooYoung) {
  EXPECT_EQ(Machine(ThreeLevels()).Run({"tff", "fft", "fft"}), "a a c");
}

TEST(LevelMachineTest, LingersOnceOnTheLowestLevelItHad) {
  EXPECT_EQ(Machine(ThreeLevels(), Minutes(2)).Run({"ttt", "ttt", "fff", "fff", "fff"}), "a c a a -");
  EXPECT_EQ(Machine(ThreeLevels(), Minutes(2)).Run({"fft", "fft", "fff", "fff", "fff"}), "p c c c -")
      << "it never had a lower one";
  EXPECT_EQ(Machine(ThreeLevels(), Minutes(2)).Run({"tff", "fff", "tff", "fff", "fff", "fff"}), "a a a a a -")
      << "a condition that holds again ends the lingering";
}

TEST(LevelMachineTest, UnknownNeitherFiresNorResolves) {
  EXPECT_EQ(Machine(ThreeLevels()).Run({"???", "???"}), "- -");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"tff", "???", "???", "???", "???", "???"}), "a a a a a a");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"ttt", "ttt", "t?f"}), "a c a") << "unknown does not hold";
  EXPECT_EQ(Machine(ThreeLevels()).Run({"ttt", "ttt", "f?f", "f?f", "fff"}), "a c b b -") << "but does not resolve";
  EXPECT_EQ(Machine(ThreeLevels()).Run({"ttt", "ttt", "?tf"}), "a c b");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"tff", "f?f"}), "a a");
  EXPECT_EQ(Machine(ThreeLevels()).Run({"fft", "ff?", "ff?", "ff?", "ff?"}), "p p p p -")
      << "after three intervals the clock is reset, and nothing is pending";
}

TEST(LevelMachineTest, AfterATimeUnacknowledgedAndThenUntilTheEnd) {
  const std::vector<LevelRule> levels = {{"a", {}}, {"b", {}, Minutes(2)}};
  EXPECT_EQ(Machine(levels).Run({"tt", "tt", "tt", "tf", "tt", "ff"}), "a a b b b -");
  EXPECT_EQ(Machine(levels).Run({"tt", "tt", "tf", "tt"}), "a a a b")
      << "its condition must hold when the time is over";
  Machine acknowledged(levels);
  EXPECT_EQ(acknowledged.Run({"tt"}), "a");
  EXPECT_EQ(acknowledged.Run({"tt", "tt", "tt"}, Acknowledged::kYes), "a a a") << "acknowledged time does not count";
  EXPECT_EQ(acknowledged.Run({"tt", "tt"}), "a b");
  EXPECT_EQ(Machine(levels, Minutes(1)).Run({"tt", "tt", "tt", "ff", "ff"}), "a a b b -") << "also while it lingers";
}

// The naive model: keeps the whole timeline and reads every level's age from it.
class NaiveModel {
 public:
  explicit NaiveModel(std::vector<LevelRule> levels) : levels_(std::move(levels)) {}

  int Next(const std::vector<Truth>& holds) {
    history_.push_back(holds);
    const int n = static_cast<int>(levels_.size());
    int reached = -1;
    for (int i = 0; i < n; ++i) {
      if (Age(i) >= levels_[static_cast<std::size_t>(i)].hold.ms / kInterval.ms) reached = i;
    }
    if (level_ < 0 || reached > level_) {
      level_ = reached > level_ ? reached : level_;
      return level_;
    }
    if (At(level_) != Truth::kFalse) return level_;
    for (int i = level_ - 1; i >= 0; --i) {
      if (At(i) == Truth::kTrue) return level_ = i;
    }
    for (int i = level_ - 1; i >= 0; --i) {
      if (At(i) == Truth::kUnknown) return level_ = i;
    }
    for (int i = level_ + 1; i < n; ++i) {
      if (At(i) != Truth::kFalse) return level_;
    }
    return level_ = -1;
  }

 private:
  [[nodiscard]] Truth At(int level) const { return history_.back()[static_cast<std::size_t>(level)]; }

  // How many intervals that count begin while the level is true, up to now; -1 if it is not true now.
  [[nodiscard]] int Age(int level) const {
    if (At(level) != Truth::kTrue) return -1;
    int age = 0;
    int unknown = 0;
    for (std::size_t i = history_.size() - 1; i > 0; --i) {
      const Truth before = history_[i - 1][static_cast<std::size_t>(level)];
      if (before == Truth::kFalse) break;
      unknown = before == Truth::kUnknown ? unknown + 1 : 0;
      if (unknown > 3) break;
      if (before == Truth::kTrue) ++age;
    }
    return age;
  }

  const std::vector<LevelRule> levels_;
  std::vector<std::vector<Truth>> history_;
  int level_ = -1;
};

TEST(LevelMachineTest, AgreesWithANaiveModelOnRandomTimelines) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<LevelRule> levels;
    for (const char* severity : {"a", "b", "c"})
      levels.push_back({severity, kInterval * static_cast<int>(random() % 4)});
    NaiveModel model(levels);
    Alert alert;
    LevelProgress progress;
    std::vector<Truth> holds = Truths("fff");
    for (int step = 0; step < 60; ++step) {
      for (Truth& truth : holds) {
        if (random() % 3 == 0) truth = static_cast<Truth>(random() % 3);
      }
      const TimestampMs now(step * kInterval.ms);
      [[maybe_unused]] const Transition transition =
          AdvanceLevels(alert, progress, holds, Acknowledged::kNo, now, {levels, {}, kInterval * 3});
      const int expected = model.Next(holds);
      const std::string level = alert.state == AlertState::kFiring ? *progress.level : "-";
      ASSERT_EQ(level, expected < 0 ? "-" : levels[static_cast<std::size_t>(expected)].severity)
          << "round " << round << ", step " << step;
      // A repeated evaluation changes nothing.
      const LevelProgress before = progress;
      ASSERT_EQ(
          AdvanceLevels(alert, progress, holds, Acknowledged::kNo, now, {levels, {}, kInterval * 3}),
          alert.state == AlertState::kInactive && !alert.resolved_at ? Transition::kForgotten : Transition::kNone);
      ASSERT_EQ(progress, before);
      if (alert.state == AlertState::kInactive) alert = Alert();
    }
  }
}

TEST(ThresholdTest, NeverOscillatesOnAConstantInput) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> value(-1, 2);
  for (int round = 0; round < 2000; ++round) {
    const Side side = random() % 2 == 0 ? Side::kAbove : Side::kBelow;
    const double bound = value(random);
    const double gap = random() % 3 == 0 ? 0 : std::abs(value(random));
    const Threshold threshold{side, bound, side == Side::kAbove ? bound - gap : bound + gap};
    bool on = random() % 2 == 0;
    // Also values that lie on the bounds.
    const double constant = random() % 4 == 0 ? (random() % 2 == 0 ? threshold.bound : threshold.clear) : value(random);
    std::optional<bool> settled;
    for (int i = 0; i < 4; ++i) {
      const Truth truth = Latched(IsBeyond(constant, side, bound), HasCleared(constant, threshold), on);
      ASSERT_NE(truth, Truth::kUnknown);
      on = truth == Truth::kTrue;
      ASSERT_EQ(on, settled.value_or(on)) << "round " << round;
      settled = on;
    }
  }
}

TEST(ThresholdTest, BeginsAtTheBoundAndEndsAtItsClear) {
  const Threshold drift{Side::kAbove, 0.2, 0.17};
  const auto run = [&](std::initializer_list<double> values) {
    std::string seen;
    bool on = false;
    for (const double v : values) {
      const Truth truth = Latched(IsBeyond(v, drift.side, drift.bound), HasCleared(v, drift), on);
      on = truth == Truth::kTrue || (truth == Truth::kUnknown && on);
      seen += truth == Truth::kTrue ? 't' : truth == Truth::kFalse ? 'f' : '?';
    }
    return seen;
  };
  EXPECT_EQ(run({0.18, 0.2, 0.21, 0.18, 0.17, 0.16, 0.18}), "fftttff");
  EXPECT_EQ(run({0.21, std::nan(""), 0.18}), "t?t");
}

}  // namespace
}  // namespace bellwether::rules
