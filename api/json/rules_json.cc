#include "api/json/rules_json.h"

#include <optional>

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

// What both kinds of rule end with.
void WriteRuleTail(JsonWriter& json, const rules::RuleSnapshot& rule) {
  json.Key("health").String(JsonRuleHealth(rule.health));
  if (!rule.last_error.empty()) json.Key("lastError").String(rule.last_error);
  json.Key("evaluationTime")
      .Number(rule.evaluation_s)
      .Key("lastEvaluation")
      .String(LastEvaluation(rule.last_evaluation));
  json.Key("type").String(rule.alerting ? "alerting" : "recording");
}

void WriteAlertingParts(JsonWriter& json, const rules::RuleSnapshot& rule, AlertList alerts) {
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
  for (const rules::AlertSnapshot& alert : rule.alerts) WriteAlert(json, alert);
  json.EndArray();
}

void WriteRule(JsonWriter& json, const rules::RuleSnapshot& rule, AlertList alerts) {
  json.BeginObject();
  if (rule.alerting) json.Key("state").String(rule.last_evaluation ? JsonAlertState(rule.state) : "unknown");
  json.Key("name").String(rule.name).Key("query").String(rule.query);
  if (rule.alerting) {
    WriteAlertingParts(json, rule, alerts);
  } else {
    json.Key("labels");
    WriteLabels(json, rule.labels);
  }
  WriteRuleTail(json, rule);
  json.EndObject();
}

}  // namespace

void WriteAlert(JsonWriter& json, const rules::AlertSnapshot& alert) {
  json.BeginObject().Key("labels");
  WriteLabels(json, alert.labels);
  json.Key("annotations");
  WriteAnnotations(json, alert.annotations);
  json.Key("state").String(JsonAlertState(alert.state)).Key("activeAt").String(base::FormatRfc3339(alert.active_at));
  if (alert.keep_firing_since) json.Key("keepFiringSince").String(base::FormatRfc3339(*alert.keep_firing_since));
  json.Key("value").String(base::FormatNumberE(alert.value)).EndObject();
}

void WriteRuleGroup(JsonWriter& json, const rules::GroupSnapshot& group,
                    std::span<const rules::RuleSnapshot* const> rules, AlertList alerts) {
  json.BeginObject().Key("name").String(group.name).Key("file").String(group.file).Key("rules").BeginArray();
  for (const rules::RuleSnapshot* rule : rules) WriteRule(json, *rule, alerts);
  json.EndArray().Key("interval").Number(group.interval.seconds()).Key("limit").Unsigned(group.limit);
  json.Key("evaluationTime").Number(group.evaluation_s);
  json.Key("lastEvaluation").String(LastEvaluation(group.last_evaluation)).EndObject();
}

}  // namespace bellwether::api
