#include "rules/backtest/replay.h"

#include <utility>

#include "rules/eval/slot.h"
#include "storage/open.h"

namespace bellwether::rules {
namespace {

constexpr base::DurationMs kMaintainEvery = base::Hours(1);

class Nobody final : public AlertSink {
 public:
  base::Status Take(std::span<const metric::AlertUpdate>) override { return base::OkStatus(); }
};

// Many short queries on a clock that stands still: what bounds them is the token.
promql::EngineOptions ReplayEngine(const BacktestOptions& options) {
  promql::EngineOptions engine = options.engine;
  engine.max_concurrency = 1;
  return engine;
}

}  // namespace

Replay::Replay(storage::Storage& history, std::span<const ReplayGroup> groups, const std::vector<std::size_t>& part,
               const ReplayPlan& plan, const BacktestOptions& options, const ReplayStorage::Limits& limits)
    : options_(options),
      clock_(options.start - plan.warm_up),
      nobody_(std::make_unique<Nobody>()),
      storage_(history, plan, limits, clock_, metrics_),
      state_(storage::NewMemoryStateStore(clock_)),
      engine_(ReplayEngine(options), clock_, metrics_),
      surroundings_(options.surroundings == nullptr
                        ? nullptr
                        : options.surroundings->Make({.state = *state_, .clock = clock_, .metrics = metrics_})),
      queue_(*state_, sink(), metrics_),
      maintained_(clock_.Now()) {
  RuleDependencies dependencies{storage_, *state_, engine_, clock_, metrics_, sink()};
  if (surroundings_ != nullptr) dependencies.topology = &surroundings_->topology();
  for (const std::size_t number : part) {
    const ReplayGroup& source = groups[number];
    RunningGroup running;
    running.number = number;
    running.group = std::make_unique<RuleGroup>(source.file, *source.spec, options.rules, dependencies, queue_, board_);
    const base::DurationMs interval = running.group->interval();
    running.next = SlotAfter(clock_.Now() - base::DurationMs(1), interval, running.group->slot_offset());
    running.group->Observe([this, &source, first = running.next](const RuleSpec& rule, const AlertTransition& change) {
      episodes_.Note(source.file, source.spec->name, rule, change, first);
    });
    for (std::size_t i = 0; i < source.spec->rules.size(); ++i) {
      const RuleSpec& rule = source.spec->rules[i];
      running.rules.push_back({.file = source.file,
                               .group = source.spec->name,
                               .name = rule.name,
                               .alerting = rule.kind == RuleKind::kAlerting,
                               .metrics = plan.metrics[number][i],
                               .evaluations = 0,
                               .failures = 0,
                               .last_error = {},
                               .recorded = 0});
    }
    groups_.push_back(std::move(running));
  }
  if (surroundings_ == nullptr) return;
  std::vector<GroupSnapshot> snapshots;
  for (const RunningGroup& running : groups_) snapshots.push_back(running.group->Snapshot());
  surroundings_->SetGroups(snapshots);
}

Replay::~Replay() = default;

// The group whose slot comes first; of equal ones the first in order.
Replay::RunningGroup* Replay::NextDue(base::TimestampMs until) {
  RunningGroup* due = nullptr;
  for (RunningGroup& running : groups_) {
    if (running.next <= until && (due == nullptr || running.next < due->next)) due = &running;
  }
  return due;
}

base::Status Replay::RunUntil(base::TimestampMs until) {
  while (RunningGroup* due = NextDue(until)) {
    if (options_.stop.stop_requested()) return base::Cancelled("the backtest was stopped");
    BW_RETURN_IF_ERROR(Evaluate(*due));
    due->next = due->next + due->group->interval();
    if (clock_.Now() - maintained_ < kMaintainEvery) continue;
    maintained_ = clock_.Now();
    BW_RETURN_IF_ERROR(storage_.Maintain());
  }
  return base::OkStatus();
}

base::Status Replay::Evaluate(RunningGroup& running) {
  clock_.Set(running.next);
  running.group->Evaluate(running.next, 0, options_.stop);
  BW_RETURN_IF_ERROR(queue_.Deliver());
  if (surroundings_ != nullptr) {
    BW_RETURN_IF_ERROR(surroundings_->RunDue());
    episodes_.NoteStandings(surroundings_->Standings(), running.next);
  }
  const auto& rules = running.group->rules();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    BacktestRule& told = running.rules[i];
    ++told.evaluations;
    told.recorded += rules[i]->series().size();
    if (rules[i]->health() != RuleHealth::kError) continue;
    ++told.failures;
    told.last_error = rules[i]->last_error();
  }
  return storage_.status();
}

std::vector<AlertEpisode> Replay::TakeEpisodes() { return episodes_.Take(options_.start, options_.end); }

void Replay::FillRules(std::vector<std::vector<BacktestRule>>& by_group) const {
  for (const RunningGroup& running : groups_) by_group[running.number] = running.rules;
}

}  // namespace bellwether::rules
