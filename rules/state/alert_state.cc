#include "rules/state/alert_state.h"

#include <algorithm>

namespace bellwether::rules {
namespace {

Transition BeginSpell(Alert& alert, base::TimestampMs now, const HoldPolicy& policy) {
  alert = Alert{.state = AlertState::kPending, .active_at = now};
  if (policy.hold > base::DurationMs(0)) return Transition::kBecamePending;
  alert.state = AlertState::kFiring;
  alert.fired_at = now;
  return Transition::kFired;
}

Transition AdvanceHolding(Alert& alert, base::TimestampMs now, const HoldPolicy& policy) {
  const bool held = now - alert.active_at >= policy.hold;
  switch (alert.state) {
    case AlertState::kInactive: return BeginSpell(alert, now, policy);
    case AlertState::kPending:
      if (!held) return Transition::kNone;
      alert.state = AlertState::kFiring;
      alert.fired_at = now;
      return Transition::kFired;
    case AlertState::kFiring:
      alert.keep_firing_since.reset();
      if (held) return Transition::kNone;
      alert = Alert{.state = AlertState::kPending, .active_at = alert.active_at};
      return Transition::kReturnedToPending;
  }
  return Transition::kNone;
}

bool Lingers(Alert& alert, base::TimestampMs now, const HoldPolicy& policy) {
  if (policy.keep_firing <= base::DurationMs(0)) return false;
  if (!alert.keep_firing_since) alert.keep_firing_since = now;
  return now - *alert.keep_firing_since < policy.keep_firing;
}

Transition AdvanceClear(Alert& alert, base::TimestampMs now, const HoldPolicy& policy) {
  switch (alert.state) {
    case AlertState::kInactive:
      return !alert.resolved_at || now - *alert.resolved_at > kResolvedRetention ? Transition::kForgotten
                                                                                 : Transition::kNone;
    case AlertState::kPending: alert.state = AlertState::kInactive; return Transition::kWithdrawn;
    case AlertState::kFiring:
      if (Lingers(alert, now, policy)) return Transition::kNone;
      alert.state = AlertState::kInactive;
      alert.resolved_at = now;
      return Transition::kResolved;
  }
  return Transition::kNone;
}

}  // namespace

std::string_view AlertStateName(AlertState state) {
  switch (state) {
    case AlertState::kInactive: return "inactive";
    case AlertState::kPending: return "pending";
    case AlertState::kFiring: return "firing";
  }
  return "inactive";
}

std::string_view TransitionReason(Transition transition) {
  switch (transition) {
    case Transition::kBecamePending: return "became pending";
    case Transition::kFired: return "fired";
    case Transition::kReturnedToPending: return "returned to pending";
    case Transition::kWithdrawn: return "withdrawn";
    case Transition::kResolved: return "resolved";
    case Transition::kNone:
    case Transition::kForgotten: return "";
  }
  return "";
}

Transition Advance(Alert& alert, Condition condition, base::TimestampMs now, const HoldPolicy& policy) {
  return condition == Condition::kHolds ? AdvanceHolding(alert, now, policy) : AdvanceClear(alert, now, policy);
}

SendReason DecideSend(const Alert& alert, base::TimestampMs now, base::DurationMs resend_delay) {
  if (alert.state == AlertState::kPending) return SendReason::kNone;
  if (alert.state == AlertState::kInactive && !alert.resolved_at) return SendReason::kNone;
  if (alert.resolved_at && (!alert.last_sent_at || *alert.resolved_at > *alert.last_sent_at)) {
    return SendReason::kResolved;
  }
  if (!alert.last_sent_at) return SendReason::kFirst;
  return *alert.last_sent_at + resend_delay < now ? SendReason::kResend : SendReason::kNone;
}

base::TimestampMs ValidUntil(base::TimestampMs now, base::DurationMs interval, base::DurationMs resend_delay) {
  return now + std::max(interval, resend_delay) * 4;
}

bool SurvivesPause(const Alert& alert, base::DurationMs paused, base::DurationMs tolerance) {
  return alert.state != AlertState::kPending || paused <= tolerance;
}

base::TimestampMs RestoredActiveAt(base::TimestampMs active_at, base::TimestampMs down_at, base::TimestampMs now,
                                   base::DurationMs hold) {
  const base::DurationMs remaining = hold - (down_at - active_at);
  if (remaining <= base::DurationMs(0)) return active_at;
  if (remaining < kGracePeriod) return now + kGracePeriod - hold;
  return active_at + (now - down_at);
}

}  // namespace bellwether::rules
