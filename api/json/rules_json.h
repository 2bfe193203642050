// api/json/rules_json.h
//
// Rule groups and alerts as Prometheus's JSON. Grafana decodes them into typed structures, so kinds must be exact:
// times are RFC 3339, durations numbers of seconds, the value of an alert is text ("2.5e-01"), maps and lists are never
// null (but for the alerts when they were left out on request).
#pragma once

#include <span>

#include "api/json/json_writer.h"
#include "incidents/suppressor.h"
#include "rules/rule_manager.h"

namespace bellwether::api {

enum class AlertList { kShown, kLeftOut };

// `rules` are those of the group that are to be shown.
void WriteRuleGroup(JsonWriter& json, const rules::GroupSnapshot& group,
                    std::span<const rules::RuleSnapshot* const> rules, AlertList alerts,
                    const incidents::Standings& standings);

// One that is held or suppressed has a `status`, which says by what, since when and until when.
void WriteAlert(JsonWriter& json, const rules::AlertSnapshot& alert, const incidents::Standings& standings);

}  // namespace bellwether::api
