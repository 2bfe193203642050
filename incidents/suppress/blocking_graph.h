// incidents/suppress/blocking_graph.h
//
// Which of the alerts that fire explain which others: kept up to date alert by alert. A change costs what it affects:
// the alerts downstream of the one that changed, each with its own way upstream.
//
// An alert is blocked by another that
//   - is on a component upstream of it, at most `hops_max` dependencies away, and at least as severe as
//     `blocking_severity`; or is named by its depends_on and connected to it as that says;
//   - began no later than `grace` after it;
//   - is not less severe. Severities that are not among the configured ones compare with none.
// Through a dependency on k of n components only, if at least n-k+1 of them have such alerts, on or upstream of them.
// Alerts that block each other in a circle, which depends_on and topology can write together, do not block at all; so
// the rest has no circles, and every chain of blockers ends at an alert that nothing blocks (invariant C).
//
// Of an alert at most kBlockersMax blockers are kept, the nearest: a thousand alerts about one pipeline and a thousand
// about its models would be a million pairs. When one of them ends, others take its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "incidents/suppression.h"
#include "incidents/topology.h"
#include "metric/labels.h"

namespace bellwether::incidents {

using AlertId = std::uint64_t;
inline constexpr std::size_t kBlockersMax = 16;
using DependencyList = std::shared_ptr<const std::vector<AlertDependency>>;  // Never null.

struct FiringAlert {
  metric::Labels labels;
  base::TimestampMs onset;
  DependencyList depends_on;
};

// One that blocks, the shortest way to it, and how long that may last.
struct Blocker {
  AlertId alert = 0;
  std::vector<ComponentId> path;
  std::vector<std::string> equal;
  base::DurationMs extension;
  base::DurationMs max;
  friend bool operator==(const Blocker&, const Blocker&) = default;
};

class BlockingGraph {
 public:
  BlockingGraph(std::shared_ptr<const Topology> topology, SuppressionPolicy policy);

  // An alert that begins to fire, or whose labels, onset or dependencies changed.
  void Put(AlertId id, FiringAlert alert);
  void Remove(AlertId id);

  // Alerts that fire and whose blockers may have changed since the last call, ascending.
  [[nodiscard]] std::vector<AlertId> TakeAffected();

  // As of the last TakeAffected; ascending by alert. `id` is of an alert that fires.
  [[nodiscard]] std::span<const Blocker> BlockersOf(AlertId id) const { return nodes_.at(id).blockers; }
  // Whom it blocks, ascending; as of the last TakeAffected.
  [[nodiscard]] std::vector<AlertId> BlockedBy(AlertId id) const;
  // How long a new alert is held because of what might yet block it; 0: nothing might, or it does not wait.
  [[nodiscard]] base::DurationMs WaitOf(AlertId id) const;
  [[nodiscard]] const FiringAlert& Alert(AlertId id) const { return nodes_.at(id).alert; }
  // "PipelineDown on pipeline/feature_store"
  [[nodiscard]] std::string TextOf(AlertId id) const;

 private:
  using AlertSet = std::set<AlertId>;
  // Alerts found upstream of a component, each with the way to it, the component itself left out.
  using Found = std::map<AlertId, std::vector<ComponentId>>;

  struct Node {
    FiringAlert alert;
    std::vector<ComponentId> on;  // The components it is about.
    std::optional<int> severity;  // Rank.
    bool never_suppressed = false;
    bool never_blocks = false;
    std::vector<std::string> joins;  // Keys under which others depend on it, and under which it depends on others:
    std::vector<std::string> needs;  // see JoinKey.
    std::vector<Blocker> found;      // Circles included.
    std::vector<Blocker> blockers;
    AlertSet blocks;           // Who has it among `found`.
    std::uint64_t circle = 0;  // Equal for alerts of one circle; 0: of none.
  };

  struct Search;

  void Index(AlertId id, Node& node);
  void Unindex(AlertId id, const Node& node);
  void IndexUnder(const std::string& name, const std::vector<std::string>& equal);
  // Everybody whose blockers depend on the alert: it may have come or gone.
  void TouchDependents(const Node& node);
  [[nodiscard]] bool MayBlock(AlertId blocker, AlertId alert) const;
  [[nodiscard]] std::vector<Blocker> FindBlockers(AlertId id) const;
  [[nodiscard]] Found FindFrom(Search& search, const ComponentId& id, int hops) const;
  [[nodiscard]] const Found& FindUpstream(Search& search, const ComponentId& id, int hops) const;
  void SetFound(AlertId id, std::vector<Blocker> found);
  [[nodiscard]] AlertSet DownstreamOf(const AlertSet& alerts) const;
  void FindCircles(const AlertSet& among);

  const std::shared_ptr<const Topology> topology_;
  const SuppressionPolicy policy_;
  std::map<std::string, int, std::less<>> ranks_;
  int blocking_rank_ = 0;
  std::map<ComponentId, std::vector<ComponentId>> downstream_;  // Who depends on it directly.

  std::map<AlertId, Node> nodes_;
  std::map<ComponentId, AlertSet> on_component_;
  std::map<std::string, AlertSet> by_name_;
  std::map<std::string, std::set<std::vector<std::string>>>
      equal_lists_;                                   // Under which an alert is asked for, by name.
  std::map<std::string, AlertSet> by_join_;           // By JoinKey: the alerts,
  std::map<std::string, AlertSet> needing_;           // and those that depend on them.
  std::map<std::string, AlertSet> needing_upstream_;  // Those that depend on a name through topology.
  AlertSet touched_;
  std::uint64_t last_circle_ = 0;
};

}  // namespace bellwether::incidents
