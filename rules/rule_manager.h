// rules/rule_manager.h
//
// Loads rule files, evaluates their groups on time, remembers the state of every alert, and hands updates on.
//
// Each group has a slot: hash(base name of the file, group name) modulo its interval; evaluations carry the slot's
// time. Rules of a group run in order, one evaluation time for all, each seeing the samples of those before it; groups
// run independently. The state of alerts (active and firing since, sent times) is in the state store under "rules/" and
// goes on unchanged over a restart. After a start no group is evaluated until a sample as fresh as the start has
// arrived, at most `startup_hold`: data come by push, and a pause must not look like absence.
//
// An evaluation: query, state machine (pure, rules/state), templates, ALERTS and ALERTS_FOR_STATE through an Appender,
// then one batch in the state store with the new states and the updates owed, then the sink. A crash at any point
// repeats or completes, never loses.
//
// Source of semantics: Prometheus 3.x rules/; differences in docs/alerting.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "promql/engine.h"
#include "rules/ack_source.h"
#include "rules/alert_sink.h"
#include "rules/state/alert_state.h"
#include "rules/state/alert_transition.h"
#include "rules/state/leveled_alert.h"
#include "rules/state/threshold.h"
#include "rules/topology.h"
#include "storage/state_store.h"
#include "storage/storage.h"

namespace bellwether::rules {

struct RuleOptions {
  base::DurationMs evaluation_interval = base::Minutes(1);  // Of groups without one.
  base::DurationMs query_offset;
  base::DurationMs resend_delay = base::Minutes(1);
  base::DurationMs outage_tolerance = base::Hours(1);
  base::DurationMs startup_hold = base::Minutes(1);
  metric::Labels external_labels;
  std::string external_url;                  // Without a slash at the end.
  bool metrics_per_rule = true;              // Counters of what each rule takes; see rule_metrics.h.
  std::vector<std::string> severities = {};  // From low to high; empty: info, warning, error, critical, page.
};

enum class RuleHealth : std::uint8_t { kUnknown, kOk, kError };

// Snapshots for the API: values, good for ever.
struct AlertSnapshot {
  metric::Labels labels;
  metric::Annotations annotations;
  AlertState state = AlertState::kInactive;
  base::TimestampMs active_at;
  std::optional<base::TimestampMs> fired_at;
  std::optional<base::TimestampMs> keep_firing_since;
  double value = 0;
  // Of rules with levels or signals.
  std::string level;                             // The severity; of a pending alert what it is pending for.
  std::optional<base::TimestampMs> level_since;  // While firing.
  std::vector<SignalStanding> signals;           // Those that hold.
};

// What a rule says beyond Prometheus's, as the API shows it: texts as written.
struct LevelSnapshot {
  std::string severity;
  std::optional<Threshold> threshold;
  std::string when;
  std::string clear;
  base::DurationMs hold;
  std::optional<base::DurationMs> after;
};

struct SignalSnapshot {
  std::string name;
  std::string query;  // Of this,
  std::string alert;  // or the other alert's name.
  bool through_topology = false;
  std::optional<Threshold> threshold;
  std::string clear;
  base::DurationMs hold;
  std::size_t need = 1;
};

struct OverrideSnapshot {
  std::map<std::string, std::string> match;
  std::vector<LevelSnapshot> levels;  // Those that it replaces; likewise signals.
  std::vector<SignalSnapshot> signals;
};

struct ConditionSnapshot {
  std::vector<std::string> match_on;
  std::vector<SignalSnapshot> signals;  // Of composite rules.
  std::string when;
  std::vector<LevelSnapshot> levels;
  std::vector<OverrideSnapshot> overrides;
};

// Another alert that explains those of a rule; see rules/file/condition_spec.h.
struct DependencySnapshot {
  std::string alert;
  bool through_topology = false;
  std::vector<std::string> equal;
  base::DurationMs wait;
  base::DurationMs extension;
  base::DurationMs max;
};

struct RuleSnapshot {
  bool alerting = false;
  std::string name;
  std::string query;                // Canonical text.
  metric::Labels labels;            // Of the rule and its group, templates unexpanded.
  metric::Annotations annotations;  // Unexpanded.
  base::DurationMs hold;            // for:
  base::DurationMs keep_firing_for;
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;
  AlertState state = AlertState::kInactive;
  std::optional<base::TimestampMs> last_evaluation;
  double evaluation_s = 0;
  std::uint64_t series_read = 0;  // By the last evaluation,
  std::uint64_t samples_read = 0;
  std::vector<AlertSnapshot> alerts;                           // Pending and firing.
  std::optional<ConditionSnapshot> conditions = std::nullopt;  // Of rules with levels or signals.
  std::vector<DependencySnapshot> depends_on = {};
};

struct GroupSnapshot {
  std::string name;
  std::string file;
  base::DurationMs interval;
  base::DurationMs slot_offset;  // Evaluations are at k * interval + slot_offset.
  std::size_t limit = 0;
  std::optional<base::TimestampMs> last_evaluation;
  double evaluation_s = 0;
  std::vector<RuleSnapshot> rules;
};

struct RuleDependencies {
  storage::Storage& storage;
  storage::StateStore& state;
  const promql::Engine& engine;
  base::Clock& clock;
  base::MetricsRegistry& metrics;
  AlertSink& sink;
  const AckSource* acknowledgements = nullptr;  // Null: nobody acknowledges.
  const Topology* topology = nullptr;           // Null: nothing depends on anything.
};

class RuleManager {
 public:
  // Everything in `dependencies` outlives the manager.
  RuleManager(RuleOptions options, RuleDependencies dependencies);
  ~RuleManager();  // Stops.

  using Announce = std::function<void(const std::vector<GroupSnapshot>& groups)>;

  // Reads the files (paths, already expanded) and puts their groups in place of the present ones; groups that did not
  // change go on untouched, alerts of changed groups are kept where rule name and labels agree. On any error the
  // present rules stay and the message lists each fault as FILE: LINE:COLUMN: ... . `announce`, if set, is told the new
  // groups before anything of them is evaluated, and after nothing can refuse them any more.
  base::Status Load(const std::vector<std::string>& files, const RuleOptions& options, const Announce& announce = {});

  // Starts evaluating in the background, restoring alert states first.
  base::Status Start();
  // Returns when no evaluation runs any more.
  void Stop();

  // Evaluates every group whose slot has come by now, in this thread; for tests, instead of Start.
  void RunDue();

  [[nodiscard]] std::vector<GroupSnapshot> Groups() const;  // By file, then group name.
  // Transitions in [min, max], oldest first.
  [[nodiscard]] base::Result<std::vector<AlertTransition>> History(base::TimestampMs min, base::TimestampMs max) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::rules
