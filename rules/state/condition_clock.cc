#include "rules/state/condition_clock.h"

namespace bellwether::rules {

void Advance(ConditionClock& clock, Truth condition, base::TimestampMs now, base::DurationMs reset_after) {
  switch (condition) {
    case Truth::kFalse: clock = {}; return;
    case Truth::kTrue:
      if (!clock.since) {
        clock.since = now;
      } else if (clock.stopped_at) {
        clock.since = *clock.since + (now - *clock.stopped_at);
      }
      clock.stopped_at.reset();
      return;
    case Truth::kUnknown:
      if (!clock.since) return;
      if (!clock.stopped_at) clock.stopped_at = now;
      if (now - *clock.stopped_at >= reset_after) clock = {};
      return;
  }
}

bool HasHeld(const ConditionClock& clock, base::TimestampMs now, base::DurationMs hold) {
  return clock.since && !clock.stopped_at && now - *clock.since >= hold;
}

}  // namespace bellwether::rules
