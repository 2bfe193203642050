#include "rules/rule_manager.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "rules/eval/courier.h"
#include "rules/eval/orphan_series.h"
#include "rules/eval/removal.h"
#include "rules/eval/rule_group.h"
#include "rules/eval/slot_scheduler.h"
#include "rules/file/rule_file.h"
#include "rules/file/rule_references.h"
#include "rules/state/alert_store.h"
#include "rules/state/update_queue.h"

namespace bellwether::rules {
namespace {

constexpr int kEvaluationThreads = 4;

// Reads all files; the faults of all of them together if there are any.
base::Result<std::vector<RuleFile>> ReadRuleFiles(const std::vector<std::string>& paths,
                                                  const promql::ParserOptions& parser, const RuleOptions& options) {
  std::vector<RuleFile> files;
  std::vector<std::string> faults;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    if (!seen.insert(path).second) continue;  // Two patterns may name one file.
    RuleFile file = ReadRuleFile(path, {.parser = parser, .severities = options.severities});
    for (const std::string& warning : file.warnings) BW_LOG(kWarning, "rule file", {"warning", warning});
    faults.insert(faults.end(), std::make_move_iterator(file.faults.begin()),
                  std::make_move_iterator(file.faults.end()));
    files.push_back(std::move(file));
  }
  if (faults.empty()) faults = FindReferenceFaults(files);
  if (!faults.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(faults, "\n")));
  return files;
}

// What the state store knows of alerts and groups.
struct StoredState {
  StoredAlerts by_prefix;
  std::map<std::string, std::string> rule_text_by_prefix;  // "file;group;name"
};

base::Result<StoredState> ReadStoredAlerts(const storage::StateStore& state) {
  StoredState stored;
  std::size_t unreadable = 0;
  BW_RETURN_IF_ERROR(state.Scan(kAlertPrefix, {}, [&](std::string_view key, std::string_view value) {
    auto parts = ParseAlertKey(key);
    auto entry = DecodeAlertEntry(value);
    if (!parts || !entry) {
      ++unreadable;
      return true;
    }
    const std::string prefix(parts->rule_prefix);
    stored.rule_text_by_prefix.try_emplace(prefix, fmt::format("{};{};{}", parts->file, parts->group, parts->name));
    stored.by_prefix.alerts[prefix].Insert(parts->labels, *std::move(entry));
    return true;
  }));
  BW_RETURN_IF_ERROR(state.Scan(kSignalPrefix, {}, [&](std::string_view key, std::string_view value) {
    const auto parts = ParseSignalKey(key);
    const auto clock = DecodeSeriesClock(value);
    if (!parts || !clock) {
      ++unreadable;
      return true;
    }
    stored.by_prefix.signals[parts->rule_prefix].Insert(std::string(parts->signal), parts->series, *clock);
    return true;
  }));
  if (unreadable > 0) BW_LOG(kError, "stored alerts that cannot be read begin anew", {"alerts", unreadable});
  return stored;
}

}  // namespace

class RuleManager::Impl {
 public:
  Impl(RuleOptions options, RuleDependencies dependencies)
      : options_(std::move(options)),
        dependencies_(dependencies),
        queue_(dependencies.state, dependencies.sink, dependencies.metrics),
        courier_(dependencies.clock, dependencies.storage, queue_, orphans_),
        scheduler_(dependencies.clock, [this](base::TimestampMs now) { return MayEvaluate(now); }) {}

  base::Status Load(const std::vector<std::string>& paths, const RuleOptions& options, const Announce& announce) {
    const base::MutexLock lock(load_mu_);
    BW_ASSIGN_OR_RETURN(std::vector<RuleFile> files,
                        ReadRuleFiles(paths, dependencies_.engine.options().parser, options));
    RunningGroups next = Arrange(std::move(files), options);
    if (restored_) {
      BW_RETURN_IF_ERROR(Replace(next));
    } else if (started_) {
      BW_RETURN_IF_ERROR(Restore(next));  // Before anything of it can be evaluated.
    }
    options_ = options;
    if (announce) {
      std::vector<GroupSnapshot> snapshots;
      for (const auto& [key, running] : next) snapshots.push_back(running.group->Snapshot());
      announce(snapshots);
    }
    PutInForce(std::move(next));
    loaded_ = true;
    return base::OkStatus();
  }

  base::Status Start() {
    const base::MutexLock lock(load_mu_);
    if (running_) return base::OkStatus();
    BW_RETURN_IF_ERROR(BeginOnce());
    courier_.Start();
    scheduler_.Start(kEvaluationThreads);
    running_ = true;
    return base::OkStatus();
  }

  void Stop() {
    const base::MutexLock lock(load_mu_);
    if (!running_) return;
    scheduler_.Stop();
    courier_.Stop();
    running_ = false;
  }

