#include "rules/state/level_machine.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bellwether::rules {
namespace {

using Levels = std::span<const LevelRule>;

// The number of the level; as many as there are for one that is gone or nothing.
std::size_t NumberOf(const std::optional<std::string>& severity, Levels levels) {
  if (!severity) return levels.size();
  const auto found =
      std::find_if(levels.begin(), levels.end(), [&](const LevelRule& level) { return level.severity == *severity; });
  return static_cast<std::size_t>(found - levels.begin());
}

void AdvanceClocks(LevelProgress& progress, std::span<const Truth> holds, base::TimestampMs now,
                   const LevelPolicy& policy) {
  std::vector<LevelProgress::LevelClock> clocks;
  for (std::size_t i = 0; i < policy.levels.size(); ++i) {
    const std::string& severity = policy.levels[i].severity;
    const ConditionClock* before = progress.ClockOf(severity);
    ConditionClock clock = before == nullptr ? ConditionClock() : *before;
    Advance(clock, holds[i], now, policy.reset_after);
    if (clock.running()) clocks.push_back({severity, clock});
  }
  progress.clocks = std::move(clocks);
}

bool IsReached(const LevelProgress& progress, const LevelRule& level, base::TimestampMs now) {
  const ConditionClock* clock = progress.ClockOf(level.severity);
  return clock != nullptr && HasHeld(*clock, now, level.hold);
}

// The highest level without `after` that is reached, above `floor`.
std::optional<std::size_t> HighestReached(const LevelProgress& progress, Levels levels, base::TimestampMs now,
                                          std::size_t floor) {
  for (std::size_t i = levels.size(); i > floor; --i) {
    if (!levels[i - 1].after && IsReached(progress, levels[i - 1], now)) return i - 1;
  }
  return std::nullopt;
}

Transition AdvanceNotFiring(Alert& alert, LevelProgress& progress, std::span<const Truth> holds, base::TimestampMs now,
                            Levels levels) {
  const auto reached = HighestReached(progress, levels, now, 0);
  if (!reached && progress.clocks.empty()) {
    progress.level.reset();
    return Advance(alert, Condition::kClear, now, {});
  }
  const bool was_inactive = alert.state == AlertState::kInactive;
  if (was_inactive) alert = Alert{.state = AlertState::kPending, .active_at = now};
  if (reached) {
    alert.state = AlertState::kFiring;
    alert.fired_at = now;
    progress.base = progress.lowest = levels[*reached].severity;
    return Transition::kFired;
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!levels[i].after && holds[i] == Truth::kTrue) progress.level = levels[i].severity;
  }
  if (!progress.level) progress.level = progress.clocks.front().severity;
  return was_inactive ? Transition::kBecamePending : Transition::kNone;
}

// Where an alert goes whose level's condition is known to be false.
struct Descent {
  enum class Kind : std::uint8_t { kTo, kStay, kOver } kind = Kind::kStay;
  std::size_t level = 0;  // kTo only.
};

Descent DecideDescent(std::span<const Truth> holds, Levels levels, std::size_t present) {
  for (const Truth wanted : {Truth::kTrue, Truth::kUnknown}) {
    for (std::size_t i = present; i > 0; --i) {
      if (!levels[i - 1].after && holds[i - 1] == wanted) return {Descent::Kind::kTo, i - 1};
    }
  }
  for (std::size_t i = present + 1; i < levels.size(); ++i) {
    if (!levels[i].after && holds[i] != Truth::kFalse) return {Descent::Kind::kStay, 0};
  }
  return {Descent::Kind::kOver, 0};
}

