#include "incidents/suppress/blocking_graph.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"

namespace bellwether::incidents {
namespace {

constexpr std::string_view kNameLabel = "alertname";
constexpr std::string_view kSeverityLabel = "severity";
constexpr int kAnyHops = -1;

// Equal for alerts of a name that agree on the labels `equal`; nothing if one of them is missing.
std::optional<std::string> JoinKey(std::string_view name, const std::vector<std::string>& equal,
                                   const metric::Labels& labels) {
  std::string key;
  base::AppendLengthPrefixed(key, name);
  for (const std::string& label : equal) {
    const std::string_view value = labels.Get(label);
    if (value.empty()) return std::nullopt;
    base::AppendLengthPrefixed(key, label);
    base::AppendLengthPrefixed(key, value);
  }
  return key;
}

// Whether the label is there and not "false".
bool Says(const metric::Labels& labels, std::string_view name) {
  const std::string_view value = labels.Get(name);
  return !value.empty() && value != "false";
}

template <typename Map, typename Key>
void EraseFrom(Map& map, const Key& key, AlertId id) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  found->second.erase(id);
  if (found->second.empty()) map.erase(found);
}

// Keeps the shorter way to each alert.
void Merge(std::map<AlertId, std::vector<ComponentId>>& into, const ComponentId& over,
           const std::map<AlertId, std::vector<ComponentId>>& found) {
  for (const auto& [alert, path] : found) {
    const auto known = into.find(alert);
    if (known != into.end() && known->second.size() <= path.size() + 1) continue;
    std::vector<ComponentId> longer = {over};
    longer.insert(longer.end(), path.begin(), path.end());
    into.insert_or_assign(alert, std::move(longer));
  }
}

// `blockers` are ascending by alert, and stay so.
void KeepNearest(std::vector<Blocker>& blockers) {
  if (blockers.size() <= kBlockersMax) return;
  std::stable_sort(blockers.begin(), blockers.end(),
                   [](const Blocker& a, const Blocker& b) { return a.path.size() < b.path.size(); });
  blockers.resize(kBlockersMax);
  std::sort(blockers.begin(), blockers.end(), [](const Blocker& a, const Blocker& b) { return a.alert < b.alert; });
}

}  // namespace

// One look upstream: which alerts count, and what was found at each component already.
struct BlockingGraph::Search {
  std::function<bool(AlertId)> counts;
  std::map<std::pair<ComponentId, int>, Found> found;
};

BlockingGraph::BlockingGraph(std::shared_ptr<const Topology> topology, SuppressionPolicy policy)
    : topology_(std::move(topology)), policy_(std::move(policy)) {
  for (const std::string& severity : policy_.severities) ranks_.emplace(severity, static_cast<int>(ranks_.size()));
  const auto blocking = ranks_.find(policy_.blocking_severity);
  blocking_rank_ = blocking == ranks_.end() ? static_cast<int>(ranks_.size()) : blocking->second;
  for (const Component& component : topology_->components()) {
    for (const Dependency& dependency : component.depends_on) {
      for (const ComponentId& on : dependency.on) downstream_[on].push_back(component.id);
    }
  }
}

void BlockingGraph::Put(AlertId id, FiringAlert alert) {
  Remove(id);
  Node& node = nodes_[id];
  node.alert = std::move(alert);
  const metric::Labels& labels = node.alert.labels;
  node.on = topology_->NamedBy(labels);
  if (const auto rank = ranks_.find(labels.Get(kSeverityLabel)); rank != ranks_.end()) node.severity = rank->second;
  node.never_suppressed = Says(labels, kNeverSuppressLabel);
  node.never_blocks = Says(labels, kNonBlockingLabel);
  Index(id, node);
  touched_.insert(id);
  TouchDependents(node);
}

void BlockingGraph::Remove(AlertId id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return;
  TouchDependents(found->second);
  SetFound(id, {});
  for (const AlertId blocked : found->second.blocks) touched_.insert(blocked);
  Unindex(id, found->second);
  nodes_.erase(found);
  touched_.erase(id);
}

