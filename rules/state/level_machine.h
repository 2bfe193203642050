// rules/state/level_machine.h
//
// The life of an alert with levels: which one it has, given what is known of each level's condition now. One instance
// has one level. The machine only decides; see rules/state/alert_state.h for what becomes of decisions.
//
// Up: a level is reached when its condition has been true for its hold; every level's clock runs from when its
// condition began, also while a higher one holds. Down: when the condition of the present level is known to be false,
// the alert takes the highest lower level whose condition is true now, however young; else the highest whose condition
// is unknown, for unknown does not resolve; else it stays, while a higher level's condition is true (and too young) or
// unknown. When none holds, it lingers (keep_firing) on the lowest level it has had, once, and resolves.
//
// A level with `after` is reached when its condition holds and the alert has been firing, unacknowledged, for that
// long; it then stays until the alert ends, whatever the conditions of other levels say.
//
// Levels are remembered by severity, not by number, so that a reload may add and remove some. An alert whose level is
// gone is treated as coming down from above all levels.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "rules/state/alert_state.h"
#include "rules/state/condition_clock.h"
#include "rules/state/truth.h"

namespace bellwether::rules {

// A level as the machine sees it. Levels come from low to high.
struct LevelRule {
  std::string severity;  // Empty for the only level of a rule without levels.
  base::DurationMs hold;
  std::optional<base::DurationMs> after = std::nullopt;
  friend bool operator==(const LevelRule&, const LevelRule&) = default;
};

struct LevelPolicy {
  std::span<const LevelRule> levels;  // At least one.
  base::DurationMs keep_firing;
  base::DurationMs reset_after;  // Of clocks whose condition is unknown.
};

// What is remembered of one instance beside its Alert.
struct LevelProgress {
  struct LevelClock {
    std::string severity;
    ConditionClock clock;
    friend bool operator==(const LevelClock&, const LevelClock&) = default;
  };
  std::vector<LevelClock> clocks;     // Those that run.
  std::optional<std::string> level;   // The present one while firing; while pending, the highest whose condition holds.
  std::optional<std::string> base;    // The present one but for levels with `after`; so are all below, while firing.
  std::optional<std::string> lowest;  // That it has had.
  std::optional<std::string> stuck;   // The highest level with `after` that was reached.
  base::TimestampMs level_since;      // Meaningful while firing.
  ConditionClock unacknowledged;      // Firing and unacknowledged: true; acknowledged: unknown.

  [[nodiscard]] const ConditionClock* ClockOf(std::string_view severity) const;
  friend bool operator==(const LevelProgress&, const LevelProgress&) = default;
};

enum class Acknowledged : std::uint8_t { kNo, kYes };

// Whether the condition of `level` counts as on for its hysteresis: its clock runs, or it is the one the alert fires
// at.
[[nodiscard]] bool IsOn(const Alert& alert, const LevelProgress& progress, const LevelRule& level);

// Moves an alert to `now`. `holds`: each level's condition, with its clear. For a level that takes the condition of the
// one below, the same truth again. Returns what happened to the alert; whether its level moved shows in `progress`.
[[nodiscard]] Transition AdvanceLevels(Alert& alert, LevelProgress& progress, std::span<const Truth> holds,
                                       Acknowledged acknowledged, base::TimestampMs now, const LevelPolicy& policy);

// Ends a firing or pending alert without regard to its conditions.
[[nodiscard]] Transition EndAlert(Alert& alert, LevelProgress& progress, base::TimestampMs now);

// Resets the clocks that have not run for their hold: after a pause too long to know what was meanwhile.
void RestartUnheldClocks(LevelProgress& progress, base::TimestampMs last_seen, std::span<const LevelRule> levels);

}  // namespace bellwether::rules
