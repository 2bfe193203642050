// The way of an alert through the tree, told step by step.
#include <algorithm>

#include <fmt/format.h>

#include "base/quote.h"
#include "notify/config/matcher_text.h"
#include "notify/dispatcher.h"
#include "notify/policy/route.h"

namespace bellwether::notify {
namespace {

std::string TimingOf(const Route& route) {
  std::string out =
      fmt::format("group_wait {}, group_interval {}, repeat_interval {}", base::FormatDuration(route.group_wait),
                  base::FormatDuration(route.group_interval), base::FormatDuration(route.repeat_interval));
  if (!route.active_intervals.empty()) out += fmt::format(", active in {}", fmt::join(route.active_intervals, ", "));
  if (!route.mute_intervals.empty()) out += fmt::format(", mute in {}", fmt::join(route.mute_intervals, ", "));
  return out;
}

// The first matcher that refuses; empty if none does.
std::string RefusalOf(const Route& route, const metric::Labels& labels) {
  for (const metric::Matcher& m : route.matchers) {
    if (!m.Matches(labels.Get(m.name())))
      return fmt::format("no, {} is {}", m.name(), base::Quote(labels.Get(m.name())));
  }
  return {};
}

class RouteTracer {
 public:
  RouteTracer(const metric::Labels& labels, std::vector<RouteStep>& steps) : labels_(labels), steps_(steps) {}

  // True if the alert is taken here or below.
  bool Visit(const Route& route, int depth) {
    const std::size_t own = steps_.size();
    steps_.push_back({.depth = depth, .matchers = MatchersText(route.matchers), .why = RefusalOf(route, labels_)});
    if (!steps_[own].why.empty()) return false;
    bool below = false, closed = false;
    for (const Route& child : route.routes) {
      if (closed) {
        steps_.push_back({.depth = depth + 1,
                          .matchers = MatchersText(child.matchers),
                          .why = "not asked: the one before took it, without continue"});
      } else if (Visit(child, depth + 1)) {
        below = true;
        closed = !child.continues;
      }
    }
    RouteStep& step = steps_[own];
    step.why = below ? "matches, and a route below takes it" : "matches";
    if (below) return true;
    step.is_taken = true;
    step.receiver = route.receiver;
    step.group_key = GroupKey(route, GroupLabels(route, labels_));
    step.timing = TimingOf(route);
    return true;
  }

 private:
  const metric::Labels& labels_;
  std::vector<RouteStep>& steps_;
};

}  // namespace

std::vector<RouteStep> ExplainRoute(const Config& config, const metric::Labels& labels) {
  std::vector<RouteStep> steps;
  RouteTracer(labels, steps).Visit(config.route, 0);
  return steps;
}

}  // namespace bellwether::notify