  void RunDue() {
    {
      const base::MutexLock lock(load_mu_);
      const base::Status begun = BeginOnce();
      if (!begun.ok()) {
        BW_LOG(kError, "alert states cannot be restored; no rule is evaluated", {"error", begun});
        return;
      }
    }
    scheduler_.RunDue();
    courier_.RunOnce();
  }

  [[nodiscard]] std::vector<GroupSnapshot> Groups() const {
    std::vector<std::shared_ptr<RuleGroup>> groups;
    {
      const base::MutexLock lock(mu_);
      for (const auto& [key, running] : groups_) groups.push_back(running.group);
    }
    std::vector<GroupSnapshot> snapshots;
    snapshots.reserve(groups.size());
    for (const auto& group : groups) snapshots.push_back(group->Snapshot());
    return snapshots;
  }

  [[nodiscard]] base::Result<std::vector<AlertTransition>> History(base::TimestampMs min, base::TimestampMs max) const {
    std::vector<AlertTransition> transitions;
    bool whole = true;
    const std::string from =
        min == base::TimestampMs::Min() ? std::string() : HistoryKeyAt(min - base::Milliseconds(1));
    // Keys behind `from` may still be of the millisecond before `min`.
    BW_RETURN_IF_ERROR(dependencies_.state.Scan(kHistoryPrefix, from, [&](std::string_view, std::string_view value) {
      auto transition = DecodeTransition(value);
      whole = transition.has_value();
      if (!whole || transition->at > max) return false;
      if (transition->at >= min) transitions.push_back(*std::move(transition));
      return true;
    }));
    if (!whole) return base::Corruption("read the history of alerts: an entry is not what was written");
    return transitions;
  }

 private:
  // A group and its place in the schedule.
  struct RunningGroup {
    std::shared_ptr<RuleGroup> group;
    SlotTaskPtr task;
  };
  using GroupKey = std::pair<std::string, std::string>;  // File, name.
  using RunningGroups = std::map<GroupKey, RunningGroup>;

  static base::DurationMs LongestInterval(const RunningGroups& groups) {
    base::DurationMs longest;
    for (const auto& [key, running] : groups) longest = std::max(longest, running.group->interval());
    return longest;
  }

  // Groups for the files, taking over those that run already and do not change.
  RunningGroups Arrange(std::vector<RuleFile> files, const RuleOptions& options) {
    const RunningGroups present = Present();
    RunningGroups next;
    for (RuleFile& file : files) {
      for (GroupSpec& spec : file.groups) {
        GroupKey key(file.path, spec.name);
        const auto running = present.find(key);
        if (running != present.end() && running->second.group->SameAs(spec, options)) {
          next.emplace(std::move(key), running->second);
          continue;
        }
        auto group = std::make_shared<RuleGroup>(file.path, std::move(spec), options, dependencies_, queue_, board_);
        auto task = std::make_shared<SlotTask>();
        task->interval = group->interval();
        task->offset = group->slot_offset();
        task->run = [this, group](base::TimestampMs slot, std::uint64_t missed, const std::stop_token& stop) {
          group->Evaluate(slot, missed, stop);
          courier_.Ring();
        };
        next.emplace(std::move(key), RunningGroup{std::move(group), std::move(task)});
      }
    }
    return next;
  }

  // Hands what present groups remember to those that follow them, and writes down what becomes of the rest. On an error
  // the present groups go on.
  base::Status Replace(const RunningGroups& next) BW_REQUIRES(load_mu_) {
    const RunningGroups present = Present();
    std::vector<SlotTaskPtr> leaving;
    for (const auto& [key, running] : present) {
      const auto follower = next.find(key);
      if (follower == next.end() || follower->second.group != running.group) leaving.push_back(running.task);
    }
    scheduler_.Suspend(leaving);
    const base::TimestampMs now = dependencies_.clock.Now();
    RemovalPlan plan;
    for (const auto& [key, running] : present) {
      const auto follower = next.find(key);
      if (follower == next.end()) {
        running.group->PlanRemovalOfAll(now, plan);
      } else if (follower->second.group != running.group) {
        follower->second.group->Inherit(*running.group, now, plan);
      }
    }
    base::Status removed = CarryOut(plan, now, LongestInterval(present));
    if (!removed.ok()) scheduler_.Resume(leaving);
    return removed;
  }

  // Puts the groups into the schedule.
  void PutInForce(RunningGroups next) {
    std::vector<SlotTaskPtr> tasks;
    for (const auto& [key, running] : next) tasks.push_back(running.task);
    scheduler_.SetTasks(tasks);
    const base::MutexLock lock(mu_);
    groups_ = std::move(next);
  }