void BlockingGraph::Index(AlertId id, Node& node) {
  const std::string name(node.alert.labels.Get(kNameLabel));
  by_name_[name].insert(id);
  for (const ComponentId& component : node.on) on_component_[component].insert(id);
  for (const std::vector<std::string>& equal : equal_lists_[name]) {
    auto key = JoinKey(name, equal, node.alert.labels);
    if (!key) continue;
    by_join_[*key].insert(id);
    node.joins.push_back(*std::move(key));
  }
  for (const AlertDependency& dependency : *node.alert.depends_on) {
    if (dependency.through_topology) {
      needing_upstream_[dependency.alert].insert(id);
      continue;
    }
    IndexUnder(dependency.alert, dependency.equal);
    auto key = JoinKey(dependency.alert, dependency.equal, node.alert.labels);
    if (!key) continue;
    needing_[*key].insert(id);
    node.needs.push_back(*std::move(key));
  }
}

void BlockingGraph::IndexUnder(const std::string& name, const std::vector<std::string>& equal) {
  if (!equal_lists_[name].insert(equal).second) return;
  for (const AlertId id : by_name_[name]) {
    Node& node = nodes_.at(id);
    auto key = JoinKey(name, equal, node.alert.labels);
    if (!key) continue;
    by_join_[*key].insert(id);
    node.joins.push_back(*std::move(key));
  }
}

void BlockingGraph::Unindex(AlertId id, const Node& node) {
  EraseFrom(by_name_, std::string(node.alert.labels.Get(kNameLabel)), id);
  for (const ComponentId& component : node.on) EraseFrom(on_component_, component, id);
  for (const std::string& key : node.joins) EraseFrom(by_join_, key, id);
  for (const std::string& key : node.needs) EraseFrom(needing_, key, id);
  for (const AlertDependency& dependency : *node.alert.depends_on) {
    if (dependency.through_topology) EraseFrom(needing_upstream_, dependency.alert, id);
  }
}

void BlockingGraph::TouchDependents(const Node& node) {
  for (const std::string& key : node.joins) {
    const auto needing = needing_.find(key);
    if (needing != needing_.end()) touched_.insert(needing->second.begin(), needing->second.end());
  }
  // Alerts on the components downstream: all of them as far as topology suppresses, then those that name the alert.
  const auto naming = needing_upstream_.find(std::string(node.alert.labels.Get(kNameLabel)));
  std::set<ComponentId> seen;  // Not its own: one may be downstream of another.
  std::vector<ComponentId> ring = node.on;
  for (int hops = 1; !ring.empty() && (hops <= policy_.hops_max || naming != needing_upstream_.end()); ++hops) {
    std::vector<ComponentId> next;
    for (const ComponentId& id : ring) {
      const auto below = downstream_.find(id);
      if (below == downstream_.end()) continue;
      for (const ComponentId& component : below->second) {
        if (seen.insert(component).second) next.push_back(component);
      }
    }
    for (const ComponentId& component : next) {
      const auto alerts = on_component_.find(component);
      if (alerts == on_component_.end()) continue;
      for (const AlertId alert : alerts->second) {
        if (hops <= policy_.hops_max || naming->second.contains(alert)) touched_.insert(alert);
      }
    }
    ring = std::move(next);
  }
}

bool BlockingGraph::MayBlock(AlertId blocker, AlertId alert) const {
  const Node& a = nodes_.at(alert);
  const Node& b = nodes_.at(blocker);
  if (blocker == alert || b.never_blocks) return false;
  const bool is_milder = a.severity && b.severity && *b.severity < *a.severity;
  return !is_milder && b.alert.onset <= a.alert.onset + policy_.grace;
}

