// notify/shown_alert.h
//
// Alerts as foreign senders give them and as they are shown, with everything that is said of them at the moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "metric/matcher.h"

namespace bellwether::notify {

// As Prometheus and its like send it; times that are absent were not given.
struct ForeignAlert {
  std::vector<std::pair<std::string, std::string>> labels;  // In any order, empty values too.
  metric::Annotations annotations;
  std::optional<base::TimestampMs> starts_at;
  std::optional<base::TimestampMs> ends_at;
  std::string generator_url;
};

struct ShownAlert {
  metric::AlertUpdate alert;  // `ends_at`: when it ends if nothing more is heard.
  std::vector<std::string> receivers;
  std::vector<std::string> silenced_by;   // Ids.
  std::vector<std::string> inhibited_by;  // Fingerprints.
};

struct ShownGroup {
  metric::Labels labels;
  std::string receiver;
  std::vector<std::string> muted_by;  // Time intervals.
  std::vector<ShownAlert> alerts;     // In the order of messages.
};

struct ShownReceiver {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // By name; "name" is one of them.

  // Whether the labels match all of `matchers`.
  [[nodiscard]] bool Matches(const std::vector<metric::Matcher>& matchers) const;
};

// The one matcher that `text` is, as requests and command lines have it. kInvalidArgument "bad matcher format: ...".
[[nodiscard]] base::Result<metric::Matcher> ParseMatcher(std::string_view text);
// name="value", as route and group keys have it.
[[nodiscard]] std::string MatcherText(const metric::Matcher& matcher);

}  // namespace bellwether::notify
