#include "api/handlers/grafana/alert_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bellwether::api {
namespace {

constexpr std::string_view kAlertNameLabel = "alertname";

std::string EventText(const rules::AlertTransition& transition) {
  for (const std::string_view key : {"summary", "description", "message"}) {
    const auto it = transition.annotations.find(key);
    if (it != transition.annotations.end() && !it->second.empty()) return it->second;
  }
  return transition.labels.ToString();
}

AlertEvent BeginEvent(const rules::AlertTransition& transition, base::TimestampMs start) {
  AlertEvent event;
  event.start = start;
  event.id = fmt::format("{:016x}-{}", transition.labels.Fingerprint(), start.ms);
  event.title = std::string(transition.labels.Get(kAlertNameLabel));
  event.text = EventText(transition);
  for (const auto [name, value] : transition.labels) {
    if (name != kAlertNameLabel) event.tags.push_back(fmt::format("{}={}", name, value));
  }
  return event;
}

void AddStanding(const incidents::Standing& standing, AlertEvent& event) {
  event.tags.emplace_back(standing.verdict == incidents::Verdict::kHold ? "held" : "suppressed");
  event.text += "\n" + standing.reason;
}

bool MatchesAll(std::span<const metric::Matcher> matchers, const metric::Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

void WriteTableColumn(JsonWriter& json, std::string_view text, std::string_view type) {
  json.BeginObject().Key("text").String(text).Key("type").String(type).EndObject();
}

}  // namespace

std::vector<AlertEvent> AlertEventsOf(std::span<const rules::AlertTransition> transitions, const TimeBounds& range,
                                      base::TimestampMs now, std::span<const metric::Matcher> matchers,
                                      const incidents::Standings& standings) {
  std::vector<AlertEvent> events;
  std::map<metric::Labels, AlertEvent> open;
  const auto close = [&](AlertEvent event, base::TimestampMs end) {
    event.end = end;
    if (event.end >= range.min && event.start <= range.max) events.push_back(std::move(event));
  };
  for (const rules::AlertTransition& transition : transitions) {
    if (!MatchesAll(matchers, transition.labels)) continue;
    const auto it = open.find(transition.labels);
    if (transition.to == rules::AlertState::kFiring) {
      if (it == open.end()) open.emplace(transition.labels, BeginEvent(transition, transition.at));
    } else if (it != open.end()) {
      close(std::move(it->second), transition.at);
      open.erase(it);
    } else if (transition.from == rules::AlertState::kFiring) {
      close(BeginEvent(transition, std::min(range.min, transition.at)), transition.at);
    }
  }
  for (auto& [labels, event] : open) {
    event.firing = true;
    if (const auto standing = standings.find(labels); standing != standings.end()) AddStanding(standing->second, event);
    const base::TimestampMs end = std::max(event.start, std::min(now, range.max));
    close(std::move(event), end);
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const AlertEvent& a, const AlertEvent& b) { return a.start < b.start; });
  return events;
}

void WriteAlertEventTable(JsonWriter& json, const std::string& ref_id, std::span<const AlertEvent> events) {
  json.BeginObject().Key("refId").String(ref_id).Key("type").String("table").Key("columns").BeginArray();
  WriteTableColumn(json, "time", "time");
  WriteTableColumn(json, "timeEnd", "time");
  for (const std::string_view column : {"title", "text", "tags", "id"}) WriteTableColumn(json, column, "string");
  json.EndArray().Key("rows").BeginArray();
  for (const AlertEvent& event : events) {
    json.BeginArray().Integer(event.start.ms).Integer(event.end.ms).String(event.title).String(event.text);
    json.String(fmt::format("{}", fmt::join(event.tags, ","))).String(event.id).EndArray();
  }
  json.EndArray().EndObject();
}

void WriteAlertEventList(JsonWriter& json, const std::string& annotation, std::span<const AlertEvent> events) {
  json.BeginArray();
  for (const AlertEvent& event : events) {
    json.BeginObject().Key("annotation").Raw(annotation).Key("time").Integer(event.start.ms);
    json.Key("timeEnd").Integer(event.end.ms).Key("isRegion").Bool(true).Key("title").String(event.title);
    json.Key("tags").BeginArray();
    for (const std::string& tag : event.tags) json.String(tag);
    json.EndArray().Key("text").String(event.text).EndObject();
  }
  json.EndArray();
}

}  // namespace bellwether::api
