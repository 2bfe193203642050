// rules/backtest.h
//
// What rules would have done: rule files replayed over stored history on simulated time. The groups that run are those
// of the server, slot for slot, so the timeline is the one that the server would have written; what the rules record
// goes into memory, and what the store holds under the names that they record is hidden from them.
//
// What suppression would have left unsaid is told with each alert.
//
// Groups that read nothing of one another run at once. History is read in blocks, each decoded once.
//
// Before the time that is asked for, the replay warms up: for as long as the longest `for` and the ranges over what
// rules record need, so that an alert that began earlier is seen with its beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/rule_manager.h"
#include "rules/rule_text.h"
#include "rules/test_surroundings.h"
#include "storage/storage.h"

namespace bellwether::rules {

struct BacktestOptions {
  base::TimestampMs start;  // Both inclusive.
  base::TimestampMs end;
  std::optional<base::DurationMs> warm_up = std::nullopt;  // Nothing: what the rules need.
  RuleOptions rules = {};
  promql::EngineOptions engine = {};
  std::shared_ptr<const TestSurroundingsMaker> surroundings = nullptr;  // Null: no topology, and every alert is told.
  int threads = 1;
  std::size_t history_samples_max = 8'000'000;   // Of history kept decoded at once.
  std::size_t recorded_samples_max = 8'000'000;  // Of what rules record and others read back.
  std::stop_token stop = {};
  // Told now and then how much is done, from 0 to 1; from any of the threads, one at a time.
  std::function<void(double share)> progress = {};
};

// One life of an alert.
struct AlertEpisode {
  // While it fired: "held", "suppressed" by others, "told".
  struct Telling {
    base::TimestampMs at;
    std::string state;
    std::vector<std::string> by;  // Names of the alerts that explain it.
    friend bool operator==(const Telling&, const Telling&) = default;
  };
  struct Level {
    base::TimestampMs at;
    std::string severity;
    friend bool operator==(const Level&, const Level&) = default;
  };

  std::string file;
  std::string group;
  std::string alert;
  metric::Labels labels;            // Without the severity where that is the level.
  metric::Annotations annotations;  // When it fired.
  base::TimestampMs active_at;      // Pending since.
  bool began_before = false;        // At the first evaluation of the replay already.
  std::optional<base::TimestampMs> fired_at = std::nullopt;
  std::optional<base::TimestampMs> ended_at = std::nullopt;  // Nothing: it went on.
  std::string end_reason = {};                               // As in the history of transitions.
  double value = 0;                                          // When it fired, or became pending.
  std::vector<Level> levels = {};                            // Of rules with levels, from when each was taken.

  std::vector<Telling> tellings = {};  // Empty: it was told at once.

  // Whether anybody heard of it.
  [[nodiscard]] bool WasTold() const;

  friend bool operator==(const AlertEpisode&, const AlertEpisode&) = default;
};

struct BacktestRule {
  std::string file;
  std::string group;
  std::string name;
  bool alerting = false;
  std::vector<std::string> metrics;  // That it reads by name, also through rules that record.
  std::uint64_t evaluations = 0;
  std::uint64_t failures = 0;
  std::string last_error;
  std::uint64_t recorded = 0;  // Samples; of alerts those of ALERTS and ALERTS_FOR_STATE.
};

struct BacktestReport {
  base::TimestampMs start;
  base::TimestampMs end;
  base::DurationMs warm_up;
  std::vector<BacktestRule> rules;     // In the order of the files.
  std::vector<AlertEpisode> episodes;  // That touch [start, end], by when they began.
};

// Errors: kInvalidArgument (the faults of the files, a line each; times that make no sense or take for ever),
// kCancelled, kLimitExceeded (rules record and read more than recorded_samples_max), those of the store. A rule that
// fails is in the report.
[[nodiscard]] base::Result<BacktestReport> RunBacktest(storage::Storage& history, std::span<const RuleText> files,
                                                       const BacktestOptions& options);

// How the alerts of two rule sets over the same history differ. Alerts are the same by name and labels; their lives are
// paired where they overlap in time.
struct BacktestDifference {
  const AlertEpisode* before = nullptr;  // Null: only in the second.
  const AlertEpisode* after = nullptr;   // Null: only in the first.
};
// The pairs that differ in when they fired, ended or changed levels, and the lives without a counterpart; by time. An
// alert that never fired is left out. Points into the reports.
[[nodiscard]] std::vector<BacktestDifference> CompareBacktests(const BacktestReport& before,
                                                               const BacktestReport& after);

}  // namespace bellwether::rules
