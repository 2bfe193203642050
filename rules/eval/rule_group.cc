#include "rules/eval/rule_group.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "base/log.h"
#include "rules/eval/alert_context.h"
#include "rules/eval/slot.h"
#include "rules/state/alert_store.h"
#include "template/escape.h"

namespace bellwether::rules {
namespace {

bool SameRule(const RuleSpec& a, const RuleSpec& b) {
  return a.source == b.source && a.labels == b.labels;  // Labels may come from the group.
}

bool SameOptions(const RuleOptions& a, const RuleOptions& b) {
  return a.evaluation_interval == b.evaluation_interval && a.query_offset == b.query_offset &&
         a.resend_delay == b.resend_delay && a.outage_tolerance == b.outage_tolerance &&
         a.external_labels == b.external_labels && a.external_url == b.external_url && a.severities == b.severities &&
         a.metrics_per_rule == b.metrics_per_rule;
}

// The label rule_group.
std::string RuleGroupText(const std::string& file, const std::string& group) { return file + ";" + group; }

double ElapsedSeconds(const base::Clock& clock, std::int64_t since_ns) {
  return static_cast<double>(clock.MonotonicNanos() - since_ns) / 1e9;
}

}  // namespace

RuleGroup::RuleGroup(std::string file, GroupSpec spec, RuleOptions options, const RuleDependencies& dependencies,
                     UpdateQueue& queue, AlertBoard& board)
    : file_(std::move(file)),
      spec_(std::move(spec)),
      options_(std::move(options)),
      interval_(IntervalOf(spec_, options_.evaluation_interval)),
      slot_offset_(SlotOffset(file_, spec_.name, interval_)),
      query_offset_(spec_.query_offset.value_or(options_.query_offset)),
      dependencies_(dependencies),
      queue_(queue),
      board_(board),
      metrics_(dependencies.metrics, RuleGroupText(file_, spec_.name)),
      world_(dependencies.engine, dependencies.storage, options_.external_labels, options_.external_url),
      queries_(dependencies.engine.NewFamily()) {
  std::map<std::string, std::uint32_t> equal_rules;
  for (const RuleSpec& rule : spec_.rules) {
    const std::uint32_t number = equal_rules[RulePrefix(file_, spec_.name, rule, 0)]++;
    rules_.push_back(std::make_unique<Rule>(rule, RulePrefix(file_, spec_.name, rule, number)));
    if (options_.metrics_per_rule) rules_.back()->CountIn(dependencies.metrics, RuleGroupText(file_, spec_.name));
    if (rule.conditions == nullptr) continue;
    ForEachSignalSpec(*rule.conditions, [&](const SignalSpec& signal) {
      if (!signal.alert.empty()) board_.Want(signal.alert);
    });
  }
  metrics_.rules.Set(static_cast<double>(rules_.size()));
  metrics_.interval_s.Set(interval_.seconds());
  PublishSnapshot();
}

bool RuleGroup::SameAs(const GroupSpec& spec, const RuleOptions& options) const {
  return spec_.name == spec.name && IntervalOf(spec, options.evaluation_interval) == interval_ &&
         spec_.query_offset == spec.query_offset && spec_.limit == spec.limit && SameOptions(options_, options) &&
         std::equal(spec_.rules.begin(), spec_.rules.end(), spec.rules.begin(), spec.rules.end(), SameRule);
}

void RuleGroup::Restore(StoredAlerts& stored, std::optional<base::TimestampMs> last_evaluation) {
  resumes_ = true;
  restored_from_store_ = last_evaluation.has_value();
  last_evaluation_ = last_evaluation;
  for (const auto& rule : rules_) {
    if (rule->spec().kind != RuleKind::kAlerting) continue;
    if (auto alerts = stored.alerts.extract(rule->prefix())) rule->RestoreAlerts(std::move(alerts.mapped()));
    if (auto signals = stored.signals.extract(rule->prefix())) rule->RestoreSignals(std::move(signals.mapped()));
    PostAlerts(*rule);
  }
  PublishSnapshot();
}

void RuleGroup::Inherit(const RuleGroup& before, base::TimestampMs now, RemovalPlan& plan) {
  restored_from_store_ = before.restored_from_store_;
  resumes_ = before.resumes_;
  last_evaluation_ = before.last_evaluation_;
  evaluation_s_ = before.evaluation_s_;
  unwritten_deletes_ = before.unwritten_deletes_;
  unwritten_history_ = before.unwritten_history_;
  unwritten_updates_ = before.unwritten_updates_;
  state_behind_ = before.state_behind_;
  std::map<std::pair<RuleKind, std::string>, Rule*> mine;
  for (const auto& rule : rules_) mine[{rule->spec().kind, rule->prefix()}] = rule.get();
  for (const auto& old : before.rules_) {
    const auto found = mine.find({old->spec().kind, old->prefix()});
    if (found != mine.end()) {
      found->second->Inherit(*old);
      continue;
    }
    PlanRemoval(old->prefix(), before.RuleText(*old), old->alerts(), old->signals(), now, plan);
    board_.Remove(old->spec().name, old->prefix());
    if (old->spec().kind == RuleKind::kRecording) {
      plan.series.insert(plan.series.end(), old->series().begin(), old->series().end());
    }
  }
  PublishSnapshot();
}

void RuleGroup::PlanRemovalOfAll(base::TimestampMs now, RemovalPlan& plan) const {
  for (const std::string& key : unwritten_deletes_) plan.batch.Delete(key);
  plan.updates.insert(plan.updates.end(), unwritten_updates_.begin(), unwritten_updates_.end());
  for (const auto& rule : rules_) {
    PlanRemoval(rule->prefix(), RuleText(*rule), rule->alerts(), std::as_const(*rule).signals(), now, plan);
    board_.Remove(rule->spec().name, rule->prefix());
    if (rule->spec().kind == RuleKind::kRecording) {
      plan.series.insert(plan.series.end(), rule->series().begin(), rule->series().end());
    }
  }
}

void RuleGroup::Evaluate(base::TimestampMs at, std::uint64_t missed, const std::stop_token& stop) {
  const std::int64_t started_ns = dependencies_.clock.MonotonicNanos();
  metrics_.iterations.Add(1 + missed);
  metrics_.iterations_missed.Add(missed);
  std::size_t samples = 0;
  world_.Begin(at, stop);
  queries_->BeginTick();
  EvaluationCost cost;
  EvaluationContext context{.engine = dependencies_.engine,
                            .queries = *queries_,
                            .storage = dependencies_.storage,
                            .world = world_,
                            .board = board_,
                            .topology = dependencies_.topology,
                            .acknowledgements = dependencies_.acknowledgements,
                            .at = at,
                            .sample_at = at - query_offset_,
                            .interval = interval_,
                            .limit = spec_.limit,
                            .read_series_back = std::nullopt,
                            .stop = stop,
                            .cost = cost};
  if (resumes_ && !restored_from_store_) context.read_series_back = options_.outage_tolerance;
  for (const auto& rule : rules_) {
    if (stop.stop_requested()) break;
    samples += EvaluateRule(*rule, context);
  }
  if (samples > 0) {
    const base::Status synced = dependencies_.storage.Sync();
    if (!synced.ok())
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "samples of rules are not durable", {"group", name()},
                   {"error", synced});
  }
  Persist(at);
  resumes_ = false;
  last_evaluation_ = at;
  evaluation_s_ = ElapsedSeconds(dependencies_.clock, started_ns);
  metrics_.last_evaluation_s.Set(at.seconds());
  metrics_.last_duration_s.Set(evaluation_s_);
  metrics_.last_samples.Set(static_cast<double>(samples));
  metrics_.group_duration_s.Observe(evaluation_s_);
  PublishSnapshot();
}

