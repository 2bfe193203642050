// rules/state/leveled_alert.h
//
// What is remembered of an alert of a rule with levels or signals beside what every alert has: which instance it is,
// how far its levels are, and under which label set the world knows it.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "rules/state/level_machine.h"
#include "rules/state/truth.h"

namespace bellwether::rules {

inline constexpr std::string_view kSeverityLabel = "severity";
inline constexpr std::string_view kNoDataLabel = "no_data";
inline constexpr std::string_view kMovedToAnnotation = "moved_to";  // Of the end of a level that the alert left.

// A signal as an instance sees it at an evaluation.
struct SignalStanding {
  std::string name;
  std::string condition = {};                               // "> 0.2"; empty: not a comparison with a number.
  Truth truth = Truth::kUnknown;                            // Whether it holds, its `for` included.
  bool pending = false;                                     // Its condition is true, its `for` not over.
  bool present = false;                                     // Series of it came.
  double value = std::numeric_limits<double>::quiet_NaN();  // The worst of its series; NaN: it has none.
  std::optional<base::TimestampMs> since;                   // When the condition of that series began.
  metric::Labels labels;                                    // Of that series.
  std::vector<metric::Labels> series;                       // Those that hold.

  // "true", "pending", "false", "unknown"
  [[nodiscard]] std::string StateName() const { return std::string(pending ? "pending" : TruthName(truth)); }
};

inline constexpr std::size_t kLevelHistoryMax = 10;

struct LeveledAlert {
  metric::Labels source;  // What identifies the instance in the results of queries.
  LevelProgress progress;
  bool no_data = false;                         // It fires because there are no data.
  std::optional<base::TimestampMs> away_since;  // No series of the instance since then.
  metric::Labels told;                          // Under which it was told last as firing; empty: it was not.
  base::TimestampMs told_since;                 // Since when it was that, as told.
  std::vector<metric::AlertLevel> history;      // The levels that were told, oldest first; at most kLevelHistoryMax.
  std::string condition;                        // Of its level, "above 0.2"; not stored.
  std::vector<SignalStanding> signals;          // As of the last evaluation; not stored.
};

}  // namespace bellwether::rules
