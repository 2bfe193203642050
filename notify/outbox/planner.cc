#include "notify/outbox/planner.h"

#include <algorithm>
#include <utility>

#include "notify/outbox/queue.h"
#include "notify/policy/route.h"

namespace bellwether::notify {
namespace {

// The group as it will be: what the change says of it, else what the book has.
const AlertGroup* GroupAfter(const PlanContext& context, const Change& change, const std::string& id) {
  if (const auto it = change.groups.find(id); it != change.groups.end()) return it->second ? &*it->second : nullptr;
  const auto it = context.book.groups.find(id);
  return it == context.book.groups.end() ? nullptr : &it->second;
}

bool HoldsAlert(const PlanContext& context, const Change& change, const std::string& id, std::uint64_t fingerprint) {
  if (const auto it = change.alerts.find({id, fingerprint}); it != change.alerts.end()) return it->second.has_value();
  const auto it = context.book.groups.find(id);
  return it != context.book.groups.end() && it->second.alerts.count(fingerprint) > 0;
}

AlertGroup HeaderOf(const AlertGroup& group) {
  AlertGroup header;
  header.route_id = group.route_id;
  header.group_key = group.group_key;
  header.receiver = group.receiver;
  header.group_labels = group.group_labels;
  header.next_flush = group.next_flush;
  header.flushed = group.flushed;
  header.orphan = group.orphan;
  return header;
}

// Puts a firing alert into its group on `route`, making the group if need be.
void JoinGroup(const PlanContext& context, const Route& route, const metric::AlertUpdate& update, Change& change) {
  const metric::Labels labels = GroupLabels(route, update.labels);
  const std::string key = GroupKey(route, labels);
  const std::string id = GroupId(route.id, key, route.receiver);
  const base::TimestampMs first = FirstFlush(update.starts_at, route.group_wait, context.now);
  const AlertGroup* group = GroupAfter(context, change, id);
  if (group == nullptr) {
    AlertGroup made;
    made.route_id = route.id;
    made.group_key = key;
    made.receiver = route.receiver;
    made.group_labels = labels;
    made.next_flush = first;
    change.groups[id] = std::move(made);
  } else if (!group->flushed && first < group->next_flush) {
    AlertGroup header = HeaderOf(*group);
    header.next_flush = first;
    change.groups[id] = std::move(header);
  }
  change.alerts[{id, update.labels.Fingerprint()}] = update;
}

void PlanUpdate(const PlanContext& context, const metric::AlertUpdate& update, Change& change) {
  const std::uint64_t fingerprint = update.labels.Fingerprint();
  const bool resolved = update.phase == metric::AlertPhase::kResolved;
  // A firing alert joins its groups below; apart from these, only groups that no route leads to any more may know it.
  const auto reaches = [&](const std::string& id, const AlertGroup& group) {
    return (resolved || group.orphan) && HoldsAlert(context, change, id, fingerprint);
  };
  const auto note = [&](const std::string& id) {
    // Where the alert goes on under other labels in the same group, it is one alert there, and none has ended.
    const bool goes_on =
        resolved && !update.moved_to.empty() && HoldsAlert(context, change, id, update.moved_to.Fingerprint());
    change.alerts[{id, fingerprint}] = goes_on ? std::nullopt : std::optional(update);
  };
  for (const auto& [id, group] : context.book.groups) {
    if (reaches(id, group)) note(id);
  }
  for (const auto& [id, group] : change.groups) {
    if (group && reaches(id, *group)) note(id);
  }
  if (context.config == nullptr || resolved) return;
  for (const Route* route : MatchRoutes(context.config->route, update.labels)) {
    JoinGroup(context, *route, update, change);
  }
}

// A group's alerts at a flush.
struct GroupState {
  std::set<std::uint64_t> firing;
  std::set<std::uint64_t> resolved;
  std::vector<MessageAlert> alerts;
};

GroupState StateOf(const PlanContext& context, const AlertGroup& group) {
  GroupState state;
  for (const auto& [fingerprint, alert] : group.alerts) {
    const bool resolved = IsResolved(alert, context.started_at, context.now);
    (resolved ? state.resolved : state.firing).insert(fingerprint);
    state.alerts.push_back({.update = alert,
                            .firing = !resolved,
                            .ended_at = resolved ? EffectiveEnd(alert, context.started_at) : base::TimestampMs()});
  }
  SortAlerts(state.alerts);
  return state;
}

void PlanIntegration(const PlanContext& context, const AlertGroup& group, const Integration& integration,
                     base::DurationMs repeat_interval, const GroupState& state, Change& change) {
  const std::string destination = DestinationId(group.group_key, group.receiver, integration.kind, integration.index);
  const NotifyPolicy policy{.send_resolved = integration.send_resolved, .repeat_interval = repeat_interval};
  const Announced* told = AnnouncedAfter(context, change, destination);
  const Announced last = told != nullptr ? *told : Announced();
  const NotifyReason reason = DecideNotify(told, state.firing, state.resolved, policy, context.now);
  if (reason == NotifyReason::kNothing) return;
  if (group.orphan && reason != NotifyReason::kAllResolved) return;
  if (state.firing.empty()) {
    change.announced[destination] = std::nullopt;
    if (!integration.send_resolved) {
      // What still waits would announce as firing what is over, and nothing would ever take it back.
      if (WaitingAfter(context, change, destination) != nullptr) change.waiting[destination] = std::nullopt;
      return;
    }
  } else {
    change.announced[destination] = {Announced{context.now, state.firing, state.resolved},
                                     context.now + AnnouncedAge(repeat_interval)};
  }
  Message message;
  message.group_key = group.group_key;
  message.receiver = group.receiver;
  message.integration = integration.kind;
  message.index = integration.index;
  message.reason = std::string(NotifyReasonText(reason));
  message.group_labels = group.group_labels;
  for (const MessageAlert& alert : state.alerts) {
    if (!alert.firing && !integration.send_resolved) continue;
    message.alerts.push_back(alert);
    const auto& known = alert.firing ? last.firing : last.resolved;
    message.alerts.back().is_new = known.count(alert.update.labels.Fingerprint()) == 0;
  }
  Enqueue(context, destination, std::move(message), AnnouncedAge(repeat_interval), change);
}

bool IsAnnounced(const PlanContext& context, const Change& change, const AlertGroup& group) {
  const auto receiver = context.config->receivers.find(group.receiver);
  if (receiver == context.config->receivers.end()) return false;
  return std::any_of(
      receiver->second.integrations.begin(), receiver->second.integrations.end(), [&](const Integration& i) {
        const Announced* last =
            AnnouncedAfter(context, change, DestinationId(group.group_key, group.receiver, i.kind, i.index));
        return last != nullptr && !last->firing.empty();
      });
}

void FlushGroup(const PlanContext& context, const std::string& id, const AlertGroup& group, Change& change) {
  const Route* route = FindRoute(context.config->route, group.route_id);
  const Route defaults;
  const Route& timers = route != nullptr ? *route : defaults;
  const GroupState state = StateOf(context, group);
  if (const auto it = context.config->receivers.find(group.receiver); it != context.config->receivers.end()) {
    for (const Integration& integration : it->second.integrations) {
      PlanIntegration(context, group, integration, timers.repeat_interval, state, change);
    }
  }
  const bool is_over = state.firing.empty() || (group.orphan && !IsAnnounced(context, change, group));
  if (is_over) {
    change.groups[id] = std::nullopt;
    return;
  }
  for (const std::uint64_t fingerprint : state.resolved) change.alerts[{id, fingerprint}] = std::nullopt;
  AlertGroup header = HeaderOf(group);
  header.flushed = true;
  header.next_flush = context.now + timers.group_interval;
  change.groups[id] = std::move(header);
}

}  // namespace

void PlanUpdates(const PlanContext& context, std::span<const metric::AlertUpdate> updates, Change& change) {
  for (const metric::AlertUpdate& update : updates) {
    if (update.sequence <= change.taken.value_or(context.book.taken)) continue;
    change.taken = update.sequence;
    PlanUpdate(context, update, change);
  }
}

void PlanFlush(const PlanContext& context, Change& change) {
  if (context.config == nullptr) return;
  for (const auto& [id, group] : context.book.groups) {
    if (group.next_flush <= context.now) FlushGroup(context, id, group, change);
  }
}

void PlanRegroup(const PlanContext& context, Change& change) {
  if (context.config == nullptr) return;
  std::map<std::uint64_t, const metric::AlertUpdate*> newest;
  for (const auto& [id, group] : context.book.groups) {
    for (const auto& [fingerprint, alert] : group.alerts) {
      const metric::AlertUpdate*& slot = newest[fingerprint];
      if (slot == nullptr || slot->sequence < alert.sequence) slot = &alert;
    }
  }
  std::map<std::string, std::set<std::uint64_t>> wanted;
  for (const auto& [fingerprint, alert] : newest) {
    for (const Route* route : MatchRoutes(context.config->route, alert->labels)) {
      const std::string key = GroupKey(*route, GroupLabels(*route, alert->labels));
      const std::string id = GroupId(route->id, key, route->receiver);
      wanted[id].insert(fingerprint);
      const bool known = HoldsAlert(context, change, id, fingerprint);
      if (!known && alert->phase == metric::AlertPhase::kFiring) JoinGroup(context, *route, *alert, change);
    }
  }
  for (const auto& [id, group] : context.book.groups) {
    const auto it = wanted.find(id);
    if (it != wanted.end()) {
      for (const auto& [fingerprint, alert] : group.alerts) {
        if (it->second.count(fingerprint) == 0) change.alerts[{id, fingerprint}] = std::nullopt;
      }
    }
    AlertGroup header = HeaderOf(group);
    header.orphan = it == wanted.end();
    if (header.orphan && !IsAnnounced(context, change, group)) {
      change.groups[id] = std::nullopt;
    } else if (header.orphan != group.orphan) {
      change.groups[id] = std::move(header);
    }
  }
}

}  // namespace bellwether::notify
