#include "rules/state/alert_table.h"

#include <algorithm>
#include <cmath>
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

// Since when the alert fires under its present labels.
std::optional<base::TimestampMs> StartOf(const AlertEntry& entry) {
  return entry.leveled && entry.alert.fired_at ? entry.leveled->progress.level_since : entry.alert.fired_at;
}

// Whether it fires under labels other than those that were told.
bool HasMoved(const metric::Labels& instance, const AlertEntry& entry) {
  return entry.leveled && entry.alert.state == AlertState::kFiring && !entry.leveled->told.empty() &&
         entry.leveled->told != AlertLabels(instance, entry);
}

// The level that is about to be told, if it is another one than the last. Of many the first one stays.
void NoteLevel(LeveledAlert& leveled, base::TimestampMs since) {
  std::vector<metric::AlertLevel>& history = leveled.history;
  const std::string severity = leveled.progress.level.value_or("");
  if (severity.empty() || (!history.empty() && history.back().severity == severity)) return;
  if (history.size() == kLevelHistoryMax) history.erase(history.begin() + 1);
  history.push_back({severity, since});
}

// Tells the end of what was told before of an alert that goes on as `shown`.
metric::AlertUpdate MovedUpdate(const AlertEntry& entry, const metric::Labels& shown, base::TimestampMs now) {
  metric::AlertUpdate update;
  update.labels = entry.leveled->told;
  update.annotations = entry.annotations;
  update.annotations.insert_or_assign(std::string(kMovedToAnnotation), std::string(shown.Get(kSeverityLabel)));
  update.phase = metric::AlertPhase::kResolved;
  update.starts_at = entry.leveled->told_since;
  update.ends_at = now;
  update.updated_at = now;
  update.value = entry.value;
  update.moved_to = shown;
  return update;
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
    NoteValue(entry, from == AlertState::kInactive);
    const Transition transition = from == AlertState::kInactive ? BeginEntry(entry, candidate, now, policy)
                                                                : AdvanceEntry(entry, Condition::kHolds, now, policy);
    if (const auto reason = TransitionReason(transition); !reason.empty()) {
      transitions.push_back(MakeTransition(candidate.labels, entry, from, now, reason));
    }
  }
  if (limit == 0 || active <= limit) return base::OkStatus();
  ForgetAll(now, transitions, forgotten);
  return TooManyAlerts(limit, active);
}

void AlertTable::ForgetAll(base::TimestampMs now, std::vector<AlertTransition>& transitions,
                           std::vector<metric::Labels>& forgotten) {
  for (auto& [labels, entry] : entries_) {
    const metric::Labels shown = AlertLabels(labels, entry);
    const AlertState from = std::exchange(entry.alert.state, AlertState::kInactive);
    if (from != AlertState::kInactive) transitions.push_back(MakeTransition(shown, entry, from, now, "limit exceeded"));
    forgotten.push_back(labels);
  }
  entries_.clear();
}

std::vector<metric::AlertUpdate> AlertTable::TakeDueUpdates(base::TimestampMs now, const AlertSendPolicy& policy) {
  std::vector<metric::AlertUpdate> updates;
  for (auto& [labels, entry] : entries_) {
    Alert& alert = entry.alert;
    const bool moved = HasMoved(labels, entry);
    if (!moved && DecideSend(alert, now, policy.resend_delay) == SendReason::kNone) continue;
    alert.last_sent_at = now;
    entry.dirty = true;
    if (alert.state == AlertState::kInactive) {
      updates.push_back(ResolvedUpdate(labels, entry, *alert.resolved_at, now));
      if (policy.describe) policy.describe(entry, updates.back());
      continue;
    }
    metric::AlertUpdate update;
    update.labels = AlertLabels(labels, entry);
    update.annotations = entry.annotations;
    update.phase = metric::AlertPhase::kFiring;
    update.starts_at = StartOf(entry).value_or(now);
    update.ends_at = ValidUntil(now, policy.interval, policy.resend_delay);
    update.updated_at = now;
    update.value = entry.value;
    if (entry.leveled) NoteLevel(*entry.leveled, update.starts_at);
    if (policy.describe) policy.describe(entry, update);
    updates.push_back(std::move(update));
    if (!entry.leveled) continue;
    const metric::Labels shown = updates.back().labels;
    const base::TimestampMs since = updates.back().starts_at;
    if (moved) updates.push_back(MovedUpdate(entry, shown, now));
    entry.leveled->told = shown;
    entry.leveled->told_since = since;
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
    const metric::Labels shown = AlertLabels(it->first, it->second);
    it->second.alert.state = AlertState::kInactive;
    transitions.push_back(MakeTransition(shown, it->second, AlertState::kPending, now, "paused for too long"));
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

void NoteValue(AlertEntry& entry, bool begins) {
  if (begins) entry.extremes.reset();
  if (std::isnan(entry.value)) return;
  if (!entry.extremes) entry.extremes = {entry.value, entry.value};
  entry.extremes->low = std::min(entry.extremes->low, entry.value);
  entry.extremes->high = std::max(entry.extremes->high, entry.value);
}

metric::Labels AlertLabels(const metric::Labels& instance, const AlertEntry& entry) {
  if (!entry.leveled) return instance;
  metric::LabelsBuilder builder(instance);
  const std::optional<std::string>& level = entry.leveled->progress.level;
  if (level && !level->empty()) builder.Set(kSeverityLabel, *level);
  if (entry.leveled->no_data) builder.Set(kNoDataLabel, "true");
  return builder.Build();
}

base::Status TooManyAlerts(std::size_t limit, std::size_t active) {
  return base::LimitExceeded(fmt::format("exceeded limit of {} with {} alerts", limit, active));
}

metric::AlertUpdate ResolvedUpdate(const metric::Labels& labels, const AlertEntry& entry, base::TimestampMs resolved_at,
                                   base::TimestampMs now) {
  metric::AlertUpdate update;
  const bool is_leveled = entry.leveled && !entry.leveled->told.empty();
  update.labels = is_leveled ? entry.leveled->told : labels;
  update.annotations = entry.annotations;
  update.phase = metric::AlertPhase::kResolved;
  update.starts_at = is_leveled ? entry.leveled->told_since : entry.alert.fired_at.value_or(resolved_at);
  update.ends_at = resolved_at;
  update.updated_at = now;
  update.value = entry.value;
  return update;
}

}  // namespace bellwether::rules
