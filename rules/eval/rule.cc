#include "rules/eval/rule.h"

#include <algorithm>
#include <unordered_set>

#include "rules/eval/condition_snapshot.h"
#include "rules/eval/series_restore.h"

namespace bellwether::rules {
namespace {

NamedTemplates ParseTexts(const std::string& alert, const TextMap& texts, TemplateScope scope) {
  NamedTemplates parsed;
  parsed.reserve(texts.size());
  for (const auto& [name, text] : texts) {
    auto one = AlertTemplate::Parse(alert, text, scope);
    BW_CHECK(one.ok());  // The file was checked.
    parsed.emplace_back(name, *std::move(one));
  }
  return parsed;
}

metric::Labels LabelsOfTexts(const TextMap& texts) {
  metric::LabelsBuilder builder;
  for (const auto& [name, text] : texts) builder.Set(name, text);
  return builder.Build();
}

}  // namespace

Rule::Rule(RuleSpec spec, std::string prefix) : spec_(std::move(spec)), prefix_(std::move(prefix)) {
  BW_CHECK(spec_.expr != nullptr || spec_.conditions != nullptr);
  if (spec_.kind != RuleKind::kAlerting) return;
  if (spec_.conditions != nullptr) conditions_ = std::make_unique<ConditionRule>(spec_);
  label_templates_ = ParseTexts(spec_.name, spec_.labels, TemplateScope::kPrometheus);
  annotation_templates_ = ParseTexts(spec_.name, spec_.annotations,
                                     conditions_ == nullptr ? TemplateScope::kPrometheus : TemplateScope::kConditions);
}

base::Status Rule::Evaluate(const EvaluationContext& context, Evaluation& out) {
  if (conditions_ != nullptr) {
    return conditions_->Evaluate(context, label_templates_, annotation_templates_, alerts_, out);
  }
  if (query_ == nullptr) query_ = context.engine.Prepare(spec_.expr, spec_.expr_text, &context.queries);
  BW_ASSIGN_OR_RETURN(promql::Vector result, QueryForRule(context.engine, context.storage, *query_, context.sample_at,
                                                          context.stop, context.cost));
  if (spec_.kind == RuleKind::kAlerting) return EvaluateAlerting(context, result, out);
  BW_ASSIGN_OR_RETURN(out.samples, RecordedSamples(spec_, context.limit, std::move(result)));
  return base::OkStatus();
}

base::Status Rule::EvaluateAlerting(const EvaluationContext& context, const promql::Vector& result, Evaluation& out) {
  std::vector<AlertCandidate> candidates;
  candidates.reserve(result.size());
  std::unordered_set<metric::Labels, metric::LabelsHash> seen;
  for (const promql::VectorSample& sample : result) {
    candidates.push_back(MakeCandidate(sample, context.world));
    if (!seen.insert(candidates.back().labels).second) {
      return base::Execution("vector contains metrics with the same labelset after applying alert labels");
    }
  }
  if (context.read_series_back) {
    RestoreFromSeries(context.storage, spec_, context.at, *context.read_series_back, candidates);
  }
  BW_RETURN_IF_ERROR(
      alerts_.Advance(std::move(candidates), context.at, spec_.hold, context.limit, out.transitions, out.forgotten));
  out.samples = AlertSamples(alerts_);
  return base::OkStatus();
}

AlertCandidate Rule::MakeCandidate(const promql::VectorSample& sample, const TemplateWorld& world) const {
  const TemplateSample data{sample.labels, sample.value, sample.histogram};
  AlertCandidate candidate;
  metric::LabelsBuilder builder(sample.labels);
  builder.Remove(metric::kMetricName);
  for (const auto& [name, text] : label_templates_) builder.Set(name, text.Expand(data, world));
  candidate.labels = builder.Set(kAlertNameLabel, spec_.name).Build();
  for (const auto& [name, text] : annotation_templates_) candidate.annotations.emplace(name, text.Expand(data, world));
  candidate.value = sample.histogram ? 0 : sample.value;
  return candidate;
}

void Rule::Inherit(const Rule& before) {
  alerts_ = before.alerts_;
  if (conditions_ != nullptr) conditions_->Inherit(*before.conditions_);
  series_ = before.series_;
  health_ = before.health_;
  last_error_ = before.last_error_;
  last_evaluation_ = before.last_evaluation_;
  evaluation_s_ = before.evaluation_s_;
  cost_ = before.cost_;
}

void Rule::RestoreAlerts(AlertTable alerts) {
  alerts_ = std::move(alerts);
  if (conditions_ != nullptr) {
    std::erase_if(alerts_.mutable_entries(), [](const auto& entry) { return !entry.second.leveled; });
  }
  series_.clear();
  for (RuleSample& sample : AlertSamples(alerts_)) series_.insert(std::move(sample.labels));
}

void Rule::RestoreSignals(SignalMemory signals) {
  if (conditions_ != nullptr) conditions_->signals() = std::move(signals);
}

void Rule::NotePause(base::TimestampMs last_seen, base::TimestampMs now, base::DurationMs tolerance, Evaluation& out) {
  alerts_.DropAfterPause(now - last_seen, tolerance, now, out.transitions, out.forgotten);
  if (conditions_ != nullptr && now - last_seen > tolerance) conditions_->RestartUnheldClocks(last_seen, alerts_);
}

bool Rule::HasRunningClocks() const {
  const auto& clocks = signals()->signals();
  return std::any_of(clocks.begin(), clocks.end(), [](const auto& signal) { return !signal.second.empty(); }) ||
         std::any_of(alerts_.entries().begin(), alerts_.entries().end(), [](const auto& entry) {
           return entry.second.leveled && !entry.second.leveled->progress.clocks.empty();
         });
}

AlertPosting Rule::Posting() const {
  AlertPosting posting;
  posting.known = health_ != RuleHealth::kUnknown || !alerts_.entries().empty();
  posting.failed = health_ == RuleHealth::kError;
  for (const auto& [labels, entry] : alerts_.entries()) {
    if (entry.alert.state == AlertState::kFiring) posting.firing.push_back(AlertLabels(labels, entry));
  }
  return posting;
}

void Rule::SetOutcome(const base::Status& status, base::TimestampMs at, double seconds, const EvaluationCost& cost) {
  health_ = status.ok() ? RuleHealth::kOk : RuleHealth::kError;
  last_error_ = status.message();
  last_evaluation_ = at;
  evaluation_s_ = seconds;
  cost_ = cost;
  if (!metrics_) return;
  metrics_->microseconds.Add(static_cast<std::uint64_t>(seconds * 1e6));
  metrics_->series_read.Add(cost.series_read);
  metrics_->samples_read.Add(cost.samples_read);
}

RuleSnapshot Rule::Snapshot() const {
  RuleSnapshot snapshot;
  snapshot.alerting = spec_.kind == RuleKind::kAlerting;
  snapshot.name = spec_.name;
  snapshot.query = spec_.query;
  snapshot.labels = LabelsOfTexts(spec_.labels);
  snapshot.annotations = spec_.annotations;
  snapshot.hold = spec_.hold.hold;
  snapshot.keep_firing_for = spec_.hold.keep_firing;
  if (spec_.conditions != nullptr) snapshot.conditions = DescribeConditions(*spec_.conditions);
  for (const DependencySpec& d : spec_.depends_on) {
    snapshot.depends_on.push_back({d.alert, d.through == Through::kTopology, d.equal, d.wait, d.extension, d.max});
  }
  snapshot.health = health_;
  snapshot.last_error = last_error_;
  snapshot.state = alerts_.state();
  snapshot.last_evaluation = last_evaluation_;
  snapshot.evaluation_s = evaluation_s_;
  snapshot.series_read = cost_.series_read;
  snapshot.samples_read = cost_.samples_read;
  for (const auto& [labels, entry] : alerts_.entries()) {
    const Alert& alert = entry.alert;
    if (alert.state == AlertState::kInactive) continue;
    snapshot.alerts.push_back({AlertLabels(labels, entry),
                               entry.annotations,
                               alert.state,
                               alert.active_at,
                               alert.fired_at,
                               alert.keep_firing_since,
                               entry.value,
                               {},
                               {},
                               {}});
    if (entry.leveled) DescribeLeveled(*entry.leveled, alert, snapshot.alerts.back());
  }
  return snapshot;
}

}  // namespace bellwether::rules
