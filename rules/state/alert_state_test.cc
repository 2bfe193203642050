#include "rules/state/alert_state.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using base::Minutes;
using base::Seconds;
using base::TimestampMs;

TimestampMs StateMinute(std::int64_t n) { return TimestampMs(0) + Minutes(n); }

// One evaluation a minute; '1': the condition holds, '0': it does not. Writes the state after each: 'p' pending, 'F'
// firing, 'r' resolved and remembered, '.' nothing known; and behind a colon the minutes at which something is sent.
std::string Timeline(std::string_view conditions, const HoldPolicy& policy) {
  std::string states;
  std::string sent;
  std::optional<Alert> alert;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const TimestampMs now = StateMinute(static_cast<std::int64_t>(i));
    const bool holds = conditions[i] == '1';
    if (!alert && holds) alert.emplace();
    if (alert && EndsAlert(Advance(*alert, holds ? Condition::kHolds : Condition::kClear, now, policy))) alert.reset();
    if (!alert) {
      states += '.';
      continue;
    }
    states += alert->state == AlertState::kPending ? 'p' : alert->state == AlertState::kFiring ? 'F' : 'r';
    if (DecideSend(*alert, now, Minutes(1)) != SendReason::kNone) {
      alert->last_sent_at = now;
      sent += " " + std::to_string(i);
    }
  }
  return states + ":" + sent;
}

TEST(AlertStateTest, FollowsTheTableOfStates) {
  const auto minutes = [](std::int64_t hold, std::int64_t keep) { return HoldPolicy{Minutes(hold), Minutes(keep)}; };
  EXPECT_EQ(Timeline("0110", minutes(2, 0)), ".pp.:");
  EXPECT_EQ(Timeline("01110", minutes(2, 0)), ".ppFr: 3 4");
  EXPECT_EQ(Timeline("110", minutes(0, 0)), "FFr: 0 2");
  EXPECT_EQ(Timeline("11111", minutes(0, 0)), "FFFFF: 0 2 4") << "resent strictly later than the delay";
  EXPECT_EQ(Timeline("100", minutes(0, 2)), "FFF: 0 2") << "lingers";
  EXPECT_EQ(Timeline("1000", minutes(0, 2)), "FFFr: 0 2 3");
  EXPECT_EQ(Timeline("10010000", minutes(0, 3)), "FFFFFFFr: 0 2 4 6 7")
      << "the condition came back: lingering begins anew";
  EXPECT_EQ(Timeline("101", minutes(0, 0)), "FrF: 0 1 2") << "a new spell after a resolved one";
  EXPECT_EQ(Timeline("11101", minutes(2, 0)), "ppFrp: 2 3");
  EXPECT_EQ(Timeline("100000000000000000", minutes(0, 0)), "Frrrrrrrrrrrrrrrr.: 0 1 3 5 7 9 11 13 15")
      << "remembered for fifteen minutes";
}

TEST(AlertStateTest, KeepsTheStartOfTheSpell) {
  const HoldPolicy policy{Minutes(2), Minutes(0)};
  Alert alert;
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(5), policy), Transition::kBecamePending);
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(6), policy), Transition::kNone);
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(7), policy), Transition::kFired);
  EXPECT_EQ(alert.active_at, StateMinute(5));
  EXPECT_EQ(alert.fired_at, StateMinute(7));
  EXPECT_EQ(Advance(alert, Condition::kClear, StateMinute(9), policy), Transition::kResolved);
  EXPECT_EQ(alert.fired_at, StateMinute(7));
  EXPECT_EQ(alert.resolved_at, StateMinute(9));
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(10), policy), Transition::kBecamePending);
  EXPECT_EQ(alert, (Alert{.state = AlertState::kPending, .active_at = StateMinute(10)}));
}

TEST(AlertStateTest, ReturnsToPendingWhenTheHoldIsRaised) {
  Alert alert;
  ASSERT_EQ(Advance(alert, Condition::kHolds, StateMinute(0), {Minutes(0), Minutes(0)}), Transition::kFired);
  alert.last_sent_at = StateMinute(0);
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(1), {Minutes(5), Minutes(0)}),
            Transition::kReturnedToPending);
  EXPECT_EQ(alert, (Alert{.state = AlertState::kPending, .active_at = StateMinute(0)}));
  EXPECT_EQ(Advance(alert, Condition::kHolds, StateMinute(5), {Minutes(5), Minutes(0)}), Transition::kFired);
  EXPECT_EQ(alert.fired_at, StateMinute(5));
}

