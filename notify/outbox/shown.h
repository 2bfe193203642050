// notify/outbox/shown.h
//
// The alerts of the book as the API shows them, with what suppresses them at the moment. Pure.
#pragma once

#include <vector>

#include "notify/outbox/planner.h"
#include "notify/shown_alert.h"

namespace bellwether::notify {

// Those that fire, by fingerprint, with the receivers of the routes that they take.
[[nodiscard]] std::vector<ShownAlert> ShowAlerts(const PlanContext& context);

struct AlertCounts {
  std::size_t active = 0;
  std::size_t suppressed = 0;  // Silenced or inhibited.
};
[[nodiscard]] AlertCounts CountAlerts(const PlanContext& context);

// The receivers of the routes that an alert with these labels takes; of a null configuration none.
[[nodiscard]] std::vector<std::string> ReceiversOf(const Config* config, const metric::Labels& labels);

// Groups with the alerts in them that fire, in the order of Precedes, then by receiver; those without any are left out.
[[nodiscard]] std::vector<ShownGroup> ShowGroups(const PlanContext& context);

}  // namespace bellwether::notify
