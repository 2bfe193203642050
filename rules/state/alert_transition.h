// rules/state/alert_transition.h
//
// One change of an alert's state, as the history keeps it and Grafana's annotations show it.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "rules/state/alert_state.h"

namespace bellwether::rules {

struct AlertTransition {
  base::TimestampMs at;
  metric::Labels labels;
  metric::Annotations annotations;
  AlertState from = AlertState::kInactive;
  AlertState to = AlertState::kInactive;
  double value = 0;
  // "became pending", "fired", "returned to pending", "withdrawn", "resolved", "gone", "rose from A to B", "fell from A
  // to B", "paused for too long", "limit exceeded", "rule removed"
  std::string reason;

  friend bool operator==(const AlertTransition&, const AlertTransition&) = default;
};

}  // namespace bellwether::rules