std::vector<Blocker> BlockingGraph::FindBlockers(AlertId id) const {
  const Node& node = nodes_.at(id);
  if (node.never_suppressed) return {};
  std::map<AlertId, Blocker> found;
  const auto add = [&](Blocker blocker) {
    const auto [known, is_new] = found.try_emplace(blocker.alert, blocker);
    if (is_new) return;
    // Connected in several ways: what is said is the shortest of them, what holds is the longest.
    blocker.extension = std::max(blocker.extension, known->second.extension);
    blocker.max = std::max(blocker.max, known->second.max);
    if (!known->second.path.empty() && (blocker.path.empty() || blocker.path.size() >= known->second.path.size())) {
      blocker.path = known->second.path;
      blocker.equal = known->second.equal;
    }
    known->second = std::move(blocker);
  };
  const auto look_upstream = [&](Search search, int hops, const SuppressionTimers& timers) {
    for (const ComponentId& component : node.on) {
      for (const auto& [alert, path] : FindUpstream(search, component, hops)) {
        std::vector<ComponentId> whole = {component};
        whole.insert(whole.end(), path.begin(), path.end());
        add({alert, std::move(whole), {}, timers.extension, timers.max});
      }
    }
  };
  look_upstream({[&](AlertId other) {
                   const auto& severity = nodes_.at(other).severity;
                   return severity && *severity >= blocking_rank_ && MayBlock(other, id);
                 },
                 {}},
                policy_.hops_max, policy_.timers);
  for (const AlertDependency& dependency : *node.alert.depends_on) {
    if (dependency.through_topology) {
      look_upstream({[&](AlertId other) {
                       return nodes_.at(other).alert.labels.Get(kNameLabel) == dependency.alert && MayBlock(other, id);
                     },
                     {}},
                    kAnyHops, dependency.timers);
      continue;
    }
    const auto key = JoinKey(dependency.alert, dependency.equal, node.alert.labels);
    const auto joined = key ? by_join_.find(*key) : by_join_.end();
    if (joined == by_join_.end()) continue;
    std::size_t kept = 0;
    for (const AlertId other : joined->second) {
      if (!MayBlock(other, id)) continue;
      add({other, {}, dependency.equal, dependency.timers.extension, dependency.timers.max});
      if (++kept == kBlockersMax) break;
    }
  }
  std::vector<Blocker> blockers;
  for (auto& [alert, blocker] : found) blockers.push_back(std::move(blocker));
  KeepNearest(blockers);
  return blockers;
}

// On the component itself, and then upstream of it.
BlockingGraph::Found BlockingGraph::FindFrom(Search& search, const ComponentId& id, int hops) const {
  Found found;
  if (const auto alerts = on_component_.find(id); alerts != on_component_.end()) {
    for (const AlertId alert : alerts->second) {
      if (found.size() >= kBlockersMax) return found;
      if (search.counts(alert)) found.try_emplace(alert);
    }
  }
  for (const auto& [alert, path] : FindUpstream(search, id, hops)) {
    if (found.size() >= kBlockersMax) break;
    found.try_emplace(alert, path);
  }
  return found;
}

const BlockingGraph::Found& BlockingGraph::FindUpstream(Search& search, const ComponentId& id, int hops) const {
  const auto [place, is_new] = search.found.try_emplace({id, hops});
  Found& found = place->second;
  const Component* component = topology_->Find(id);
  if (!is_new || component == nullptr || hops == 0) return found;
  const int hops_left = hops == kAnyHops ? kAnyHops : hops - 1;
  for (const Dependency& dependency : component->depends_on) {
    Found of_dependency;
    std::size_t failing = 0;
    for (const ComponentId& on : dependency.on) {
      const Found of_member = FindFrom(search, on, hops_left);
      if (!of_member.empty()) ++failing;
      Merge(of_dependency, on, of_member);
    }
    if (failing + dependency.need <= dependency.on.size()) continue;
    for (const auto& [alert, path] : of_dependency) {
      const auto known = found.find(alert);
      if (known == found.end() || path.size() < known->second.size()) found.insert_or_assign(alert, path);
    }
  }
  return found;
}

void BlockingGraph::SetFound(AlertId id, std::vector<Blocker> found) {
  Node& node = nodes_.at(id);
  for (const Blocker& blocker : node.found) {
    if (const auto other = nodes_.find(blocker.alert); other != nodes_.end()) other->second.blocks.erase(id);
  }
  node.found = std::move(found);
  for (const Blocker& blocker : node.found) nodes_.at(blocker.alert).blocks.insert(id);
}

