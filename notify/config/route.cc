// The route tree.
#include <algorithm>

#include <fmt/format.h>

#include "notify/config/config_reader.h"
#include "notify/config/matcher_text.h"
#include "yaml/suggestion.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;
using yaml::YamlPosition;

struct RouteReader {
  std::span<const std::string> receivers;
  const TimeIntervals& intervals;
  ReadContext& context;
};

void ReadGroupBy(FieldReader& fields, Route& route, ReadContext& context) {
  if (fields.Find("group_by") == nullptr) return;
  route.group_by.clear();
  route.group_by_all = false;
  for (const YamlNode& node : fields.List("group_by")) {
    const std::string& name = node.scalar;
    if (name == "...") {
      route.group_by_all = true;
    } else if (name.empty()) {
      context.faults.Add(node.position, "a label name in group_by must not be empty");
    } else if (std::find(route.group_by.begin(), route.group_by.end(), name) != route.group_by.end()) {
      context.faults.Add(node.position, fmt::format("duplicated label \"{}\" in group_by", name));
    } else {
      route.group_by.push_back(name);
    }
  }
  if (route.group_by_all && !route.group_by.empty()) {
    context.faults.Add(fields.PositionOf("group_by"),
                       "cannot have wildcard group_by (`...`) and other labels at the same time");
  }
}

void ReadTimers(FieldReader& fields, Route& route, ReadContext& context) {
  if (const auto wait = fields.Duration("group_wait")) route.group_wait = *wait;
  if (const auto interval = fields.Duration("group_interval")) {
    if (interval->ms == 0) context.faults.Add(fields.PositionOf("group_interval"), "group_interval cannot be zero");
    route.group_interval = *interval;
  }
  if (const auto repeat = fields.Duration("repeat_interval")) {
    if (repeat->ms == 0) context.faults.Add(fields.PositionOf("repeat_interval"), "repeat_interval cannot be zero");
    route.repeat_interval = *repeat;
  }
  if (route.repeat_interval < route.group_interval) {
    context.Warn(fields.PositionOf("repeat_interval"),
                 "repeat_interval is less than group_interval: notifications repeat every group_interval");
  }
}

std::vector<std::string> ReadIntervalNames(FieldReader& fields, std::string_view key, bool is_root,
                                           const RouteReader& reader) {
  std::vector<std::string> names;
  if (fields.Find(key) == nullptr) return names;
  if (is_root) {
    reader.context.faults.Add(fields.PositionOf(key), key == "mute_time_intervals"
                                                          ? "root route must not have any mute time intervals"
                                                          : "root route must not have any active time intervals");
    return names;
  }
  for (const YamlNode& node : fields.List(key)) {
    if (reader.intervals.count(node.scalar) == 0) {
      std::vector<std::string_view> known;
      for (const auto& [name, interval] : reader.intervals) known.push_back(name);
      const std::string_view meant = yaml::Suggest(node.scalar, known);
      reader.context.faults.Add(node.position,
                                fmt::format("undefined time interval \"{}\" used in route{}", node.scalar,
                                            meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant)));
    }
    names.push_back(node.scalar);
  }
  return names;
}

void CheckReceiver(FieldReader& fields, const Route& route, const RouteReader& reader) {
  if (route.receiver.empty() ||
      std::find(reader.receivers.begin(), reader.receivers.end(), route.receiver) != reader.receivers.end()) {
    return;
  }
  const std::vector<std::string_view> known(reader.receivers.begin(), reader.receivers.end());
  const std::string_view meant = yaml::Suggest(route.receiver, known);
  reader.context.faults.Add(fields.PositionOf("receiver"),
                            fmt::format("undefined receiver \"{}\" used in route{}", route.receiver,
                                        meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant)));
}

// `route` comes with what it inherits.
void ReadRoute(const YamlNode& node, const Route* parent, std::size_t index, Route& route, const RouteReader& reader) {
  ReadContext& context = reader.context;
  const bool is_root = parent == nullptr;
  FieldReader fields(node, "a route", context.faults);
  if (fields.Find("receiver") != nullptr) route.receiver = fields.Text("receiver");
  if (is_root && route.receiver.empty()) {
    context.faults.Add(node.position, "root route must specify a default receiver");
  }
  CheckReceiver(fields, route, reader);
  ReadGroupBy(fields, route, context);
  ReadTimers(fields, route, context);
  route.matchers = ReadMatchers(fields, "", context);
  if (is_root && !route.matchers.empty()) context.faults.Add(node.position, "root route must not have any matchers");
  route.continues = fields.Bool("continue").value_or(false);
  if (is_root && route.continues)
    context.faults.Add(fields.PositionOf("continue"), "cannot have continue in root route");
  route.mute_intervals = ReadIntervalNames(fields, "mute_time_intervals", is_root, reader);
  route.active_intervals = ReadIntervalNames(fields, "active_time_intervals", is_root, reader);
  if (fields.Find("labels") != nullptr) {
    fields.Texts("labels");
    context.Warn(fields.PositionOf("labels"), "the labels of a route have no effect yet");
  }
  const std::string own = MatchersText(route.matchers);
  route.key = is_root ? own : parent->key + "/" + own;
  route.id = is_root ? own : fmt::format("{}/{}/{}", parent->id, own, index);
  std::size_t child_index = 0;
  for (const YamlNode& child_node : fields.List("routes")) {
    Route child = route;
    child.routes.clear();
    ReadRoute(child_node, &route, child_index++, child, reader);
    route.routes.push_back(std::move(child));
  }
  constexpr std::string_view kKnown[] = {
      "receiver", "group_by", "group_wait",          "group_interval",        "repeat_interval", "matchers", "match",
      "match_re", "continue", "mute_time_intervals", "active_time_intervals", "labels",          "routes"};
  fields.RefuseUnknown(kKnown, {});
}

}  // namespace

Route ReadRootRoute(const YamlNode& node, std::span<const std::string> receivers, const TimeIntervals& intervals,
                    ReadContext& context) {
  Route root;
  ReadRoute(node, nullptr, 0, root, RouteReader{receivers, intervals, context});
  return root;
}

}  // namespace bellwether::notify
