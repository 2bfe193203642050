// server/joints.h
//
// What joins rules and incidents, which do not know each other.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "incidents/suppressor.h"
#include "incidents/topology.h"
#include "metric/alert_update.h"
#include "metric/component.h"
#include "metric/labels.h"
#include "rules/alert_sink.h"
#include "rules/rule_manager.h"
#include "rules/topology.h"

namespace bellwether::server {

// Rules ask what is upstream of an instance; incidents know.
class RuleTopology final : public rules::Topology {
 public:
  // `current`: the topology in force, never null; thread-safe.
  explicit RuleTopology(std::function<std::shared_ptr<const incidents::Topology>()> current)
      : current_(std::move(current)) {}

  [[nodiscard]] std::vector<metric::ComponentId> UpstreamOf(const metric::Labels& instance) const override;

 private:
  const std::function<std::shared_ptr<const incidents::Topology>()> current_;
};

// What rules tell goes to whoever decides which of it people hear.
class SuppressingSink final : public rules::AlertSink {
 public:
  // `suppressor` outlives the sink.
  explicit SuppressingSink(incidents::Suppressor& suppressor) : suppressor_(suppressor) {}

  base::Status Take(std::span<const metric::AlertUpdate> updates) override { return suppressor_.Take(updates); }

 private:
  incidents::Suppressor& suppressor_;
};

// What the rules say of other alerts, in the words of those who suppress.
[[nodiscard]] std::vector<incidents::RuleDependencies> DependenciesOf(const std::vector<rules::GroupSnapshot>& groups);

}  // namespace bellwether::server
