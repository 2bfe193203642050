#include "rules/backtest_score.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "yaml/field_reader.h"

namespace bellwether::rules {
namespace {

constexpr base::DurationMs kDefaultGrace = base::Minutes(30);

std::set<std::string> ReadNames(yaml::FieldReader& fields, std::string_view key, yaml::FaultList& faults) {
  std::set<std::string> names;
  for (const yaml::YamlNode& node : fields.List(key)) {
    if (node.kind != yaml::YamlNode::Kind::kScalar) {
      faults.Add(node.position, fmt::format("an entry of {} must be a name", key));
      continue;
    }
    names.insert(node.scalar);
  }
  return names;
}

base::TimestampMs ReadTime(yaml::FieldReader& fields, std::string_view key, yaml::FaultList& faults) {
  const std::optional<std::int64_t> seconds = fields.Integer(key);
  if (!seconds && fields.Find(key) == nullptr) {
    faults.Add(fields.PositionOf(key), fmt::format("{} is missing: seconds since 1970", key));
  }
  return base::TimestampMs(seconds.value_or(0) * 1000);
}

LabelledIncident ReadIncident(const yaml::YamlNode& node, bool is_benign, yaml::FaultList& faults) {
  yaml::FieldReader fields(node, is_benign ? "something benign" : "an incident", faults);
  LabelledIncident incident;
  incident.id = fields.Text("id");
  incident.kind = fields.Text("kind");
  incident.start = ReadTime(fields, "start_unix", faults);
  incident.end = ReadTime(fields, "end_unix", faults);
  if (incident.end < incident.start) faults.Add(fields.PositionOf("end_unix"), "end_unix lies before start_unix");
  const yaml::YamlNode* affected = is_benign ? &node : fields.Find("affected");
  if (affected == nullptr) {
    faults.Add(node.position, "affected is missing: {models: [...], features: [...], pipelines: [...]}");
    return incident;
  }
  yaml::FieldReader parts(*affected, "affected", faults);
  incident.models = ReadNames(parts, "models", faults);
  incident.features = ReadNames(parts, "features", faults);
  incident.pipelines = ReadNames(parts, "pipelines", faults);
  return incident;
}

void ReadGrace(const yaml::YamlNode& node, IncidentLabels& labels, yaml::FaultList& faults) {
  yaml::FieldReader fields(node, "grace_seconds", faults);
  if (const auto seconds = fields.Integer("default")) labels.grace = base::Seconds(*seconds);
  const yaml::YamlNode* delays = fields.Find("label_delay");
  if (delays == nullptr) return;
  yaml::FieldReader by_model(*delays, "label_delay", faults);
  for (const auto& [model, unused] : fields.Texts("label_delay")) {
    if (const auto seconds = by_model.Integer(model)) labels.label_delay[model] = base::Seconds(*seconds);
  }
}

bool Affects(const LabelledIncident& incident, const metric::Labels& alert) {
  const std::string model(alert.Get("model"));
  return incident.models.contains(model) || incident.pipelines.contains(std::string(alert.Get("pipeline"))) ||
         incident.features.contains(model + "/" + std::string(alert.Get("feature")));
}

// What is to be known of the rule that an alert came from.
class GraceTable {
 public:
  GraceTable(const BacktestReport& report, const IncidentLabels& labels) : labels_(labels) {
    for (const BacktestRule& rule : report.rules) {
      const bool waits = std::any_of(rule.metrics.begin(), rule.metrics.end(), [&](const std::string& metric) {
        return labels.delayed_metrics.contains(metric);
      });
      if (waits) delayed_.insert({rule.file, rule.group, rule.name});
    }
  }

  [[nodiscard]] base::DurationMs Of(const AlertEpisode& alert) const {
    if (!delayed_.contains({alert.file, alert.group, alert.alert})) return labels_.grace;
    const auto delay = labels_.label_delay.find(alert.labels.Get("model"));
    return delay == labels_.label_delay.end() ? labels_.grace : labels_.grace + delay->second;
  }