  base::Status CarryOut(RemovalPlan& plan, base::TimestampMs now, base::DurationMs interval) {
    UpdateQueue::Reservation reservation = queue_.Reserve(std::move(plan.updates), plan.batch);
    if (!plan.batch.empty()) {
      const base::Status applied = dependencies_.state.Apply(plan.batch);
      if (!applied.ok()) {
        queue_.Abandon(std::move(reservation));
        return applied.WithContext("write down the end of removed rules");
      }
    }
    queue_.Publish(std::move(reservation));
    orphans_.Add(std::move(plan.series), now, now + interval * 2);
    courier_.Ring();
    return base::OkStatus();
  }

  // What a start does once, before the first evaluation.
  base::Status BeginOnce() BW_REQUIRES(load_mu_) {
    if (!started_) {
      BW_RETURN_IF_ERROR(queue_.Restore());
      const base::MutexLock lock(mu_);
      started_at_ = dependencies_.clock.Now();
      hold_ = options_.startup_hold;
      started_ = true;
    }
    return loaded_ && !restored_ ? Restore(Present()) : base::OkStatus();
  }

  // Gives `groups`, none of which is evaluated yet, what the state store remembers of them.
  base::Status Restore(const RunningGroups& groups) BW_REQUIRES(load_mu_) {
    BW_ASSIGN_OR_RETURN(StoredState stored, ReadStoredAlerts(dependencies_.state));
    std::map<GroupKey, std::optional<base::TimestampMs>> last_evaluations;
    for (const auto& [key, running] : groups) {
      BW_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                          dependencies_.state.Get(GroupStateKey(key.first, key.second)));
      last_evaluations[key] = bytes ? DecodeGroupState(*bytes) : std::nullopt;
    }
    for (const auto& [key, running] : groups) running.group->Restore(stored.by_prefix, last_evaluations[key]);
    // What is left belongs to rules that went while the server was down.
    const base::TimestampMs now = dependencies_.clock.Now();
    RemovalPlan plan;
    for (const auto& [prefix, alerts] : stored.by_prefix.alerts) {
      PlanRemoval(prefix, stored.rule_text_by_prefix[prefix], alerts, nullptr, now, plan);
    }
    for (const auto& [prefix, signals] : stored.by_prefix.signals) PlanRemoval(prefix, {}, {}, &signals, now, plan);
    base::Status removed = CarryOut(plan, now, LongestInterval(groups));
    if (removed.ok()) restored_ = true;
    return removed;
  }

  // Data come by push, so a start waits for samples that were stamped after it, for a while. Many senders stamp whole
  // seconds: a sample of the start's own second is as fresh.
  bool MayEvaluate(base::TimestampMs now) {
    base::TimestampMs started_at;
    base::DurationMs hold;
    {
      const base::MutexLock lock(mu_);
      started_at = started_at_;
      hold = hold_;
    }
    if (now >= started_at + hold) return true;
    const auto newest = dependencies_.storage.NewestSample();
    return newest && newest->ms / 1000 >= started_at.ms / 1000;
  }

  [[nodiscard]] RunningGroups Present() const {
    const base::MutexLock lock(mu_);
    return groups_;
  }

  // Held over whole loads, starts and stops, which read files and wait: it orders them, and nothing else takes it.
  base::Mutex load_mu_;
  RuleOptions options_ BW_GUARDED_BY(load_mu_);
  bool loaded_ BW_GUARDED_BY(load_mu_) = false;
  bool started_ BW_GUARDED_BY(load_mu_) = false;   // The queue is restored and the hold runs.
  bool restored_ BW_GUARDED_BY(load_mu_) = false;  // The alerts of the loaded groups are back.
  bool running_ BW_GUARDED_BY(load_mu_) = false;

  RuleDependencies dependencies_;
  UpdateQueue queue_;
  AlertBoard board_;
  OrphanSeries orphans_;
  Courier courier_;

  mutable base::Mutex mu_;
  RunningGroups groups_ BW_GUARDED_BY(mu_);
  base::TimestampMs started_at_ BW_GUARDED_BY(mu_);
  base::DurationMs hold_ BW_GUARDED_BY(mu_);

  SlotScheduler scheduler_;  // Last: its threads use everything above.
};

RuleManager::RuleManager(RuleOptions options, RuleDependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(options), dependencies)) {}

RuleManager::~RuleManager() { impl_->Stop(); }

base::Status RuleManager::Load(const std::vector<std::string>& files, const RuleOptions& options,
                               const Announce& announce) {
  return impl_->Load(files, options, announce);
}

base::Status RuleManager::Start() { return impl_->Start(); }

void RuleManager::Stop() { impl_->Stop(); }

void RuleManager::RunDue() { impl_->RunDue(); }

std::vector<GroupSnapshot> RuleManager::Groups() const { return impl_->Groups(); }

base::Result<std::vector<AlertTransition>> RuleManager::History(base::TimestampMs min, base::TimestampMs max) const {
  return impl_->History(min, max);
}

}  // namespace bellwether::rules
