// rules/backtest/replay.h
//
// Runs a part of the groups of a backtest from slot to slot: the groups of the server, on a clock of their own, over a
// ReplayStorage. Parts share nothing but history and run at once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "rules/alert_sink.h"
#include "rules/backtest.h"
#include "rules/backtest/episode_recorder.h"
#include "rules/backtest/replay_storage.h"
#include "rules/backtest/rule_reads.h"
#include "rules/eval/alert_board.h"
#include "rules/eval/rule_group.h"
#include "rules/state/update_queue.h"
#include "rules/test_surroundings.h"
#include "storage/state_store.h"

namespace bellwether::rules {

class Replay {
 public:
  // The groups of `plan` with these numbers. Everything outlives the replay; `limits` are for this part.
  Replay(storage::Storage& history, std::span<const ReplayGroup> groups, const std::vector<std::size_t>& part,
         const ReplayPlan& plan, const BacktestOptions& options, const ReplayStorage::Limits& limits);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Evaluates the slots up to `until` that no earlier call has. kCancelled, kLimitExceeded, those of suppression.
  [[nodiscard]] base::Status RunUntil(base::TimestampMs until);

  // The lives that touch [start, end] of the options.
  [[nodiscard]] std::vector<AlertEpisode> TakeEpisodes();
  // Puts what came of the rules at the numbers of their groups.
  void FillRules(std::vector<std::vector<BacktestRule>>& by_group) const;

 private:
  struct RunningGroup {
    std::size_t number = 0;  // In the plan.
    std::unique_ptr<RuleGroup> group;
    base::TimestampMs next;
    std::vector<BacktestRule> rules;
  };

  [[nodiscard]] AlertSink& sink() { return surroundings_ == nullptr ? *nobody_ : surroundings_->sink(); }
  [[nodiscard]] RunningGroup* NextDue(base::TimestampMs until);
  [[nodiscard]] base::Status Evaluate(RunningGroup& running);

  const BacktestOptions& options_;
  base::SimulatedClock clock_;
  base::MetricsRegistry metrics_;
  std::unique_ptr<AlertSink> nobody_;
  ReplayStorage storage_;
  std::unique_ptr<storage::StateStore> state_;
  promql::Engine engine_;
  std::unique_ptr<TestSurroundings> surroundings_;  // May be null.
  UpdateQueue queue_;
  AlertBoard board_;
  EpisodeRecorder episodes_;
  std::vector<RunningGroup> groups_;
  base::TimestampMs maintained_;
};

}  // namespace bellwether::rules
