#include "api/json/rules_json.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/json/value_json.h"
#include "base/number.h"

namespace bellwether::api {
namespace {

std::string_view JsonRuleHealth(rules::RuleHealth health) {
  switch (health) {
    case rules::RuleHealth::kUnknown: return "unknown";
    case rules::RuleHealth::kOk: return "ok";
    case rules::RuleHealth::kError: return "err";
  }
  return "unknown";
}

std::string_view JsonAlertState(rules::AlertState state) {
  switch (state) {
    case rules::AlertState::kInactive: return "inactive";
    case rules::AlertState::kPending: return "pending";
    case rules::AlertState::kFiring: return "firing";
  }
  return "inactive";
}

std::string LastEvaluation(const std::optional<base::TimestampMs>& t) {
  return t ? base::FormatRfc3339(*t) : "0001-01-01T00:00:00Z";
}

void WriteAnnotations(JsonWriter& json, const metric::Annotations& annotations) {
  json.BeginObject();
  for (const auto& [name, text] : annotations) json.Key(name).PlainString(text);
  json.EndObject();
}

void WriteTexts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

// As Alertmanager prints it.
std::string FingerprintText(const metric::Labels& labels) { return fmt::format("{:016x}", labels.Fingerprint()); }

void WriteThreshold(JsonWriter& json, const rules::Threshold& threshold) {
  const bool above = threshold.side == rules::Side::kAbove;
  json.Key(above ? "above" : "below").Number(threshold.bound);
  if (threshold.clear != threshold.bound) json.Key(above ? "clearBelow" : "clearAbove").Number(threshold.clear);
}

void WriteLevels(JsonWriter& json, const std::vector<rules::LevelSnapshot>& levels) {
  json.Key("levels").BeginArray();
  for (const rules::LevelSnapshot& level : levels) {
    json.BeginObject().Key("severity").String(level.severity);
    if (level.threshold) WriteThreshold(json, *level.threshold);
    if (!level.when.empty()) json.Key("when").String(level.when);
    if (!level.clear.empty()) json.Key("clear").String(level.clear);
    json.Key("duration").Number(level.hold.seconds());
    if (level.after) json.Key("after").Number(level.after->seconds());
    json.EndObject();
  }
  json.EndArray();
}

void WriteSignals(JsonWriter& json, const std::vector<rules::SignalSnapshot>& signals) {
  json.Key("signals").BeginObject();
  for (const rules::SignalSnapshot& signal : signals) {
    json.Key(signal.name).BeginObject();
    if (!signal.query.empty()) json.Key("query").String(signal.query);
    if (!signal.alert.empty()) json.Key("alert").String(signal.alert);
    if (signal.through_topology) json.Key("through").String("topology");
    if (signal.threshold) WriteThreshold(json, *signal.threshold);
    if (!signal.clear.empty()) json.Key("clear").String(signal.clear);
    json.Key("duration").Number(signal.hold.seconds()).Key("need").Unsigned(signal.need).EndObject();
  }
  json.EndObject();
}

// What Prometheus's rules have no keys for.
void WriteConditions(JsonWriter& json, const rules::ConditionSnapshot& conditions) {
  if (!conditions.signals.empty()) {
    WriteTexts(json, "matchOn", conditions.match_on);
    WriteSignals(json, conditions.signals);
    json.Key("when").String(conditions.when);
  }
  if (!conditions.levels.empty()) WriteLevels(json, conditions.levels);
  if (conditions.overrides.empty()) return;
  json.Key("overrides").BeginArray();
  for (const rules::OverrideSnapshot& entry : conditions.overrides) {
    json.BeginObject().Key("match").BeginObject();
    for (const auto& [name, value] : entry.match) json.Key(name).String(value);
    json.EndObject();
    if (!entry.levels.empty()) WriteLevels(json, entry.levels);
    if (!entry.signals.empty()) WriteSignals(json, entry.signals);
    json.EndObject();
  }
  json.EndArray();
}

void WriteHoldingSignals(JsonWriter& json, const std::vector<rules::SignalStanding>& signals) {
  json.Key("signals").BeginObject();
  for (const rules::SignalStanding& signal : signals) {
    json.Key(signal.name).BeginObject().Key("value").String(base::FormatNumberE(signal.value));
    if (signal.since) json.Key("since").String(base::FormatRfc3339(*signal.since));
    json.Key("series").BeginArray();
    for (const metric::Labels& labels : signal.series) WriteLabels(json, labels);
    json.EndArray().EndObject();
  }
  json.EndObject();
}

void WriteDependencies(JsonWriter& json, const std::vector<rules::DependencySnapshot>& dependencies) {
  json.Key("dependsOn").BeginArray();
  for (const rules::DependencySnapshot& dependency : dependencies) {
    json.BeginObject().Key("alert").String(dependency.alert);
    if (dependency.through_topology) {
      json.Key("through").String("topology");
    } else {
      WriteTexts(json, "equal", dependency.equal);
    }
    json.Key("wait").Number(dependency.wait.seconds()).Key("extension").Number(dependency.extension.seconds());
    json.Key("max").Number(dependency.max.seconds()).EndObject();
  }
  json.EndArray();
}

void WriteCause(JsonWriter& json, const incidents::Cause& cause) {
  json.BeginObject().Key("fingerprint").String(FingerprintText(cause.labels)).Key("labels");
  WriteLabels(json, cause.labels);
  json.Key("since").String(base::FormatRfc3339(cause.since));
  if (cause.path.empty()) {
    json.Key("through").String("labels");
    WriteTexts(json, "equal", cause.equal);
  } else {
    std::vector<std::string> path;
    for (const metric::ComponentId& id : cause.path) path.push_back(id.kind + "/" + id.name);
    json.Key("through").String("topology");
    WriteTexts(json, "path", path);
  }
  json.EndObject();
}

// Why nothing is said of an alert: with Alertmanager's words where it has them.
void WriteStanding(JsonWriter& json, const incidents::Standing& standing) {
  json.Key("status").BeginObject();
  json.Key("state").String(standing.verdict == incidents::Verdict::kHold ? "held" : "suppressed");
  std::vector<std::string> fingerprints;
  for (const incidents::Cause& cause : standing.causes) fingerprints.push_back(FingerprintText(cause.labels));
  WriteTexts(json, "inhibitedBy", fingerprints);
  json.Key("reason").String(standing.reason).Key("since").String(base::FormatRfc3339(standing.since));
  if (standing.until) json.Key("until").String(base::FormatRfc3339(*standing.until));
  json.Key("told").Bool(standing.told).Key("suppressedBy").BeginArray();
  for (const incidents::Cause& cause : standing.causes) WriteCause(json, cause);
  json.EndArray().EndObject();
}

// What both kinds of rule end with.
void WriteRuleTail(JsonWriter& json, const rules::RuleSnapshot& rule) {
  json.Key("health").String(JsonRuleHealth(rule.health));
  if (!rule.last_error.empty()) json.Key("lastError").String(rule.last_error);
  json.Key("evaluationTime")
      .Number(rule.evaluation_s)
      .Key("seriesRead")
      .Unsigned(rule.series_read)
      .Key("samplesRead")
      .Unsigned(rule.samples_read)
      .Key("lastEvaluation")
      .String(LastEvaluation(rule.last_evaluation));
  json.Key("type").String(rule.alerting ? "alerting" : "recording");
}

void WriteAlertingParts(JsonWriter& json, const rules::RuleSnapshot& rule, AlertList alerts,
                        const incidents::Standings& standings) {
  json.Key("duration").Number(rule.hold.seconds()).Key("keepFiringFor").Number(rule.keep_firing_for.seconds());
  json.Key("labels");
  WriteLabels(json, rule.labels);
  json.Key("annotations");
  WriteAnnotations(json, rule.annotations);
  json.Key("alerts");
  if (alerts == AlertList::kLeftOut) {
    json.Null();
    return;
  }
  json.BeginArray();
  for (const rules::AlertSnapshot& alert : rule.alerts) WriteAlert(json, alert, standings);
  json.EndArray();
}

void WriteRule(JsonWriter& json, const rules::RuleSnapshot& rule, AlertList alerts,
               const incidents::Standings& standings) {
  json.BeginObject();
  if (rule.alerting) json.Key("state").String(rule.last_evaluation ? JsonAlertState(rule.state) : "unknown");
  json.Key("name").String(rule.name).Key("query").String(rule.query);
  if (rule.conditions) WriteConditions(json, *rule.conditions);
  if (!rule.depends_on.empty()) WriteDependencies(json, rule.depends_on);
  if (rule.alerting) {
    WriteAlertingParts(json, rule, alerts, standings);
  } else {
    json.Key("labels");
    WriteLabels(json, rule.labels);
  }
  WriteRuleTail(json, rule);
  json.EndObject();
}

}  // namespace

void WriteAlert(JsonWriter& json, const rules::AlertSnapshot& alert, const incidents::Standings& standings) {
  json.BeginObject().Key("labels");
  WriteLabels(json, alert.labels);
  json.Key("annotations");
  WriteAnnotations(json, alert.annotations);
  json.Key("state").String(JsonAlertState(alert.state)).Key("activeAt").String(base::FormatRfc3339(alert.active_at));
  if (alert.keep_firing_since) json.Key("keepFiringSince").String(base::FormatRfc3339(*alert.keep_firing_since));
  if (!alert.level.empty()) json.Key("level").String(alert.level);
  if (alert.level_since) json.Key("levelSince").String(base::FormatRfc3339(*alert.level_since));
  if (!alert.signals.empty()) WriteHoldingSignals(json, alert.signals);
  const auto standing = standings.find(alert.labels);
  if (standing != standings.end()) WriteStanding(json, standing->second);
  json.Key("value").String(base::FormatNumberE(alert.value)).EndObject();
}

void WriteRuleGroup(JsonWriter& json, const rules::GroupSnapshot& group,
                    std::span<const rules::RuleSnapshot* const> rules, AlertList alerts,
                    const incidents::Standings& standings) {
  json.BeginObject().Key("name").String(group.name).Key("file").String(group.file).Key("rules").BeginArray();
  for (const rules::RuleSnapshot* rule : rules) WriteRule(json, *rule, alerts, standings);
  json.EndArray().Key("interval").Number(group.interval.seconds()).Key("limit").Unsigned(group.limit);
  json.Key("evaluationTime").Number(group.evaluation_s);
  json.Key("lastEvaluation").String(LastEvaluation(group.last_evaluation)).EndObject();
}

}  // namespace bellwether::api
