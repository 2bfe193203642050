// rules/state/alert_state.h
//
// The life of one alert: inactive -> pending -> firing -> inactive.
//
// This file only decides. It does not query, expand templates, store or send: given the state an alert had and whether
// its condition holds now, it says what the alert becomes and why, and whether the world is to hear of it. Time is an
// argument, so a week of alerting replays in a test at once.
//
// Invariants: pending => active_at <= now, nothing else is set. Firing => fired_at is set and, with the hold in force
// when it fired, fired_at >= active_at + hold. Inactive => resolved_at is set (an alert that was only pending is
// forgotten).
//
// Source: Prometheus rules/alerting.go (Eval, needsSending, sendAlerts); our differences are in docs/alerting.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace bellwether::rules {

enum class AlertState : std::uint8_t { kInactive = 0, kPending = 1, kFiring = 2 };  // Stored: values are frozen.

// "inactive", "pending", "firing".
[[nodiscard]] std::string_view AlertStateName(AlertState state);

// Whether the alert's label set is in the result of the rule's expression.
enum class Condition : std::uint8_t { kClear, kHolds };

// What an evaluation did to an alert.
enum class Transition : std::uint8_t {
  kNone,
  kBecamePending,      // A new spell began.
  kFired,              // It held for long enough (for no hold: in the evaluation in which it began).
  kReturnedToPending,  // A reload raised the hold above the time that the alert has been active.
  kWithdrawn,          // It ended while pending; forget it.
  kResolved,           // It ended while firing; it is remembered so that the end can be told again.
  kForgotten,          // The resolved alert was told for long enough; forget it.
};

// "became pending", "fired", "returned to pending", "withdrawn", "resolved"; empty for kNone and kForgotten.
[[nodiscard]] std::string_view TransitionReason(Transition transition);

// Whether nothing is left to remember of the alert.
[[nodiscard]] constexpr bool EndsAlert(Transition t) {
  return t == Transition::kWithdrawn || t == Transition::kForgotten;
}

struct HoldPolicy {
  base::DurationMs hold;         // The condition must last this long before firing; 0 fires at once.
  base::DurationMs keep_firing;  // The alert lingers this long after the condition ended; 0 resolves at once.
};

struct Alert {
  AlertState state = AlertState::kInactive;
  base::TimestampMs active_at{};  // First evaluation of this spell; meaningful unless inactive and never active.
  std::optional<base::TimestampMs> fired_at = std::nullopt;
  std::optional<base::TimestampMs> keep_firing_since =
      std::nullopt;  // First evaluation without the condition, while firing.
  std::optional<base::TimestampMs> resolved_at = std::nullopt;
  std::optional<base::TimestampMs> last_sent_at = std::nullopt;
  friend bool operator==(const Alert&, const Alert&) = default;
};

// How long a resolved alert is remembered and told.
inline constexpr base::DurationMs kResolvedRetention = base::Minutes(15);

// Moves `alert` to `now` and says what happened. A repeated `now` is harmless. Cannot fail, allocates nothing; distinct
// alerts may be advanced concurrently.
[[nodiscard]] Transition Advance(Alert& alert, Condition condition, base::TimestampMs now, const HoldPolicy& policy);

// Whether to tell the world about an alert after an evaluation at `now`, and why.
enum class SendReason : std::uint8_t {
  kNone,
  kFirst,     // Firing and never told.
  kResolved,  // Ended since it was last told.
  kResend,    // Told, but more than the resend delay ago.
};
[[nodiscard]] SendReason DecideSend(const Alert& alert, base::TimestampMs now, base::DurationMs resend_delay);

// Until when a firing alert told at `now` is good if nothing more is heard: two evaluations or messages may be lost.
[[nodiscard]] base::TimestampMs ValidUntil(base::TimestampMs now, base::DurationMs interval,
                                           base::DurationMs resend_delay);

// Whether an alert that was remembered over a pause goes on. `paused` is the time between the last evaluation before
// the pause and the first one after it. A pending alert paused for longer than `tolerance` starts anew: too little is
// known of its condition meanwhile. Firing and resolved alerts always go on.
[[nodiscard]] bool SurvivesPause(const Alert& alert, base::DurationMs paused, base::DurationMs tolerance);

// What the last ALERTS_FOR_STATE sample before a start says of an alert: it was active since `active_at`, and was last
// seen so at `down_at`. The time at which the alert, pending again at `now`, counts as active since; the grace period
// leaves it at least that long to clear. Prometheus's rule for a move from there, where no state of ours exists.
inline constexpr base::DurationMs kGracePeriod = base::Minutes(10);
[[nodiscard]] base::TimestampMs RestoredActiveAt(base::TimestampMs active_at, base::TimestampMs down_at,
                                                 base::TimestampMs now, base::DurationMs hold);

}  // namespace bellwether::rules