std::size_t RuleGroup::EvaluateRule(Rule& rule, const EvaluationContext& context) {
  std::size_t samples = 0;
  const std::int64_t started_ns = dependencies_.clock.MonotonicNanos();
  Evaluation evaluation;
  context.cost = EvaluationCost();
  if (resumes_ && last_evaluation_) {
    rule.NotePause(*last_evaluation_, context.at, options_.outage_tolerance, evaluation);
  }
  base::Status status = rule.Evaluate(context, evaluation);
  NoteTransitions(rule, evaluation);
  if (status.ok()) {
    NoteUpdates(rule, context.at);
    const bool writes = !evaluation.samples.empty() || !rule.series().empty();
    WriteOutcome written =
        WriteRuleSamples(dependencies_.storage, evaluation.samples, context.sample_at, rule.series());
    samples = written.samples;
    if (writes) NoteWritten(rule);
    status = written.status.ok() ? std::move(evaluation.problem) : std::move(written.status);
  }
  const double seconds = ElapsedSeconds(dependencies_.clock, started_ns);
  metrics_.evaluations.Add();
  metrics_.rule_duration_s.Observe(seconds);
  if (!status.ok()) {
    metrics_.evaluation_failures.Add();
    BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "rule failed", {"group", name()}, {"rule", rule.spec().name},
                 {"error", status});
  }
  rule.SetOutcome(status, context.at, seconds, context.cost);
  PostAlerts(rule);
  return samples;
}

// Rules behind this one see its series.
void RuleGroup::NoteWritten(const Rule& rule) {
  if (rule.spec().kind == RuleKind::kRecording) {
    queries_->NoteWritten(rule.spec().name);
  } else {
    queries_->NoteWritten(kAlertsMetric);
    queries_->NoteWritten(kAlertsForStateMetric);
  }
}

void RuleGroup::NoteTransitions(const Rule& rule, const Evaluation& evaluation) {
  metrics_.transitions.Add(evaluation.transitions.size());
  for (const metric::Labels& labels : evaluation.forgotten) unwritten_deletes_.insert(AlertKey(rule.prefix(), labels));
  for (const auto& [signal, series] : evaluation.forgotten_series) {
    unwritten_deletes_.insert(SignalKey(rule.prefix(), signal, series));
  }
  for (const AlertTransition& transition : evaluation.transitions) {
    unwritten_history_.insert_or_assign(HistoryKey(transition, rule.prefix()), transition);
    if (observer_) observer_(rule.spec(), transition);
  }
}

