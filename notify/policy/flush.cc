#include "notify/policy/flush.h"

#include <algorithm>

namespace bellwether::notify {
namespace {

bool IsSubset(const std::set<std::uint64_t>& part, const std::set<std::uint64_t>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace

std::string_view NotifyReasonText(NotifyReason reason) {
  switch (reason) {
    case NotifyReason::kFirst: return "first notification";
    case NotifyReason::kNewAlerts: return "new alerts added";
    case NotifyReason::kAllResolved: return "all alerts resolved";
    case NotifyReason::kSomeResolved: return "some alerts resolved";
    case NotifyReason::kRepeat: return "repeat interval elapsed";
    case NotifyReason::kNothing: break;
  }
  return "unknown";
}

NotifyReason DecideNotify(const Announced* last, const std::set<std::uint64_t>& firing,
                          const std::set<std::uint64_t>& resolved, const NotifyPolicy& policy, base::TimestampMs now) {
  if (last == nullptr) return firing.empty() ? NotifyReason::kNothing : NotifyReason::kFirst;
  if (!IsSubset(firing, last->firing)) return last->firing.empty() ? NotifyReason::kFirst : NotifyReason::kNewAlerts;
  if (firing.empty()) return last->firing.empty() ? NotifyReason::kNothing : NotifyReason::kAllResolved;
  if (policy.send_resolved && !IsSubset(resolved, last->resolved)) return NotifyReason::kSomeResolved;
  if (policy.repeats && last->at < now - policy.repeat_interval) return NotifyReason::kRepeat;
  return NotifyReason::kNothing;
}

FlushDecision DecideFlush(const Announced* last, const FlushAlerts& alerts, const NotifyPolicy& policy,
                          base::TimestampMs now) {
  const auto is_announced = [&](std::uint64_t f) {
    return last != nullptr && (last->firing.count(f) > 0 || last->open.count(f) > 0);
  };
  FlushDecision out{.reason = NotifyReason::kNothing, .resolved = alerts.resolved, .open = {}, .held = {}};
  std::set<std::uint64_t> owed;
  for (const std::uint64_t f : alerts.muted_resolved) {
    if (is_announced(f)) owed.insert(f);
  }
  for (const std::uint64_t f : alerts.muted_firing) {
    if (is_announced(f)) out.open.insert(f);
  }
  if (alerts.firing.empty() && !out.open.empty() &&
      std::none_of(alerts.resolved.begin(), alerts.resolved.end(), is_announced)) {
    if (policy.send_resolved) out.held = std::move(owed);
    return out;
  }
  out.resolved.insert(owed.begin(), owed.end());
  if (alerts.firing.empty() && out.resolved.empty()) return out;
  out.reason = DecideNotify(last, alerts.firing, out.resolved, policy, now);
  const bool ends_open = std::any_of(out.resolved.begin(), out.resolved.end(),
                                     [&](std::uint64_t f) { return last != nullptr && last->open.count(f) > 0; });
  if (out.reason == NotifyReason::kNothing && alerts.firing.empty() && ends_open) {
    out.reason = NotifyReason::kAllResolved;
  }
  return out;
}

base::TimestampMs EffectiveEnd(const metric::AlertUpdate& alert, base::TimestampMs started_at) {
  if (alert.phase == metric::AlertPhase::kResolved) return alert.ends_at;
  if (alert.ends_at.ms == 0) return base::TimestampMs::Max();
  const base::DurationMs promised = alert.ends_at - alert.updated_at;
  return std::max(alert.ends_at, started_at + promised);
}

bool IsResolved(const metric::AlertUpdate& alert, base::TimestampMs started_at, base::TimestampMs now) {
  return alert.phase == metric::AlertPhase::kResolved || EffectiveEnd(alert, started_at) <= now;
}

base::TimestampMs FirstFlush(base::TimestampMs starts_at, base::DurationMs group_wait, base::TimestampMs now) {
  return starts_at + group_wait < now ? now : now + group_wait;
}

}  // namespace bellwether::notify
