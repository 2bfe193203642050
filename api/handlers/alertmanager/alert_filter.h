// api/handlers/alertmanager/alert_filter.h
//
// Which alerts a request of API v2 asks for, and the alerts that there are: those that notifications know, and those of
// our rules that another alert explains and that are therefore told to nobody.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/handlers/routes.h"
#include "base/status.h"
#include "metric/matcher.h"
#include "notify/shown_alert.h"

namespace bellwether::api {

struct V2Alert {
  notify::ShownAlert shown;
  bool is_suppressed = false;  // By an alert that explains it; also where none of these is left to be named.

  // "suppressed" or "active"
  [[nodiscard]] bool IsActive() const {
    return !is_suppressed && shown.silenced_by.empty() && shown.inhibited_by.empty();
  }
};

class AlertFilter {
 public:
  // Reads active, silenced, inhibited, filter, receiver and receiver_matchers. kInvalidArgument: a bad matcher or
  // expression.
  static base::Result<AlertFilter> Read(const HandlerContext& context, const HttpRequest& request);

  [[nodiscard]] bool Wants(const V2Alert& alert) const;
  [[nodiscard]] bool WantsReceiver(const std::string& receiver) const;

 private:
  bool active_ = true;
  bool silenced_ = true;
  bool inhibited_ = true;
  std::vector<metric::Matcher> matchers_;
  std::optional<metric::Matcher> receiver_;
  std::optional<std::set<std::string>> receivers_;  // Those whose labels match; nothing: not asked.
};

// What suppression by depends_on and topology says of alerts.
class Explained {
 public:
  explicit Explained(const HandlerContext& context);

  // The alert with what is said of it.
  [[nodiscard]] V2Alert Join(notify::ShownAlert shown) const;
  // Those that are suppressed and not among `known`.
  [[nodiscard]] std::vector<V2Alert> OthersThan(const std::vector<V2Alert>& known) const;

 private:
  void AddCauses(const incidents::Standing& standing, V2Alert& alert) const;

  const HandlerContext& context_;
  const incidents::Standings standings_;
};

}  // namespace bellwether::api
