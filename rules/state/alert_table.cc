#include "rules/state/alert_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bellwether::rules {
namespace {

AlertTransition MakeTransition(const metric::Labels& labels, const AlertEntry& entry, AlertState from,
                               base::TimestampMs at, std::string_view reason) {
  return {at, labels, entry.annotations, from, entry.alert.state, entry.value, std::string(reason)};
}

// Advances one alert and notes what changed in what is stored of it.
Transition AdvanceEntry(AlertEntry& entry, Condition condition, base::TimestampMs now, const HoldPolicy& policy) {
  const Alert before = entry.alert;
  const Transition transition = Advance(entry.alert, condition, now, policy);
  if (entry.alert != before) entry.dirty = true;
  return transition;
}

// An alert that is new, or was resolved and begins anew.
Transition BeginEntry(AlertEntry& entry, const AlertCandidate& candidate, base::TimestampMs now,
                      const HoldPolicy& policy) {
  entry.dirty = true;
  if (!candidate.known_active_at) return Advance(entry.alert, Condition::kHolds, now, policy);
  entry.alert = Alert{.state = AlertState::kPending, .active_at = *candidate.known_active_at};
  const Transition transition = Advance(entry.alert, Condition::kHolds, now, policy);
  return transition == Transition::kNone ? Transition::kBecamePending : transition;
}

}  // namespace

base::Status AlertTable::Advance(std::vector<AlertCandidate> candidates, base::TimestampMs now,
                                 const HoldPolicy& policy, std::size_t limit, std::vector<AlertTransition>& transitions,
                                 std::vector<metric::Labels>& forgotten) {
  std::sort(candidates.begin(), candidates.end(),
            [](const AlertCandidate& a, const AlertCandidate& b) { return a.labels < b.labels; });
  std::size_t active = candidates.size();
  // Those that do not hold; candidates and entries are both sorted.
  auto next = candidates.begin();
  for (auto it = entries_.begin(); it != entries_.end();) {
    while (next != candidates.end() && next->labels < it->first) ++next;
    if (next != candidates.end() && next->labels == it->first) {
      ++it;
      continue;
    }
    AlertEntry& entry = it->second;
    const AlertState from = entry.alert.state;
    const Transition transition = AdvanceEntry(entry, Condition::kClear, now, policy);
    if (const auto reason = TransitionReason(transition); !reason.empty()) {
      transitions.push_back(MakeTransition(it->first, entry, from, now, reason));
    }
    if (entry.alert.state != AlertState::kInactive) ++active;
    if (!EndsAlert(transition)) {
      ++it;
      continue;
    }
    forgotten.push_back(it->first);
    it = entries_.erase(it);
  }
  for (AlertCandidate& candidate : candidates) {
    AlertEntry& entry = entries_[candidate.labels];
    entry.annotations = std::move(candidate.annotations);
    entry.value = candidate.value;
    const AlertState from = entry.alert.state;
    const Transition transition = from == AlertState::kInactive ? BeginEntry(entry, candidate, now, policy)
                                                                : AdvanceEntry(entry, Condition::kHolds, now, policy);
    if (const auto reason = TransitionReason(transition); !reason.empty()) {
      transitions.push_back(MakeTransition(candidate.labels, entry, from, now, reason));
    }
  }
  if (limit == 0 || active <= limit) return base::OkStatus();
  for (auto& [labels, entry] : entries_) {
    const AlertState from = std::exchange(entry.alert.state, AlertState::kInactive);
    if (from != AlertState::kInactive)
      transitions.push_back(MakeTransition(labels, entry, from, now, "limit exceeded"));
    forgotten.push_back(labels);
  }
  entries_.clear();
  return base::LimitExceeded(fmt::format("exceeded limit of {} with {} alerts", limit, active));
}

std::vector<metric::AlertUpdate> AlertTable::TakeDueUpdates(base::TimestampMs now, const AlertSendPolicy& policy) {
  std::vector<metric::AlertUpdate> updates;
  for (auto& [labels, entry] : entries_) {
    Alert& alert = entry.alert;
    if (DecideSend(alert, now, policy.resend_delay) == SendReason::kNone) continue;
    alert.last_sent_at = now;
    entry.dirty = true;
    if (alert.state == AlertState::kInactive) {
      updates.push_back(ResolvedUpdate(labels, entry, *alert.resolved_at, now));
      continue;
    }
    metric::AlertUpdate update;
    update.labels = labels;
    update.annotations = entry.annotations;
    update.phase = metric::AlertPhase::kFiring;
    update.starts_at = alert.fired_at.value_or(now);
    update.ends_at = ValidUntil(now, policy.interval, policy.resend_delay);
    update.updated_at = now;
    update.value = entry.value;
    updates.push_back(std::move(update));
  }
  return updates;
}

void AlertTable::MarkClean() {
  for (auto& [labels, entry] : entries_) entry.dirty = false;
}

void AlertTable::DropAfterPause(base::DurationMs paused, base::DurationMs tolerance, base::TimestampMs now,
                                std::vector<AlertTransition>& transitions, std::vector<metric::Labels>& forgotten) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (SurvivesPause(it->second.alert, paused, tolerance)) {
      ++it;
      continue;
    }
    it->second.alert.state = AlertState::kInactive;
    transitions.push_back(MakeTransition(it->first, it->second, AlertState::kPending, now, "paused for too long"));
    forgotten.push_back(it->first);
    it = entries_.erase(it);
  }
}

bool AlertTable::HasPending() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry.second.alert.state == AlertState::kPending; });
}

AlertState AlertTable::state() const {
  AlertState highest = AlertState::kInactive;
  for (const auto& [labels, entry] : entries_) highest = std::max(highest, entry.alert.state);
  return highest;
}

metric::AlertUpdate ResolvedUpdate(const metric::Labels& labels, const AlertEntry& entry, base::TimestampMs resolved_at,
                                   base::TimestampMs now) {
  metric::AlertUpdate update;
  update.labels = labels;
  update.annotations = entry.annotations;
  update.phase = metric::AlertPhase::kResolved;
  update.starts_at = entry.alert.fired_at.value_or(resolved_at);
  update.ends_at = resolved_at;
  update.updated_at = now;
  update.value = entry.value;
  return update;
}

}  // namespace bellwether::rules
