// api/handlers/grafana/alert_events.h
//
// Alert history as annotations: each firing of an alert is one event with a beginning and an end. A pure function of
// the transitions, so that it is tested without rules.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/handlers/params.h"
#include "api/json/json_writer.h"
#include "base/time.h"
#include "incidents/suppressor.h"
#include "metric/matcher.h"
#include "rules/rule_manager.h"

namespace bellwether::api {

struct AlertEvent {
  base::TimestampMs start;
  base::TimestampMs end;          // Of one that still fires: now, or the end of the range.
  bool firing = false;            // Still.
  std::string id;                 // The same for the same firing.
  std::string title;              // The alert's name.
  std::string text;               // Its summary, description, or label set; why nothing is said of it.
  std::vector<std::string> tags;  // name=value; "held" or "suppressed"
};

// The firings that touch `range`, by start. `transitions` are in order of time and reach back before the range, so that
// a firing that began earlier is seen; one whose beginning they do not show begins with the range. Only alerts whose
// labels match all of `matchers`. One that still fires and is held or suppressed says so, with the reason.
[[nodiscard]] std::vector<AlertEvent> AlertEventsOf(std::span<const rules::AlertTransition> transitions,
                                                    const TimeBounds& range, base::TimestampMs now,
                                                    std::span<const metric::Matcher> matchers,
                                                    const incidents::Standings& standings);

// The table that Grafana's annotation support reads: time, timeEnd, title, text, tags, id.
void WriteAlertEventTable(JsonWriter& json, const std::string& ref_id, std::span<const AlertEvent> events);

// simple-json's list; `annotation` (JSON) is echoed in each.
void WriteAlertEventList(JsonWriter& json, const std::string& annotation, std::span<const AlertEvent> events);

}  // namespace bellwether::api