TEST(AlertStateTest, DecidesWhatIsSent) {
  const auto decide = [](const Alert& alert, TimestampMs now) { return DecideSend(alert, now, Minutes(1)); };
  EXPECT_EQ(decide({.state = AlertState::kPending}, StateMinute(9)), SendReason::kNone);
  Alert firing{.state = AlertState::kFiring, .fired_at = StateMinute(1)};
  EXPECT_EQ(decide(firing, StateMinute(1)), SendReason::kFirst);
  firing.last_sent_at = StateMinute(1);
  EXPECT_EQ(decide(firing, StateMinute(2)), SendReason::kNone);
  EXPECT_EQ(decide(firing, StateMinute(2) + base::Milliseconds(1)), SendReason::kResend);
  Alert resolved{.state = AlertState::kInactive, .resolved_at = StateMinute(3), .last_sent_at = StateMinute(1)};
  EXPECT_EQ(decide(resolved, StateMinute(3)), SendReason::kResolved);
  resolved.last_sent_at = StateMinute(3);
  EXPECT_EQ(decide(resolved, StateMinute(3)), SendReason::kNone);
  EXPECT_EQ(decide(resolved, StateMinute(5)), SendReason::kResend);
  EXPECT_EQ(ValidUntil(StateMinute(10), Seconds(30), Minutes(1)), StateMinute(14));
  EXPECT_EQ(ValidUntil(StateMinute(10), Minutes(2), Minutes(1)), StateMinute(18));
}

TEST(AlertStateTest, StartsAPendingAlertAnewAfterALongPause) {
  const Alert pending{.state = AlertState::kPending};
  const Alert firing{.state = AlertState::kFiring, .fired_at = StateMinute(0)};
  EXPECT_TRUE(SurvivesPause(pending, base::Hours(1), base::Hours(1)));
  EXPECT_FALSE(SurvivesPause(pending, base::Hours(1) + base::Milliseconds(1), base::Hours(1)));
  EXPECT_TRUE(SurvivesPause(firing, base::Days(9), base::Hours(1)));
}

TEST(AlertStateTest, ReadsAlertsForState) {
  // for: 30m, active since minute 0.
  const auto restored = [](std::int64_t down, std::int64_t now) {
    return RestoredActiveAt(StateMinute(0), StateMinute(down), StateMinute(now), Minutes(30));
  };
  EXPECT_EQ(restored(40, 50), StateMinute(0)) << "fires at once";
  EXPECT_EQ(restored(30, 50), StateMinute(0));
  EXPECT_EQ(restored(25, 50), StateMinute(30)) << "five minutes were left: the grace period is";
  EXPECT_EQ(restored(10, 50), StateMinute(40)) << "twenty were left: they are still";
}

// Random conditions against the rules said in words, one at a time.
TEST(AlertStateTest, HoldsItsInvariantsOnRandomTimelines) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const HoldPolicy policy{Seconds(static_cast<std::int64_t>(random() % 5) * 20),
                            Seconds(static_cast<std::int64_t>(random() % 4) * 25)};
    std::optional<Alert> alert;
    std::optional<TimestampMs> holds_since;  // Of the unbroken run of true conditions.
    TimestampMs now(1000);
    for (int step = 0; step < 200; ++step) {
      now = now + Seconds(1 + static_cast<std::int64_t>(random() % 40));
      const bool holds = random() % 4 != 0;
      if (!holds) holds_since.reset();
      if (holds && !holds_since) holds_since = now;
      if (!alert && holds) alert.emplace();
      if (!alert) continue;
      const Alert before = *alert;
      const Transition transition = Advance(*alert, holds ? Condition::kHolds : Condition::kClear, now, policy);
      Alert again = *alert;
      if (!EndsAlert(transition)) {
        EXPECT_EQ(Advance(again, holds ? Condition::kHolds : Condition::kClear, now, policy), Transition::kNone);
        EXPECT_EQ(again, *alert) << "a repeated evaluation changes nothing";
      }
      if (holds) {
        EXPECT_NE(alert->state, AlertState::kInactive);
        EXPECT_FALSE(alert->keep_firing_since);
      } else {
        EXPECT_NE(alert->state, AlertState::kPending);
      }
      if (alert->state == AlertState::kPending) {
        EXPECT_EQ(alert->active_at, *holds_since);
        EXPECT_LT(now - alert->active_at, policy.hold);
      }
      if (alert->state == AlertState::kFiring) {
        ASSERT_TRUE(alert->fired_at);
        EXPECT_GE(*alert->fired_at - alert->active_at, policy.hold);
        if (before.state == AlertState::kFiring) {
          EXPECT_EQ(before.fired_at, alert->fired_at);
        }
        if (!holds) {
          EXPECT_LT(now - *alert->keep_firing_since, policy.keep_firing);
        }
      }
      if (alert->state == AlertState::kInactive && !EndsAlert(transition)) {
        EXPECT_LE(now - *alert->resolved_at, kResolvedRetention);
      }
      if (EndsAlert(transition)) alert.reset();
    }
  }
}

}  // namespace
}  // namespace bellwether::rules
