// notify/policy/flush.h
//
// What a flush of an alert group decides: when it comes, what the group's alerts are by then, whether one integration
// is told, and why. Pure; time is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "base/time.h"
#include "metric/alert_update.h"

namespace bellwether::notify {

// What an integration was told last about a group, as fingerprints of label sets.
struct Announced {
  base::TimestampMs at;
  std::set<std::uint64_t> firing;
  std::set<std::uint64_t> resolved;
  std::set<std::uint64_t> open = {};  // Told as firing before that; suppressed since, and not ended.
  friend bool operator==(const Announced&, const Announced&) = default;
};

// Why a notification is made; the texts are Alertmanager's.
enum class NotifyReason : std::uint8_t { kNothing, kFirst, kNewAlerts, kAllResolved, kSomeResolved, kRepeat };
[[nodiscard]] std::string_view NotifyReasonText(NotifyReason reason);

struct NotifyPolicy {
  bool send_resolved = true;
  base::DurationMs repeat_interval;
  bool repeats = true;  // False while each alert that fires is explained by another one that is told.
};

// The table of Alertmanager, first row that fits: nothing announced yet; a firing alert not announced; none firing any
// more; a resolution not announced (with send_resolved); announced longer than repeat_interval ago
// (where that is repeated). kNothing otherwise.
[[nodiscard]] NotifyReason DecideNotify(const Announced* last, const std::set<std::uint64_t>& firing,
                                        const std::set<std::uint64_t>& resolved, const NotifyPolicy& policy,
                                        base::TimestampMs now);

// A group's alerts at a flush: those that may be told, and those that something suppresses.
struct FlushAlerts {
  std::set<std::uint64_t> firing;
  std::set<std::uint64_t> resolved;
  std::set<std::uint64_t> muted_firing = {};
  std::set<std::uint64_t> muted_resolved = {};
};

struct FlushDecision {
  NotifyReason reason = NotifyReason::kNothing;
  std::set<std::uint64_t> resolved;  // To be told, among them suppressed ones that were announced as firing.
  std::set<std::uint64_t> open;      // Announced, still firing, suppressed.
  std::set<std::uint64_t> held;      // Resolved ones to be told at a later flush.
};

// DecideNotify, where something is suppressed. Whoever was told that an alert fires is told that it ended, suppressed
// or not; but while another alert that he was told of still fires, suppressed, a message that says nothing but
// "resolved" would be a false all-clear, and waits. (Alertmanager drops the ends of suppressed alerts.)
[[nodiscard]] FlushDecision DecideFlush(const Announced* last, const FlushAlerts& alerts, const NotifyPolicy& policy,
                                        base::TimestampMs now);

// When a firing alert ends if nothing more is heard of it. An end that passed while the server was down does not count:
// the giver gets, from `started_at` on, as long as it had promised to be heard of.
[[nodiscard]] base::TimestampMs EffectiveEnd(const metric::AlertUpdate& alert, base::TimestampMs started_at);
[[nodiscard]] bool IsResolved(const metric::AlertUpdate& alert, base::TimestampMs started_at, base::TimestampMs now);

// When a new alert asks for the first flush: group_wait from now, or at once if it has been firing that long already.
[[nodiscard]] base::TimestampMs FirstFlush(base::TimestampMs starts_at, base::DurationMs group_wait,
                                           base::TimestampMs now);

}  // namespace bellwether::notify
