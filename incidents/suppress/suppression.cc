#include "incidents/suppress/suppression.h"

#include <algorithm>

namespace bellwether::incidents {
namespace {

void NoteSituation(SuppressionMemory& memory, const Situation& situation, base::TimestampMs now) {
  if (situation.blocked) {
    if (!memory.suppressed_since) memory.suppressed_since = now;
    memory.freed_at.reset();
    memory.extension = situation.extension;
    memory.max = situation.max;
  } else if (memory.blocked) {
    memory.freed_at = now;
  }
  memory.blocked = situation.blocked;
  if (memory.suppressed_since && now >= *memory.suppressed_since + memory.max) memory.exhausted = true;
}

}  // namespace

SuppressionDecision DecideSuppression(SuppressionMemory& memory, const Situation& situation, base::TimestampMs now) {
  NoteSituation(memory, situation, now);
  memory.held = false;
  if (memory.exhausted) {
    memory.told = true;
    SuppressionDecision decision;
    if (situation.blocked) decision.reason = SuppressionReason::kExhausted;
    return decision;
  }
  if (memory.blocked) {
    return {Verdict::kSuppress, SuppressionReason::kBlocked, *memory.suppressed_since,
            *memory.suppressed_since + memory.max};
  }
  if (memory.freed_at && now < *memory.freed_at + memory.extension) {
    return {Verdict::kSuppress, SuppressionReason::kExtension, *memory.suppressed_since,
            std::min(*memory.freed_at + memory.extension, *memory.suppressed_since + memory.max)};
  }
  memory.suppressed_since.reset();
  memory.freed_at.reset();
  if (!memory.told && now < memory.first_seen + situation.wait) {
    memory.held = true;
    return {Verdict::kHold, SuppressionReason::kWaits, memory.first_seen, memory.first_seen + situation.wait};
  }
  memory.told = true;
  return {};
}

}  // namespace bellwether::incidents
