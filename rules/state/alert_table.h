// rules/state/alert_table.h
//
// The alerts of one rule: which label sets are pending, firing, or resolved and still remembered. The table moves them
// through the state machine, tells what changed, and makes the updates that are due. It decides; it stores and sends
// nothing. Belongs to one thread at a time; copying it is how a reload keeps alerts.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "rules/state/alert_state.h"
#include "rules/state/alert_transition.h"

namespace bellwether::rules {

inline constexpr std::string_view kAlertNameLabel = "alertname";
inline constexpr std::string_view kAlertStateLabel = "alertstate";
inline constexpr std::string_view kAlertsMetric = "ALERTS";
inline constexpr std::string_view kAlertsForStateMetric = "ALERTS_FOR_STATE";

// An alert that the present evaluation found to hold.
struct AlertCandidate {
  metric::Labels labels;  // With alertname, without __name__: the alert's identity.
  metric::Annotations annotations;
  double value = 0;
  // Active since then, as another server's series tell; only for alerts that are new here.
  std::optional<base::TimestampMs> known_active_at;
};

struct AlertEntry {
  metric::Annotations annotations;  // Of the last evaluation in which the alert held; likewise the value.
  double value = 0;
  Alert alert;
  bool dirty = true;  // Differs from what the state store has, value and annotations of a holding alert aside.
};

struct AlertSendPolicy {
  base::DurationMs interval;
  base::DurationMs resend_delay;
};

class AlertTable {
 public:
  using Entries = std::map<metric::Labels, AlertEntry>;

  // Moves every alert to `now`. What changed is appended to `transitions`, and the label sets that are forgotten to
  // `forgotten`. `limit` 0: none.
  // Errors: kLimitExceeded with more than `limit` active alerts; then all alerts are forgotten.
  base::Status Advance(std::vector<AlertCandidate> candidates, base::TimestampMs now, const HoldPolicy& policy,
                       std::size_t limit, std::vector<AlertTransition>& transitions,
                       std::vector<metric::Labels>& forgotten);

  // The updates due at `now`; marks them as sent. What the rule knows of itself (generator_url, rule, sequence) is left
  // empty.
  [[nodiscard]] std::vector<metric::AlertUpdate> TakeDueUpdates(base::TimestampMs now, const AlertSendPolicy& policy);

  // Everything is in the state store now.
  void MarkClean();

  void Insert(const metric::Labels& labels, AlertEntry entry) { entries_.insert_or_assign(labels, std::move(entry)); }
  void Clear() { entries_.clear(); }
  // Forgets pending alerts after a pause; see SurvivesPause.
  void DropAfterPause(base::DurationMs paused, base::DurationMs tolerance, base::TimestampMs now,
                      std::vector<AlertTransition>& transitions, std::vector<metric::Labels>& forgotten);

  [[nodiscard]] const Entries& entries() const { return entries_; }
  [[nodiscard]] bool HasPending() const;
  // The highest state of its alerts.
  [[nodiscard]] AlertState state() const;

 private:
  Entries entries_;
};

// The update that tells the end of an alert that fired.
[[nodiscard]] metric::AlertUpdate ResolvedUpdate(const metric::Labels& labels, const AlertEntry& entry,
                                                 base::TimestampMs resolved_at, base::TimestampMs now);

}  // namespace bellwether::rules
