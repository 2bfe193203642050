// rules/backtest_score.h
//
// How well rules would have found incidents that somebody has labelled.
//
// An alert counts by when it fired. It hits an incident if that lies in [start, end + grace] and its labels name
// something the incident affected: `model`, `model` and `feature`, or `pipeline`. The grace is the default one and, for
// rules over metrics that wait for true labels, the delay of the model's labels. An alert may hit several incidents;
// one that hits none is false.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "rules/backtest.h"

namespace bellwether::rules {

struct LabelledIncident {
  std::string id;
  std::string kind;
  base::TimestampMs start;
  base::TimestampMs end;
  std::set<std::string> models;
  std::set<std::string> features;  // "model/feature"
  std::set<std::string> pipelines;
};

struct IncidentLabels {
  std::vector<LabelledIncident> incidents;
  std::vector<LabelledIncident> benign;  // What looks like an incident and is none.
  base::DurationMs grace;
  std::map<std::string, base::DurationMs, std::less<>> label_delay;  // By model.
  std::set<std::string, std::less<>> delayed_metrics;                // Those that wait for true labels.
};

// Reads a labels file (JSON or YAML):
//   incidents: [{id: a, kind: outage, start_unix: 1741049700, end_unix: 1741060500,
//                affected: {models: [fraud], features: [fraud/amount], pipelines: [events]}}]
//   benign: [{id: b, kind: traffic, start_unix: 1741053180, end_unix: 1741056780, models: [fraud]}]
//   grace_seconds: {default: 1800, label_delay: {fraud: 5400}}
//   delayed_metrics: [ml_model_accuracy]
// All but `incidents` may be absent: the grace is 30 min, and ml_model_accuracy and ml_model_outcomes_total wait for
// labels. Other fields are left alone. kInvalidArgument lists every fault with its place.
[[nodiscard]] base::Result<IncidentLabels> ReadIncidentLabels(const std::string& path, std::string_view text);

struct IncidentScore {
  LabelledIncident incident;
  std::size_t alerts = 0;                                // That hit it.
  std::optional<base::DurationMs> delay = std::nullopt;  // From its start to the first; nothing: it was missed.
  std::string first_alert = {};
};

struct BacktestScore {
  std::vector<IncidentScore> incidents;  // Those that touch the time of the backtest.
  std::size_t found = 0;
  std::size_t alerts = 0;           // That fired in that time and were told.
  std::size_t hits = 0;             // Of them, those that hit an incident.
  std::size_t benign = 0;           // Those that hit none, but something benign.
  std::size_t models = 0;           // That the labels name.
  std::optional<double> recall;     // Nothing: there were no incidents.
  std::optional<double> precision;  // Nothing: nothing fired.
  std::optional<double> false_per_model_day;
  std::optional<base::DurationMs> median_delay;  // Of the incidents found.
};

[[nodiscard]] BacktestScore ScoreBacktest(const BacktestReport& report, const IncidentLabels& labels);

}  // namespace bellwether::rules
