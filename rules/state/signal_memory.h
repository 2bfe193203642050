// rules/state/signal_memory.h
//
// Since when the series of a rule's signals have been true. Only those that are, or were until it is unknown, are
// remembered: what is false costs nothing. Belongs to one thread at a time; copying it is how a reload keeps clocks.
#pragma once

#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "rules/state/condition_clock.h"
#include "rules/state/threshold.h"
#include "rules/state/truth.h"

namespace bellwether::rules {

struct SeriesClock {
  ConditionClock clock;
  double value = std::numeric_limits<double>::quiet_NaN();  // Last known.
  bool dirty = true;                                        // Differs from what the state store has; not for the value.
};

// One series of a signal at an evaluation.
struct SeriesFinding {
  metric::Labels labels;
  double value = std::numeric_limits<double>::quiet_NaN();
  Truth begins = Truth::kUnknown;  // The condition.
  Truth ends = Truth::kUnknown;    // Its clear, for one that is on; without a clear, Not(begins).
};

// What became of it.
struct SeriesStanding {
  metric::Labels labels;
  double value = std::numeric_limits<double>::quiet_NaN();
  Truth holds = Truth::kUnknown;  // True for long enough, or not.
  ConditionClock clock;
  bool came = true;  // It had a sample; else it is remembered alone.
};

// What a signal's series are when they do not come.
struct SignalPolicy {
  base::DurationMs hold;
  base::DurationMs reset_after;
  Truth absent = Truth::kUnknown;
};

class SignalMemory {
 public:
  using Series = std::map<metric::Labels, SeriesClock>;

  // Moves the clocks of one signal to `now`: those of the findings, and those remembered whose series did not come. The
  // keys of clocks that end are kept for TakeForgotten.
  std::vector<SeriesStanding> Advance(const std::string& signal, std::span<const SeriesFinding> findings,
                                      base::TimestampMs now, const SignalPolicy& policy);

  // Drops what belongs to none of `signals`, all of them with their `for`. After a pause that is too long, the clocks
  // that had not run for it by `last_seen` begin anew.
  void KeepOnly(std::span<const std::string> signals);
  void RestartUnheldClocks(const std::string& signal, base::TimestampMs last_seen, base::DurationMs hold);

  void Insert(const std::string& signal, const metric::Labels& series, SeriesClock clock) {
    signals_[signal].insert_or_assign(series, clock);
  }
  [[nodiscard]] const std::map<std::string, Series>& signals() const { return signals_; }
  [[nodiscard]] std::vector<std::pair<std::string, metric::Labels>> TakeForgotten() {
    return std::exchange(forgotten_, {});
  }
  void MarkClean();

 private:
  std::map<std::string, Series> signals_;
  std::vector<std::pair<std::string, metric::Labels>> forgotten_;
};

}  // namespace bellwether::rules