BlockingGraph::AlertSet BlockingGraph::DownstreamOf(const AlertSet& alerts) const {
  AlertSet reached = alerts;
  std::vector<AlertId> open(alerts.begin(), alerts.end());
  while (!open.empty()) {
    const AlertId at = open.back();
    open.pop_back();
    for (const AlertId blocked : nodes_.at(at).blocks) {
      if (reached.insert(blocked).second) open.push_back(blocked);
    }
  }
  return reached;
}

std::vector<AlertId> BlockingGraph::TakeAffected() {
  if (touched_.empty()) return {};
  const AlertSet touched = std::exchange(touched_, {});
  for (const AlertId id : touched) SetFound(id, FindBlockers(id));
  // A circle through one of them is downstream of it.
  const AlertSet affected = DownstreamOf(touched);
  FindCircles(affected);
  for (const AlertId id : affected) {
    Node& node = nodes_.at(id);
    node.blockers = node.found;
    if (node.circle == 0) continue;
    std::erase_if(node.blockers, [&](const Blocker& b) { return nodes_.at(b.alert).circle == node.circle; });
  }
  return {affected.begin(), affected.end()};
}

// Tarjan's algorithm: strongly connected components of more than one alert are circles.
void BlockingGraph::FindCircles(const AlertSet& among) {
  struct Visit {
    std::size_t number = 0;
    std::size_t lowest = 0;
    bool open = true;
  };
  std::map<AlertId, Visit> visits;
  std::vector<AlertId> stack;
  const std::function<std::size_t(AlertId)> visit = [&](AlertId id) {
    const std::size_t number = visits.size();
    Visit& mine = visits[id];
    mine.number = mine.lowest = number;
    stack.push_back(id);
    for (const Blocker& blocker : nodes_.at(id).found) {
      if (!among.contains(blocker.alert)) continue;
      const auto seen = visits.find(blocker.alert);
      if (seen == visits.end()) {
        mine.lowest = std::min(mine.lowest, visit(blocker.alert));
      } else if (seen->second.open) {
        mine.lowest = std::min(mine.lowest, seen->second.number);
      }
    }
    if (mine.lowest != mine.number) return mine.lowest;
    const auto first = std::find(stack.begin(), stack.end(), id);
    const std::uint64_t circle = stack.end() - first > 1 ? ++last_circle_ : 0;
    for (auto it = first; it != stack.end(); ++it) {
      nodes_.at(*it).circle = circle;
      visits[*it].open = false;
    }
    stack.erase(first, stack.end());
    return mine.lowest;
  };
  for (const AlertId id : among) {
    if (!visits.contains(id)) visit(id);
  }
}

std::vector<AlertId> BlockingGraph::BlockedBy(AlertId id) const {
  std::vector<AlertId> blocked;
  const auto node = nodes_.find(id);
  if (node == nodes_.end()) return blocked;
  for (const AlertId other : node->second.blocks) {
    const std::vector<Blocker>& blockers = nodes_.at(other).blockers;
    if (std::any_of(blockers.begin(), blockers.end(), [&](const Blocker& b) { return b.alert == id; })) {
      blocked.push_back(other);
    }
  }
  return blocked;
}

base::DurationMs BlockingGraph::WaitOf(AlertId id) const {
  const Node& node = nodes_.at(id);
  base::DurationMs wait(0);
  if (node.never_suppressed || node.alert.labels.Get(kPageLabel) == kPageImmediate) return wait;
  const bool has_parents = std::any_of(node.on.begin(), node.on.end(), [&](const ComponentId& component) {
    return !topology_->Find(component)->depends_on.empty();
  });
  if (has_parents && policy_.hops_max > 0) wait = policy_.timers.wait;
  for (const AlertDependency& dependency : *node.alert.depends_on) {
    if (!dependency.through_topology || has_parents) wait = std::max(wait, dependency.timers.wait);
  }
  return wait;
}

std::string BlockingGraph::TextOf(AlertId id) const {
  const Node& node = nodes_.at(id);
  std::string text(node.alert.labels.Get(kNameLabel));
  if (!node.on.empty()) text += fmt::format(" on {}/{}", node.on[0].kind, node.on[0].name);
  return text;
}

}  // namespace bellwether::incidents
