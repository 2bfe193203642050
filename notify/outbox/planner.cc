#include "notify/outbox/planner.h"

#include <set>
#include <utility>

#include "notify/outbox/group_flush.h"
#include "notify/policy/posted.h"
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
  if (const auto it = change.alerts.find({fingerprint, id}); it != change.alerts.end()) return it->second.has_value();
  const auto it = context.book.groups.find(id);
  return it != context.book.groups.end() && it->second.alerts.count(fingerprint) > 0;
}

// The groups that will know the alert.
std::set<std::string> HoldersAfter(const PlanContext& context, const Change& change, std::uint64_t fingerprint) {
  std::set<std::string> out;
  if (const auto it = context.book.holders.find(fingerprint); it != context.book.holders.end()) {
    out.insert(it->second.begin(), it->second.end());
  }
  for (auto it = change.alerts.lower_bound({fingerprint, ""});
       it != change.alerts.end() && it->first.first == fingerprint; ++it) {
    if (it->second) {
      out.insert(it->first.second);
    } else {
      out.erase(it->first.second);
    }
  }
  return out;
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
  change.alerts[{update.labels.Fingerprint(), id}] = update;
}

void PlanUpdate(const PlanContext& context, const metric::AlertUpdate& update, Change& change) {
  const std::uint64_t fingerprint = update.labels.Fingerprint();
  const bool resolved = update.phase == metric::AlertPhase::kResolved;
  const auto note = [&](const std::string& id) {
    // Where the alert goes on under other labels in the same group, it is one alert there, and none has ended.
    const bool goes_on =
        resolved && !update.moved_to.empty() && HoldsAlert(context, change, id, update.moved_to.Fingerprint());
    change.alerts[{fingerprint, id}] = goes_on ? std::nullopt : std::optional(update);
  };
  for (const std::string& id : HoldersAfter(context, change, fingerprint)) {
    const AlertGroup* group = GroupAfter(context, change, id);
    // A firing alert joins its groups below; apart from these, only groups that no route leads to any more may know it.
    if (group != nullptr && (resolved || group->orphan)) note(id);
  }
  if (context.config == nullptr || resolved) return;
  for (const Route* route : MatchRoutes(context.config->route, update.labels)) {
    JoinGroup(context, *route, update, change);
  }
}

}  // namespace

void PlanUpdates(const PlanContext& context, std::span<const metric::AlertUpdate> updates, Change& change) {
  for (const metric::AlertUpdate& update : updates) {
    if (update.sequence <= change.taken.value_or(context.book.taken)) continue;
    change.taken = update.sequence;
    PlanUpdate(context, update, change);
  }
}

void PlanPosted(const PlanContext& context, std::span<const metric::AlertUpdate> alerts, Change& change) {
  for (const metric::AlertUpdate& alert : alerts) {
    const std::uint64_t fingerprint = alert.labels.Fingerprint();
    const metric::AlertUpdate* known = NewestOf(context.book, fingerprint);
    for (auto it = change.alerts.lower_bound({fingerprint, ""});
         it != change.alerts.end() && it->first.first == fingerprint; ++it) {
      if (it->second) known = &*it->second;
    }
    PlanUpdate(context, known == nullptr ? alert : MergePosted(*known, alert, context.now), change);
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
  for (const auto& [fingerprint, holders] : context.book.holders) {
    newest.emplace(fingerprint, NewestOf(context.book, fingerprint));
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
        if (it->second.count(fingerprint) == 0) change.alerts[{fingerprint, id}] = std::nullopt;
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
