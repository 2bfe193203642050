// promql/functions/reference_join.h
//
// Which reference belongs to which distribution. The labels of a reference, without its name, `le`, the label of
// categories, `baseline` and `baseline_version`, are its key; a distribution is compared with the reference that has
// the same values for the key, and may itself have more labels. So one reference may serve many, and one that was
// aggregated without a label ignores it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "promql/functions/distribution_input.h"

namespace bellwether::promql {

inline constexpr std::string_view kBaselineLabel = "baseline";
inline constexpr std::string_view kBaselineVersionLabel = "baseline_version";

class ReferenceJoin {
 public:
  using Group = DistributionInput::Group;

  // `function`: for messages. The groups outlive this.
  // Errors: kExecution if the references do not all have the same label names.
  [[nodiscard]] static base::Result<ReferenceJoin> Make(std::string_view function,
                                                        const std::vector<Group>& references);

  // The references with the key of `labels`: more than one if they are there at different steps.
  [[nodiscard]] const std::vector<const Group*>& Of(const metric::Labels& labels) const;

  // The one of `candidates` that is there at a step; null if none is.
  // Errors: kExecution if there are two.
  [[nodiscard]] base::Result<const Group*> At(const std::vector<const Group*>& candidates, std::size_t step) const;

 private:
  explicit ReferenceJoin(std::string_view function) : function_(function) {}

  const std::string function_;
  std::vector<std::string> key_names_;  // Sorted.
  std::unordered_map<metric::Labels, std::vector<const Group*>, metric::LabelsHash> by_key_;
};

}  // namespace bellwether::promql
