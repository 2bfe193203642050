// rules/state/alert_table.h
//
// The alerts of one rule: which label sets are pending, firing, or resolved and still remembered. The table moves them
// through the state machine, tells what changed, and makes the updates that are due. It decides; it stores and sends
// nothing. Belongs to one thread at a time; copying it is how a reload keeps alerts.
//
// An alert of a rule with levels or signals is kept under the labels of its instance, without a severity
// (rules/state/instance_table.h moves it); the world knows it by AlertLabels.
#pragma once

#include <cstddef>
#include <functional>
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
#include "rules/state/leveled_alert.h"

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

struct ValueExtremes {
  double low = 0;
  double high = 0;
  friend bool operator==(const ValueExtremes&, const ValueExtremes&) = default;
};

struct AlertEntry {
  metric::Annotations annotations;  // Of the last evaluation in which the alert held; likewise the value.
  double value = 0;
  Alert alert;
  std::optional<LeveledAlert> leveled = std::nullopt;
  std::optional<ValueExtremes> extremes = std::nullopt;  // Of its values since it became active; NaN aside.
  bool dirty = true;  // Differs from what the state store has, value and annotations of a holding alert aside.
};

// The labels of a pending or firing alert: its instance's, its level, and whether it fires for want of data.
[[nodiscard]] metric::Labels AlertLabels(const metric::Labels& instance, const AlertEntry& entry);

// Its present value is one of those that it had. `begins`: the first one.
void NoteValue(AlertEntry& entry, bool begins);

struct AlertSendPolicy {
  base::DurationMs interval;
  base::DurationMs resend_delay;
  // Adds to an update what the rule knows; see rules/eval/alert_context.h.
  std::function<void(const AlertEntry& entry, metric::AlertUpdate& update)> describe = {};
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
  // empty. An alert whose level moved is told at once under its new labels, and right behind it as ended under the old.
  [[nodiscard]] std::vector<metric::AlertUpdate> TakeDueUpdates(base::TimestampMs now, const AlertSendPolicy& policy);

  // Everything is in the state store now.
  void MarkClean();

  void Insert(const metric::Labels& labels, AlertEntry entry) { entries_.insert_or_assign(labels, std::move(entry)); }
  void Clear() { entries_.clear(); }
  // Forgets all of them with "limit exceeded".
  void ForgetAll(base::TimestampMs now, std::vector<AlertTransition>& transitions,
                 std::vector<metric::Labels>& forgotten);
  // Forgets pending alerts after a pause; see SurvivesPause.
  void DropAfterPause(base::DurationMs paused, base::DurationMs tolerance, base::TimestampMs now,
                      std::vector<AlertTransition>& transitions, std::vector<metric::Labels>& forgotten);

  [[nodiscard]] const Entries& entries() const { return entries_; }
  [[nodiscard]] Entries& mutable_entries() { return entries_; }
  [[nodiscard]] bool HasPending() const;
  // The highest state of its alerts.
  [[nodiscard]] AlertState state() const;

 private:
  Entries entries_;
};

// The error of more than `limit` active alerts.
[[nodiscard]] base::Status TooManyAlerts(std::size_t limit, std::size_t active);

// The update that tells the end of an alert that fired. `labels`: its key in the table.
[[nodiscard]] metric::AlertUpdate ResolvedUpdate(const metric::Labels& labels, const AlertEntry& entry,
                                                 base::TimestampMs resolved_at, base::TimestampMs now);

}  // namespace bellwether::rules
