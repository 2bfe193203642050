#include "notify/outbox/group_flush.h"

#include <algorithm>
#include <utility>

#include "notify/outbox/queue.h"
#include "notify/policy/route.h"

namespace bellwether::notify {
namespace {

struct GroupState {
  FlushAlerts alerts;
  bool repeats = false;            // One that fires is not explained by another alert.
  std::vector<MessageAlert> told;  // All of them, in the order of messages.
};

// The first reason in the order of Alertmanager's stages.
std::optional<SuppressReason> ReasonFor(const PlanContext& context, RouteMute mute, std::uint64_t fingerprint,
                                        const metric::AlertUpdate& alert) {
  if (context.suppression == nullptr) return std::nullopt;
  const AlertStanding standing = context.suppression->StandingOf(fingerprint, alert.labels, context.now);
  if (!standing.inhibited_by.empty()) return SuppressReason::kInhibition;
  if (mute == RouteMute::kNotActive) return SuppressReason::kActiveInterval;
  if (mute == RouteMute::kMuted) return SuppressReason::kMuteInterval;
  if (!standing.silenced_by.empty()) return SuppressReason::kSilence;
  return std::nullopt;
}

GroupState StateOf(const PlanContext& context, const Route* route, const AlertGroup& group, Change& change) {
  GroupState state;
  const RouteMute mute = route != nullptr && context.suppression != nullptr
                             ? context.suppression->MuteOfRoute(*route).kind
                             : RouteMute::kNone;
  for (const auto& [fingerprint, alert] : group.alerts) {
    const bool resolved = IsResolved(alert, context.started_at, context.now);
    const auto reason = ReasonFor(context, mute, fingerprint, alert);
    FlushAlerts& to = state.alerts;
    if (reason) {
      ++change.suppressed[static_cast<std::size_t>(*reason)];
      (resolved ? to.muted_resolved : to.muted_firing).insert(fingerprint);
    } else {
      (resolved ? to.resolved : to.firing).insert(fingerprint);
      state.repeats = state.repeats || !(resolved || alert.is_suppressed);
    }
    state.told.push_back({.update = alert,
                          .firing = !resolved,
                          .ended_at = resolved ? EffectiveEnd(alert, context.started_at) : base::TimestampMs()});
  }
  SortAlerts(state.told);
  return state;
}

// What `decision` tells of the group.
std::vector<MessageAlert> AlertsToTell(const GroupState& state, const FlushDecision& decision, const Announced& last,
                                       bool send_resolved) {
  std::vector<MessageAlert> out;
  for (const MessageAlert& alert : state.told) {
    const std::uint64_t fingerprint = alert.update.labels.Fingerprint();
    const auto& chosen = alert.firing ? state.alerts.firing : decision.resolved;
    if (chosen.count(fingerprint) == 0 || (!alert.firing && !send_resolved)) continue;
    out.push_back(alert);
    out.back().is_new = (alert.firing ? last.firing : last.resolved).count(fingerprint) == 0;
  }
  return out;
}

// Returns the resolved alerts that are to be told later.
std::set<std::uint64_t> FlushTo(const PlanContext& context, const AlertGroup& group, const Integration& integration,
                                base::DurationMs repeat_interval, const GroupState& state, Change& change) {
  const std::string destination = DestinationId(group.group_key, group.receiver, integration.kind, integration.index);
  const NotifyPolicy policy{
      .send_resolved = integration.send_resolved, .repeat_interval = repeat_interval, .repeats = state.repeats};
  const Announced* told = AnnouncedAfter(context, change, destination);
  const Announced last = told != nullptr ? *told : Announced();
  FlushDecision decision = DecideFlush(told, state.alerts, policy, context.now);
  if (decision.reason == NotifyReason::kNothing) return std::move(decision.held);
  if (group.orphan && decision.reason != NotifyReason::kAllResolved) return {};
  if (state.alerts.firing.empty() && decision.open.empty()) {
    change.announced[destination] = std::nullopt;
  } else {
    change.announced[destination] = {Announced{context.now, state.alerts.firing, decision.resolved, decision.open},
                                     context.now + AnnouncedAge(repeat_interval)};
  }
  if (state.alerts.firing.empty() && !integration.send_resolved) {
    // What still waits would announce as firing what is over, and nothing would ever take it back.
    if (WaitingAfter(context, change, destination) != nullptr) change.waiting[destination] = std::nullopt;
    return {};
  }
  Message message;
  message.group_key = group.group_key;
  message.receiver = group.receiver;
  message.integration = integration.kind;
  message.index = integration.index;
  message.reason = std::string(NotifyReasonText(decision.reason));
  message.group_labels = group.group_labels;
  message.alerts = AlertsToTell(state, decision, last, integration.send_resolved);
  Enqueue(context, destination, std::move(message), AnnouncedAge(repeat_interval), change);
  return {};
}

}  // namespace

bool IsAnnounced(const PlanContext& context, const Change& change, const AlertGroup& group) {
  const auto receiver = context.config->receivers.find(group.receiver);
  if (receiver == context.config->receivers.end()) return false;
  const auto is_told = [&](const Integration& i) {
    const Announced* last =
        AnnouncedAfter(context, change, DestinationId(group.group_key, group.receiver, i.kind, i.index));
    return last != nullptr && !(last->firing.empty() && last->open.empty());
  };
  const std::vector<Integration>& integrations = receiver->second.integrations;
  return std::any_of(integrations.begin(), integrations.end(), is_told);
}

void FlushGroup(const PlanContext& context, const std::string& id, const AlertGroup& group, Change& change) {
  const Route* route = FindRoute(context.config->route, group.route_id);
  const Route defaults;
  const Route& timers = route != nullptr ? *route : defaults;
  const GroupState state = StateOf(context, route, group, change);
  std::set<std::uint64_t> held;
  if (const auto it = context.config->receivers.find(group.receiver); it != context.config->receivers.end()) {
    for (const Integration& integration : it->second.integrations) {
      held.merge(FlushTo(context, group, integration, timers.repeat_interval, state, change));
    }
  }
  const bool none_fires = state.alerts.firing.empty() && state.alerts.muted_firing.empty();
  if (none_fires || (group.orphan && !IsAnnounced(context, change, group))) {
    change.groups[id] = std::nullopt;
    return;
  }
  for (const auto* resolved : {&state.alerts.resolved, &state.alerts.muted_resolved}) {
    for (const std::uint64_t f : *resolved) {
      if (held.count(f) == 0) change.alerts[{f, id}] = std::nullopt;
    }
  }
  AlertGroup header = HeaderOf(group);
  header.flushed = true;
  header.next_flush = context.now + timers.group_interval;
  change.groups[id] = std::move(header);
}

}  // namespace bellwether::notify
