// rules/state/condition_clock.h
//
// Since when a condition has been true, where it is not always known. Time during which it is unknown does not count:
// the clock stops at the first evaluation that does not know, and goes on at the next that does. Unknown for long, it
// begins anew. Pure; time is an argument.
#pragma once

#include <optional>

#include "base/time.h"
#include "rules/state/truth.h"

namespace bellwether::rules {

struct ConditionClock {
  // Such that now - since is how long the condition has been true; moves on with the time that did not count.
  std::optional<base::TimestampMs> since = std::nullopt;
  std::optional<base::TimestampMs> stopped_at = std::nullopt;  // Unknown from then on; only with `since`.

  [[nodiscard]] bool running() const { return since.has_value(); }  // Stopped or not.
  friend bool operator==(const ConditionClock&, const ConditionClock&) = default;
};

// Moves the clock to `now`. Unknown for `reset_after` resets it. A repeated `now` is harmless.
void Advance(ConditionClock& clock, Truth condition, base::TimestampMs now, base::DurationMs reset_after);

// Whether the condition is true and has been for `hold`.
[[nodiscard]] bool HasHeld(const ConditionClock& clock, base::TimestampMs now, base::DurationMs hold);

}  // namespace bellwether::rules
