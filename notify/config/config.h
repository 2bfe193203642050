// notify/config/config.h
//
// Alertmanager's configuration as values: the route tree with everything inherited filled in, the receivers with their
// global defaults, what suppresses what, the user's templates. Immutable once read.
// Integrations are in integrations.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "notify/config/integrations.h"
#include "template/template.h"

namespace bellwether::notify {

using TextsByName = std::map<std::string, std::string, std::less<>>;

struct Receiver {
  std::string name;
  std::vector<Integration> integrations;
  TextsByName labels;             // With "name", the receiver's.
  base::DurationMs heartbeat{0};  // How often it is told that all is well; 0: never.
};

// Both ends belong to it, but for times of day, whose end does not.
struct NumberRange {
  int first = 0;
  int last = 0;
};

// Contains a moment that every list which is not empty contains.
struct TimeInterval {
  std::vector<NumberRange> times = {};          // Minutes of the day.
  std::vector<NumberRange> weekdays = {};       // From 0, Sunday.
  std::vector<NumberRange> days_of_month = {};  // Negative ones count from the end, the last day is -1.
  std::vector<NumberRange> months = {};         // From 1.
  std::vector<NumberRange> years = {};
  std::string location = {};  // A time zone; empty: UTC.
};
// Contains a moment that one of them contains.
using TimeIntervals = std::map<std::string, std::vector<TimeInterval>, std::less<>>;

// While an alert that matches `source` fires, alerts that match `target` and agree with it on `equal` are not told.
struct InhibitRule {
  std::string name = {};
  std::vector<metric::Matcher> source = {};
  std::vector<metric::Matcher> target = {};
  std::vector<std::string> equal = {};
};

struct Route {
  std::string receiver;
  std::vector<std::string> group_by;
  bool group_by_all = false;  // '...'
  base::DurationMs group_wait = base::Seconds(30);
  base::DurationMs group_interval = base::Minutes(5);
  base::DurationMs repeat_interval = base::Hours(4);
  std::vector<metric::Matcher> matchers;
  bool continues = false;
  std::vector<std::string> mute_intervals;    // Names; while one of them holds, nothing is told.
  std::vector<std::string> active_intervals;  // While none of them holds, nothing is told; empty: always active.
  std::vector<Route> routes;
  std::string key;  // The matchers from the root: {}/{team="ml"}
  std::string id;   // The key with the index of each child on the way: tells siblings with equal matchers apart.
};

struct Config {
  Route route;
  std::map<std::string, Receiver> receivers;
  std::vector<InhibitRule> inhibit_rules;
  TimeIntervals time_intervals;
  base::DurationMs resolve_timeout = base::Minutes(5);  // How long an alert fires whose sender names no end.
  templating::TemplateSet templates;                    // Our defaults, and the user's over them.
  std::string shown;                  // The keys that are Alertmanager's, as YAML, with secrets masked.
  std::uint64_t hash = 0;             // Of the file's text, as Alertmanager counts it.
  std::vector<std::string> warnings;  // What was read but has no effect, with places.
};

}  // namespace bellwether::notify
