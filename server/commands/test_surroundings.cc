#include "server/commands/test_surroundings.h"

#include <algorithm>
#include <utility>

#include "incidents/suppressor.h"
#include "server/joints.h"

namespace bellwether::server {
namespace {

class NobodyHears final : public incidents::UpdateSink {
 public:
  base::Status Take(std::span<const metric::AlertUpdate>) override { return base::OkStatus(); }
};

class Surroundings final : public rules::TestSurroundings {
 public:
  Surroundings(const std::shared_ptr<const incidents::Topology>& topology, incidents::SuppressionPolicy policy,
               const rules::TestSurroundingsParts& parts)
      : policy_(std::move(policy)),
        topology_([topology] { return topology; }),
        suppressor_({.state = parts.state,
                     .clock = parts.clock,
                     .metrics = parts.metrics,
                     .sink = nobody_,
                     .topology = [topology] { return topology; }}),
        sink_(suppressor_) {}

  [[nodiscard]] const rules::Topology& topology() const override { return topology_; }
  rules::AlertSink& sink() override { return sink_; }
  void SetGroups(const std::vector<rules::GroupSnapshot>& groups) override {
    suppressor_.Configure(policy_, DependenciesOf(groups));
  }
  base::Status RunDue() override { return suppressor_.RunDue(); }

  [[nodiscard]] std::vector<rules::TestStanding> Standings() const override {
    std::vector<rules::TestStanding> standings;
    for (const auto& [labels, standing] : suppressor_.Snapshot()) {
      rules::TestStanding& shown = standings.emplace_back();
      shown.labels = labels;
      shown.held = standing.verdict == incidents::Verdict::kHold;
      shown.reason = standing.reason;
      for (const incidents::Cause& cause : standing.causes) shown.by.emplace_back(cause.labels.Get("alertname"));
      std::sort(shown.by.begin(), shown.by.end());
      shown.by.erase(std::unique(shown.by.begin(), shown.by.end()), shown.by.end());
    }
    return standings;
  }

 private:
  const incidents::SuppressionPolicy policy_;
  const RuleTopology topology_;
  NobodyHears nobody_;
  incidents::Suppressor suppressor_;
  SuppressingSink sink_;
};

}  // namespace

base::Status SurroundingsMaker::Read(const std::string& file, std::string_view text,
                                     const std::vector<std::string>& severities) {
  auto components = incidents::ParseTopology(file, text, "topology");
  auto policy = incidents::ParseSuppressionPolicy(file, text, "topology", severities);
  if (!components.ok() && !policy.ok()) {
    return base::InvalidArgument(components.status().message() + "\n" + policy.status().message());
  }
  BW_RETURN_IF_ERROR(components.status());
  BW_RETURN_IF_ERROR(policy.status());
  topology_ = std::make_shared<const incidents::Topology>(*std::move(components));
  policy_ = *std::move(policy);
  return base::OkStatus();
}

void SurroundingsMaker::Use(std::shared_ptr<const incidents::Topology> topology, incidents::SuppressionPolicy policy) {
  topology_ = std::move(topology);
  policy_ = std::move(policy);
}

std::unique_ptr<rules::TestSurroundings> SurroundingsMaker::Make(const rules::TestSurroundingsParts& parts) const {
  return std::make_unique<Surroundings>(topology_, policy_, parts);
}

}  // namespace bellwether::server