Transition AdvanceFiring(Alert& alert, LevelProgress& progress, std::span<const Truth> holds, base::TimestampMs now,
                         const LevelPolicy& policy) {
  const Levels levels = policy.levels;
  const std::size_t present = NumberOf(progress.base, levels);
  if (const auto up = HighestReached(progress, levels, now, std::min(present + 1, levels.size()))) {
    progress.base = levels[*up].severity;
  } else if (present == levels.size() || holds[present] == Truth::kFalse) {
    const Descent descent = DecideDescent(holds, levels, present);
    if (descent.kind == Descent::Kind::kOver) {
      const Transition transition = Advance(alert, Condition::kClear, now, {{}, policy.keep_firing});
      if (NumberOf(progress.lowest, levels) < levels.size()) progress.base = progress.lowest;
      return transition;
    }
    if (descent.kind == Descent::Kind::kTo) progress.base = levels[descent.level].severity;
  }
  alert.keep_firing_since.reset();
  if (NumberOf(progress.base, levels) < NumberOf(progress.lowest, levels)) progress.lowest = progress.base;
  return Transition::kNone;
}

// Levels with `after`; those that were reached stay.
void AdvanceStuck(const Alert& alert, LevelProgress& progress, std::span<const Truth> holds, Acknowledged acknowledged,
                  base::TimestampMs now, Levels levels) {
  constexpr base::DurationMs kNever = base::Days(36500);
  Advance(progress.unacknowledged, acknowledged == Acknowledged::kYes ? Truth::kUnknown : Truth::kTrue, now, kNever);
  if (alert.keep_firing_since) return;
  for (std::size_t i = levels.size(); i > 0; --i) {
    const LevelRule& level = levels[i - 1];
    if (progress.stuck == level.severity) return;
    if (!level.after || holds[i - 1] != Truth::kTrue || !IsReached(progress, level, now)) continue;
    if (!HasHeld(progress.unacknowledged, now, *level.after)) continue;
    progress.stuck = level.severity;
    return;
  }
}

// The higher of what conditions and `after` say.
const std::optional<std::string>& PresentLevel(const LevelProgress& progress, Levels levels) {
  const std::size_t stuck = NumberOf(progress.stuck, levels);
  const std::size_t base = NumberOf(progress.base, levels);
  return stuck < levels.size() && (base == levels.size() || stuck > base) ? progress.stuck : progress.base;
}

void ForgetSpell(LevelProgress& progress) {
  progress.level = progress.base = progress.lowest = progress.stuck = std::nullopt;
  progress.unacknowledged = {};
}

}  // namespace

const ConditionClock* LevelProgress::ClockOf(std::string_view severity) const {
  for (const LevelClock& clock : clocks) {
    if (clock.severity == severity) return &clock.clock;
  }
  return nullptr;
}

bool IsOn(const Alert& alert, const LevelProgress& progress, const LevelRule& level) {
  return progress.ClockOf(level.severity) != nullptr ||
         (alert.state == AlertState::kFiring && !alert.keep_firing_since && progress.base == level.severity);
}

Transition AdvanceLevels(Alert& alert, LevelProgress& progress, std::span<const Truth> holds, Acknowledged acknowledged,
                         base::TimestampMs now, const LevelPolicy& policy) {
  AdvanceClocks(progress, holds, now, policy);
  const Transition transition = alert.state == AlertState::kFiring
                                    ? AdvanceFiring(alert, progress, holds, now, policy)
                                    : AdvanceNotFiring(alert, progress, holds, now, policy.levels);
  if (alert.state == AlertState::kInactive) ForgetSpell(progress);
  if (alert.state != AlertState::kFiring) return transition;
  AdvanceStuck(alert, progress, holds, acknowledged, now, policy.levels);
  const std::optional<std::string>& level = PresentLevel(progress, policy.levels);
  if (transition == Transition::kFired || progress.level != level) progress.level_since = now;
  progress.level = level;
  return transition;
}

Transition EndAlert(Alert& alert, LevelProgress& progress, base::TimestampMs now) {
  const Transition transition = Advance(alert, Condition::kClear, now, {});
  progress.clocks.clear();
  if (alert.state == AlertState::kInactive) ForgetSpell(progress);
  return transition;
}

void RestartUnheldClocks(LevelProgress& progress, base::TimestampMs last_seen, std::span<const LevelRule> levels) {
  std::erase_if(progress.clocks, [&](const LevelProgress::LevelClock& clock) {
    const std::size_t number = NumberOf(clock.severity, levels);
    return number == levels.size() || !HasHeld(clock.clock, last_seen, levels[number].hold);
  });
}

}  // namespace bellwether::rules
