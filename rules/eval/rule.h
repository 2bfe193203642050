// rules/eval/rule.h
//
// One rule of a running group: its specification, what it remembers between evaluations, and one evaluation in its four
// steps: query, templates, state, samples. It writes nothing; the group does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "rules/ack_source.h"
#include "rules/eval/alert_board.h"
#include "rules/eval/alert_template.h"
#include "rules/eval/condition_rule.h"
#include "rules/eval/rule_metrics.h"
#include "rules/eval/rule_sample.h"
#include "rules/eval/series_writer.h"
#include "rules/eval/template_functions.h"
#include "rules/file/rule_file.h"
#include "rules/rule_manager.h"
#include "rules/state/alert_table.h"
#include "rules/state/signal_memory.h"
#include "rules/topology.h"

namespace bellwether::rules {

// What an evaluation needs from its group.
struct EvaluationContext {
  const promql::Engine& engine;
  promql::QueryFamily& queries;  // Of the group.
  storage::Storage& storage;
  TemplateWorld& world;
  const AlertBoard& board;
  const Topology* topology;           // May be null,
  const AckSource* acknowledgements;  // as in RuleDependencies.
  base::TimestampMs at;               // The slot.
  base::TimestampMs sample_at;        // `at` less the query offset: the time of the query and of the samples.
  base::DurationMs interval;
  std::size_t limit = 0;
  // How far back ALERTS_FOR_STATE series may end to still count; nothing: they are not asked.
  std::optional<base::DurationMs> read_series_back;
  std::stop_token stop;  // Ends the query.
  EvaluationCost& cost;  // Of the rule that is being evaluated.
};

// The results of an evaluation; the state of the rule has moved already.
struct Evaluation {
  std::vector<RuleSample> samples;
  std::vector<AlertTransition> transitions;
  std::vector<metric::Labels> forgotten;                                 // Alerts whose entries in the state store go.
  std::vector<std::pair<std::string, metric::Labels>> forgotten_series;  // Likewise series of signals.
  base::Status problem;  // Of a query that failed while the rest went on.
};

class Rule {
 public:
  // `spec` has no faults. `prefix` begins the keys of its alerts in the state store.
  Rule(RuleSpec spec, std::string prefix);

  // Errors leave the state as it was, but for too many alerts, which forgets them all (`out` lists them).
  base::Status Evaluate(const EvaluationContext& context, Evaluation& out);

  // Takes over what a rule of equal name and labels remembered before a reload.
  void Inherit(const Rule& before);
  // Puts the alerts, and the clocks of signals, of the state store back. The series they wrote count as the rule's last
  // ones, so that they end when the alerts do.
  void RestoreAlerts(AlertTable alerts);
  void RestoreSignals(SignalMemory signals);
  // What a pause since `last_seen` means: see SurvivesPause.
  void NotePause(base::TimestampMs last_seen, base::TimestampMs now, base::DurationMs tolerance, Evaluation& out);

  // From now on adds to counters what each evaluation takes.
  void CountIn(base::MetricsRegistry& registry, const std::string& rule_group) {
    metrics_.emplace(registry, rule_group, spec_.name);
  }
  void SetOutcome(const base::Status& status, base::TimestampMs at, double seconds, const EvaluationCost& cost);
  [[nodiscard]] RuleSnapshot Snapshot() const;
  [[nodiscard]] RuleHealth health() const { return health_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

  [[nodiscard]] const RuleSpec& spec() const { return spec_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] AlertTable& alerts() { return alerts_; }
  [[nodiscard]] const AlertTable& alerts() const { return alerts_; }
  // Null for a rule without signals that have clocks.
  [[nodiscard]] SignalMemory* signals() { return conditions_ == nullptr ? nullptr : &conditions_->signals(); }
  [[nodiscard]] const SignalMemory* signals() const {
    return conditions_ == nullptr ? nullptr : &std::as_const(*conditions_).signals();
  }
  // Of levels and signals: what a pause may end.
  [[nodiscard]] bool HasRunningClocks() const;
  [[nodiscard]] AlertPosting Posting() const;
  [[nodiscard]] SeriesMemory& series() { return series_; }
  [[nodiscard]] const SeriesMemory& series() const { return series_; }

 private:
  base::Status EvaluateAlerting(const EvaluationContext& context, const promql::Vector& result, Evaluation& out);
  [[nodiscard]] AlertCandidate MakeCandidate(const promql::VectorSample& sample, const TemplateWorld& world) const;

  const RuleSpec spec_;
  const std::string prefix_;
  NamedTemplates label_templates_;
  NamedTemplates annotation_templates_;
  std::unique_ptr<promql::PreparedQuery> query_;  // Of a rule without conditions, from its first evaluation on.

  std::unique_ptr<ConditionRule> conditions_;  // Null for a rule that behaves as in Prometheus.
  AlertTable alerts_;
  SeriesMemory series_;
  RuleHealth health_ = RuleHealth::kUnknown;
  std::string last_error_;
  std::optional<base::TimestampMs> last_evaluation_;
  double evaluation_s_ = 0;
  EvaluationCost cost_;  // Of the last evaluation.
  std::optional<RuleMetrics> metrics_;
};

}  // namespace bellwether::rules
