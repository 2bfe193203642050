// rules/eval/rule_group.h
//
// A rule group as it runs: its rules, and the evaluation of one slot. Rules in order, one evaluation time for all; each
// rule's samples are visible to the next. Then one sync of the samples, then one batch in the state store with the new
// states of the alerts and the updates owed, then the updates are published to the queue.
//
// Where the state store fails, the alerts go on in memory and what was not written is written with the next slot's
// batch; nothing is told that was not written down.
//
// Threads: Snapshot is thread-safe; everything else belongs to one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "rules/eval/alert_board.h"
#include "rules/eval/removal.h"
#include "rules/eval/rule.h"
#include "rules/eval/rule_metrics.h"
#include "rules/file/rule_file.h"
#include "rules/rule_manager.h"
#include "rules/state/update_queue.h"

namespace bellwether::rules {

// What the state store knows, by rule prefix.
struct StoredAlerts {
  std::map<std::string, AlertTable> alerts;
  std::map<std::string, SignalMemory> signals;
};

class RuleGroup {
 public:
  // `spec` comes from a file without faults. `dependencies`, `queue` and `board` outlive the group.
  RuleGroup(std::string file, GroupSpec spec, RuleOptions options, const RuleDependencies& dependencies,
            UpdateQueue& queue, AlertBoard& board);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] base::DurationMs interval() const { return interval_; }
  [[nodiscard]] base::DurationMs slot_offset() const { return slot_offset_; }
  // Whether a reload may leave this group running in place of one read as (spec, options).
  [[nodiscard]] bool SameAs(const GroupSpec& spec, const RuleOptions& options) const;

  // After a start: takes the group's alerts out of `stored`. When the group was last evaluated; nothing: the store has
  // no word of it.
  void Restore(StoredAlerts& stored, std::optional<base::TimestampMs> last_evaluation);

  // At a reload: takes over what the rules of `before` remember that are here too; for the others, plans the removal.
  // `before` stays as it is, and no evaluation of it runs.
  void Inherit(const RuleGroup& before, base::TimestampMs now, RemovalPlan& plan);
  // Plans the removal of all its rules.
  void PlanRemovalOfAll(base::TimestampMs now, RemovalPlan& plan) const;

  // Evaluates the slot `at`. `missed` slots before it were skipped. When `stop` is requested, the running query ends
  // and the rules behind it are left as they are.
  void Evaluate(base::TimestampMs at, std::uint64_t missed, const std::stop_token& stop);

  // Told of each change of an alert, in the evaluation that makes it.
  using TransitionObserver = std::function<void(const RuleSpec& rule, const AlertTransition& transition)>;
  void Observe(TransitionObserver observer) { observer_ = std::move(observer); }

  [[nodiscard]] GroupSnapshot Snapshot() const;

  // As the last evaluation left them.
  [[nodiscard]] const std::vector<std::unique_ptr<Rule>>& rules() const { return rules_; }

 private:
  // Returns how many samples were written.
  std::size_t EvaluateRule(Rule& rule, const EvaluationContext& context);
  void NoteTransitions(const Rule& rule, const Evaluation& evaluation);
  void NoteUpdates(Rule& rule, base::TimestampMs at);
  void PostAlerts(const Rule& rule);
  void NoteWritten(const Rule& rule);
  void Persist(base::TimestampMs at);
  void PutSignals(const Rule& rule, storage::StateBatch& batch) const;
  void PublishSnapshot();
  [[nodiscard]] std::string RuleText(const Rule& rule) const;

  const std::string file_;
  const GroupSpec spec_;
  const RuleOptions options_;
  const base::DurationMs interval_;
  const base::DurationMs slot_offset_;
  const base::DurationMs query_offset_;
  RuleDependencies dependencies_;
  UpdateQueue& queue_;
  AlertBoard& board_;
  RuleGroupMetrics metrics_;
  TransitionObserver observer_;  // May be null.

  TemplateWorld world_;
  const std::unique_ptr<promql::QueryFamily> queries_;  // Of all rules.
  std::vector<std::unique_ptr<Rule>> rules_;
  std::optional<base::TimestampMs> last_evaluation_;
  double evaluation_s_ = 0;
  bool restored_from_store_ = false;  // The state store knew the group; otherwise series are read, once.
  bool resumes_ = false;              // The next evaluation is the first after a start.
  bool state_behind_ = false;         // The last batch failed.
  // Left from batches that failed, and of the present slot.
  std::set<std::string> unwritten_deletes_;
  std::map<std::string, AlertTransition> unwritten_history_;
  std::vector<metric::AlertUpdate> unwritten_updates_;

  mutable base::Mutex mu_;
  std::shared_ptr<const GroupSnapshot> snapshot_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::rules
