// promql/functions/comparison_functions.h
//
// psi, ks_pvalue and their kin: statistics of a distribution and its reference. One table row each; what they mean is
// judge's.
#pragma once

#include <string_view>

#include "promql/functions/distribution_pairs.h"

namespace bellwether::promql {

// A number for a pair, with its concerns noted to `pairs`. `q`: the scalar argument in front, of functions that have
// one.
using PairStatistic = double (*)(const DistributionPair& pair, double q, DistributionPairs& pairs);

struct ComparisonSpec {
  std::string_view name;
  PairStatistic statistic = nullptr;
  PairNeeds needs = {};
  bool has_scalar = false;
};

// Null if there is none of this name.
[[nodiscard]] const ComparisonSpec* FindComparison(std::string_view name);
[[nodiscard]] base::Status ComparisonFunction(FunctionCall& call, QueryContext& context, const RowSink& sink,
                                              const ComparisonSpec& spec);

// Two samples a distribution, label bound="lower" and bound="upper".
[[nodiscard]] base::Status KsBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status WassersteinBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status AucBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

}  // namespace bellwether::promql