 private:
  const IncidentLabels& labels_;
  std::set<std::vector<std::string>> delayed_;
};

bool Hits(const AlertEpisode& alert, const LabelledIncident& incident, base::DurationMs grace) {
  return incident.start <= *alert.fired_at && *alert.fired_at <= incident.end + grace &&
         Affects(incident, alert.labels);
}

std::size_t CountModels(const IncidentLabels& labels) {
  std::set<std::string> models;
  for (const auto& [model, delay] : labels.label_delay) models.insert(model);
  for (const LabelledIncident& incident : labels.incidents) {
    models.insert(incident.models.begin(), incident.models.end());
  }
  return models.size();
}

std::optional<base::DurationMs> MedianDelay(const std::vector<IncidentScore>& incidents) {
  std::vector<base::DurationMs> delays;
  for (const IncidentScore& score : incidents) {
    if (score.delay) delays.push_back(*score.delay);
  }
  if (delays.empty()) return std::nullopt;
  std::sort(delays.begin(), delays.end());
  const std::size_t half = delays.size() / 2;
  if (delays.size() % 2 == 1) return delays[half];
  return base::DurationMs((delays[half - 1].ms + delays[half].ms) / 2);
}

void SetRates(const BacktestReport& report, BacktestScore& score) {
  if (!score.incidents.empty()) {
    score.recall = static_cast<double>(score.found) / static_cast<double>(score.incidents.size());
  }
  if (score.alerts > 0) score.precision = static_cast<double>(score.hits) / static_cast<double>(score.alerts);
  const double days = (report.end - report.start).seconds() / base::Days(1).seconds();
  const double model_days = days * static_cast<double>(score.models);
  if (model_days > 0) score.false_per_model_day = static_cast<double>(score.alerts - score.hits) / model_days;
  score.median_delay = MedianDelay(score.incidents);
}

}  // namespace

base::Result<IncidentLabels> ReadIncidentLabels(const std::string& path, std::string_view text) {
  IncidentLabels labels;
  labels.grace = kDefaultGrace;
  labels.delayed_metrics = {"ml_model_accuracy", "ml_model_outcomes_total"};
  yaml::FaultList faults(path);
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  if (document.faults.empty()) {
    yaml::FieldReader fields(document.root, "a labels file", faults);
    if (fields.Find("incidents") == nullptr) faults.Add(document.root.position, "incidents is missing");
    for (const yaml::YamlNode& node : fields.List("incidents")) {
      labels.incidents.push_back(ReadIncident(node, false, faults));
    }
    for (const yaml::YamlNode& node : fields.List("benign")) labels.benign.push_back(ReadIncident(node, true, faults));
    if (const yaml::YamlNode* grace = fields.Find("grace_seconds")) ReadGrace(*grace, labels, faults);
    if (fields.Find("delayed_metrics") != nullptr) {
      labels.delayed_metrics.clear();
      for (const std::string& name : ReadNames(fields, "delayed_metrics", faults)) labels.delayed_metrics.insert(name);
    }
  }
  const std::vector<std::string> found = faults.Take();
  if (!found.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(found, "\n")));
  return labels;
}

BacktestScore ScoreBacktest(const BacktestReport& report, const IncidentLabels& labels) {
  BacktestScore score;
  score.models = CountModels(labels);
  for (const LabelledIncident& incident : labels.incidents) {
    if (incident.start <= report.end && incident.end >= report.start) score.incidents.push_back({.incident = incident});
  }
  const GraceTable graces(report, labels);
  for (const AlertEpisode& alert : report.episodes) {
    if (!alert.WasTold() || *alert.fired_at < report.start || *alert.fired_at > report.end) continue;
    ++score.alerts;
    const base::DurationMs grace = graces.Of(alert);
    bool hit = false;
    for (IncidentScore& candidate : score.incidents) {
      if (!Hits(alert, candidate.incident, grace)) continue;
      hit = true;
      const base::DurationMs delay = *alert.fired_at - candidate.incident.start;
      if (!candidate.delay || delay < *candidate.delay) {
        candidate.delay = delay;
        candidate.first_alert = alert.alert;
      }
      ++candidate.alerts;
    }
    score.hits += hit ? 1 : 0;
    const auto is_cause = [&](const LabelledIncident& benign) { return Hits(alert, benign, grace); };
    if (!hit && std::any_of(labels.benign.begin(), labels.benign.end(), is_cause)) ++score.benign;
  }
  for (const IncidentScore& incident : score.incidents) score.found += incident.delay ? 1 : 0;
  SetRates(report, score);
  return score;
}

}  // namespace bellwether::rules
