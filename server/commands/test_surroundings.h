// server/commands/test_surroundings.h
//
// Topology, suppression and notifications for unit tests and backtests of rules, as the server joins them to its rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "incidents/suppression.h"
#include "incidents/topology.h"
#include "notify/dispatcher.h"
#include "rules/test_surroundings.h"

namespace bellwether::server {

class SurroundingsMaker final : public rules::TestSurroundingsMaker {
 public:
  base::Status Read(const std::string& file, std::string_view text,
                    const std::vector<std::string>& severities) override;
  // These instead of what was read.
  void Use(std::shared_ptr<const incidents::Topology> topology, incidents::SuppressionPolicy policy);
  [[nodiscard]] std::unique_ptr<rules::TestSurroundings> Make(const rules::TestSurroundingsParts& parts) const override;

 private:
  std::shared_ptr<const incidents::Topology> topology_ = std::make_shared<const incidents::Topology>();
  incidents::SuppressionPolicy policy_;
  std::shared_ptr<const notify::Config> notifications_;  // Null: nobody is told.
};

}  // namespace bellwether::server