void RuleGroup::NoteUpdates(Rule& rule, base::TimestampMs at) {
  if (rule.alerts().entries().empty()) return;
  const auto describe = [&](const AlertEntry& entry, metric::AlertUpdate& update) {
    DescribeAlert(rule.spec(), entry, update);
  };
  std::vector<metric::AlertUpdate> updates =
      rule.alerts().TakeDueUpdates(at, {interval_, options_.resend_delay, describe});
  if (updates.empty()) return;
  const std::string url =
      fmt::format("{}/graph?g0.expr={}&g0.tab=1", options_.external_url, templating::EscapeQuery(rule.spec().query));
  const std::string rule_text = RuleText(rule);
  for (metric::AlertUpdate& update : updates) {
    update.generator_url = url;
    update.rule = rule_text;
    if (!state_behind_) continue;
    // One that is left from a slot whose batch failed is out of date now.
    const std::string telling = metric::TellingKey(update);
    std::erase_if(unwritten_updates_,
                  [&](const metric::AlertUpdate& old) { return metric::TellingKey(old) == telling; });
  }
  std::move(updates.begin(), updates.end(), std::back_inserter(unwritten_updates_));
}

void RuleGroup::PostAlerts(const Rule& rule) {
  if (rule.spec().kind != RuleKind::kAlerting || !board_.IsWanted(rule.spec().name)) return;
  board_.Post(rule.spec().name, rule.prefix(), rule.Posting());
}

void RuleGroup::PutSignals(const Rule& rule, storage::StateBatch& batch) const {
  for (const auto& [signal, remembered] : rule.signals()->signals()) {
    for (const auto& [series, clock] : remembered) {
      if (clock.dirty) batch.Put(SignalKey(rule.prefix(), signal, series), EncodeSeriesClock(clock));
    }
  }
}

void RuleGroup::Persist(base::TimestampMs at) {
  storage::StateBatch batch;
  // Deletes first: an alert that was forgotten and began anew in this slot is put below.
  for (const std::string& key : unwritten_deletes_) batch.Delete(key);
  for (const auto& [key, transition] : unwritten_history_) {
    batch.Put(key, EncodeTransition(transition), transition.at + kHistoryRetention);
  }
  bool has_pending = false;
  for (const auto& rule : rules_) {
    has_pending = has_pending || rule->alerts().HasPending();
    for (const auto& [labels, entry] : rule->alerts().entries()) {
      if (entry.dirty) batch.Put(AlertKey(rule->prefix(), labels), EncodeAlertEntry(entry));
    }
    if (rule->signals() == nullptr) continue;
    has_pending = has_pending || rule->HasRunningClocks();
    PutSignals(*rule, batch);
  }
  // The time of the last evaluation matters where something is pending, and tells that the store knows the group.
  if (has_pending || !restored_from_store_ || !batch.empty()) {
    batch.Put(GroupStateKey(file_, name()), EncodeGroupState(at));
  }
  UpdateQueue::Reservation reservation = queue_.Reserve(std::exchange(unwritten_updates_, {}), batch);
  if (batch.empty()) return;
  const base::Status applied = dependencies_.state.Apply(batch);
  state_behind_ = !applied.ok();
  if (!applied.ok()) {
    unwritten_updates_ = queue_.Abandon(std::move(reservation));
    metrics_.state_failures.Add();
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "alert states are not written; alerts wait for the next evaluation",
                 {"group", name()}, {"error", applied});
    return;
  }
  queue_.Publish(std::move(reservation));
  restored_from_store_ = true;
  unwritten_deletes_.clear();
  unwritten_history_.clear();
  for (const auto& rule : rules_) {
    rule->alerts().MarkClean();
    if (rule->signals() != nullptr) rule->signals()->MarkClean();
  }
}

std::string RuleGroup::RuleText(const Rule& rule) const { return file_ + ";" + spec_.name + ";" + rule.spec().name; }

void RuleGroup::PublishSnapshot() {
  auto snapshot = std::make_shared<GroupSnapshot>();
  snapshot->name = spec_.name;
  snapshot->file = file_;
  snapshot->interval = interval_;
  snapshot->slot_offset = slot_offset_;
  snapshot->limit = spec_.limit;
  snapshot->last_evaluation = last_evaluation_;
  snapshot->evaluation_s = evaluation_s_;
  snapshot->rules.reserve(rules_.size());
  for (const auto& rule : rules_) snapshot->rules.push_back(rule->Snapshot());
  const base::MutexLock lock(mu_);
  snapshot_ = std::move(snapshot);
}

GroupSnapshot RuleGroup::Snapshot() const {
  std::shared_ptr<const GroupSnapshot> snapshot;
  {
    const base::MutexLock lock(mu_);
    snapshot = snapshot_;
  }
  return *snapshot;
}

}  // namespace bellwether::rules
