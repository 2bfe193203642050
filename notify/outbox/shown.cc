#include "notify/outbox/shown.h"

#include <algorithm>

#include <fmt/format.h>

#include "notify/policy/route.h"

namespace bellwether::notify {
namespace {

ShownAlert Show(const PlanContext& context, std::uint64_t fingerprint, const metric::AlertUpdate& alert) {
  ShownAlert shown{.alert = alert, .receivers = {}, .silenced_by = {}, .inhibited_by = {}};
  shown.alert.ends_at = EffectiveEnd(alert, context.started_at);
  if (context.suppression != nullptr) {
    AlertStanding standing = context.suppression->StandingOf(fingerprint, alert.labels, context.now);
    for (const std::uint64_t by : standing.inhibited_by) shown.inhibited_by.push_back(fmt::format("{:016x}", by));
    shown.silenced_by = std::move(standing.silenced_by);
  }
  return shown;
}

std::vector<std::string> ReceiversHolding(const Book& book, std::uint64_t fingerprint) {
  std::vector<std::string> out;
  for (const std::string& group : book.holders.at(fingerprint)) out.push_back(book.groups.at(group).receiver);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<ShownAlert> ShowAlertsOf(const PlanContext& context, const AlertGroup& group) {
  std::vector<MessageAlert> firing;
  for (const auto& [fingerprint, alert] : group.alerts) {
    if (!IsResolved(alert, context.started_at, context.now)) firing.push_back({.update = alert, .ended_at = {}});
  }
  SortAlerts(firing);
  std::vector<ShownAlert> out;
  for (const MessageAlert& alert : firing) {
    const std::uint64_t fingerprint = alert.update.labels.Fingerprint();
    out.push_back(Show(context, fingerprint, alert.update));
    out.back().receivers = ReceiversHolding(context.book, fingerprint);
  }
  return out;
}

}  // namespace

bool ShownReceiver::Matches(const std::vector<metric::Matcher>& matchers) const {
  return std::all_of(matchers.begin(), matchers.end(), [&](const metric::Matcher& m) {
    const auto it = std::find_if(labels.begin(), labels.end(), [&](const auto& l) { return l.first == m.name(); });
    return m.Matches(it == labels.end() ? "" : it->second);
  });
}

std::vector<std::string> ReceiversOf(const Config* config, const metric::Labels& labels) {
  std::vector<std::string> out;
  if (config == nullptr) return out;
  for (const Route* route : MatchRoutes(config->route, labels)) out.push_back(route->receiver);
  return out;
}

AlertCounts CountAlerts(const PlanContext& context) {
  AlertCounts counts;
  for (const auto& [fingerprint, groups] : context.book.holders) {
    const metric::AlertUpdate* alert = NewestOf(context.book, fingerprint);
    if (IsResolved(*alert, context.started_at, context.now)) continue;
    const AlertStanding standing = context.suppression != nullptr
                                       ? context.suppression->StandingOf(fingerprint, alert->labels, context.now)
                                       : AlertStanding();
    ++(standing.inhibited_by.empty() && standing.silenced_by.empty() ? counts.active : counts.suppressed);
  }
  return counts;
}

std::vector<ShownAlert> ShowAlerts(const PlanContext& context) {
  std::vector<std::uint64_t> fingerprints;
  fingerprints.reserve(context.book.holders.size());
  for (const auto& [fingerprint, groups] : context.book.holders) fingerprints.push_back(fingerprint);
  std::sort(fingerprints.begin(), fingerprints.end());
  std::vector<ShownAlert> out;
  for (const std::uint64_t fingerprint : fingerprints) {
    const metric::AlertUpdate* alert = NewestOf(context.book, fingerprint);
    if (IsResolved(*alert, context.started_at, context.now)) continue;
    out.push_back(Show(context, fingerprint, *alert));
    out.back().receivers = ReceiversOf(context.config, alert->labels);
  }
  return out;
}

std::vector<ShownGroup> ShowGroups(const PlanContext& context) {
  std::vector<ShownGroup> out;
  for (const auto& [id, group] : context.book.groups) {
    ShownGroup shown{.labels = group.group_labels,
                     .receiver = group.receiver,
                     .muted_by = {},
                     .alerts = ShowAlertsOf(context, group)};
    if (shown.alerts.empty()) continue;
    const Route* route = context.config != nullptr ? FindRoute(context.config->route, group.route_id) : nullptr;
    if (route != nullptr && context.suppression != nullptr) {
      shown.muted_by = context.suppression->MuteOfRoute(*route).intervals;
    }
    out.push_back(std::move(shown));
  }
  std::sort(out.begin(), out.end(), [](const ShownGroup& a, const ShownGroup& b) {
    return a.labels == b.labels ? a.receiver < b.receiver : Precedes(a.labels, b.labels);
  });
  return out;
}

}  // namespace bellwether::notify
