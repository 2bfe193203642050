// incidents/suppress/suppression.h
//
// Whether an alert that fires is told now, waits, or is suppressed: a pure decision of what blocks it, what is
// remembered of it, and the time.
//
//   new alert that could be blocked -> held for `wait`, so that a slower cause can appear
//   blocked                         -> suppressed, at most for `max`
//   last blocker ended              -> suppressed for `extension` more, so that it can end too
//   otherwise                       -> told
//
// An alert that was told stays told: it is suppressed for the words that are still to come, and goes on being sent to
// whoever would let it expire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "incidents/suppression.h"

namespace bellwether::incidents {

// What is remembered of an alert between decisions.
struct SuppressionMemory {
  base::TimestampMs first_seen;  // Held from then on.
  bool told = false;
  bool held = false;  // As last decided; likewise `blocked`.
  bool blocked = false;
  std::optional<base::TimestampMs> suppressed_since;
  std::optional<base::TimestampMs> freed_at;  // When the last blocker ended; the extension runs.
  base::DurationMs extension{0};              // Of what blocked it last; likewise `max`.
  base::DurationMs max{0};
  bool exhausted = false;  // It was suppressed for as long as may be; it is not again.
  std::string note = {};   // What is said with it from then on.
  friend bool operator==(const SuppressionMemory&, const SuppressionMemory&) = default;
};

// What an alert is in.
struct Situation {
  bool blocked = false;
  base::DurationMs extension{0};  // Of its blockers, the longest; likewise `max`.
  base::DurationMs max{0};
  base::DurationMs wait{0};  // For what may yet block it; 0: nothing may.
};

enum class SuppressionReason : std::uint8_t { kNone, kWaits, kBlocked, kExtension, kExhausted };

struct SuppressionDecision {
  Verdict verdict = Verdict::kTell;
  SuppressionReason reason = SuppressionReason::kNone;
  base::TimestampMs since;                     // Held or suppressed since then.
  std::optional<base::TimestampMs> ask_again;  // Decide anew then, at the latest.
};

// Decides at `now` and notes it in `memory`.
[[nodiscard]] SuppressionDecision DecideSuppression(SuppressionMemory& memory, const Situation& situation,
                                                    base::TimestampMs now);

}  // namespace bellwether::incidents
