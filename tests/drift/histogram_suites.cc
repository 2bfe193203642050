#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "judge/exponential.h"
#include "judge/kolmogorov_smirnov.h"
#include "judge/moments.h"
#include "tests/drift/golden.h"
#include "tests/drift/inputs.h"

namespace bellwether::golden {
namespace {

Json MomentsJson(const judge::Moments& m) {
  return {{"count", m.count},
          {"mean", m.mean},
          {"mean_midpoint", m.middle_mean},
          {"variance_midpoint", m.variance},
          {"stddev_midpoint", m.deviation()},
          {"skewness_midpoint", m.skewness},
          {"variance_about_exact_mean", m.variance_about_mean}};
}

Json MomentsCase(const Json& one, const Json&) {
  const judge::Distribution reference = ClassicOf(one["input"]["reference"]);
  const judge::Distribution current = ClassicOf(one["input"]["current"]);
  const judge::Moments a = judge::MomentsOf(reference.bins, reference.sum);
  const judge::Moments b = judge::MomentsOf(current.bins, current.sum);
  const judge::MeanTest test = judge::CompareMeans(a, b);
  Json quantiles;
  for (const double q : {0.05, 0.5, 0.9, 0.99}) {
    const judge::BinQuantile of_a = judge::QuantileOf(reference.bins, q);
    const judge::BinQuantile of_b = judge::QuantileOf(current.bins, q);
    quantiles[fmt::format("{}", q)] = {{"reference", of_a.value},
                                       {"current", of_b.value},
                                       {"reference_bucket", {of_a.lower, of_a.upper}},
                                       {"current_bucket", {of_b.lower, of_b.upper}}};
  }
  return {{"reference", MomentsJson(a)},
          {"current", MomentsJson(b)},
          {"mean_shift_in_std", judge::MeanShift(a, b)},
          {"std_ratio", judge::SpreadRatio(a, b)},
          {"skewness_change", b.skewness - a.skewness},
          {"welch_t", test.t},
          {"welch_dof", test.degrees},
          {"welch_p", test.p_value},
          {"quantiles", quantiles}};
}

Json CumulativeJson(const std::vector<double>& counts) {
  Json out = Json::array();
  double below = 0;
  for (const double c : counts) out.push_back(below += c);
  return out;
}

Json RepairCase(const Json& histogram) {
  std::vector<judge::CumulativeCount> buckets;
  for (std::size_t i = 0; i < histogram["le"].size(); ++i) {
    buckets.push_back({NumberOf(histogram["le"][i]), NumberOf(histogram["cumulative"][i])});
  }
  judge::Distribution out;
  switch (judge::FromClassic(buckets, out)) {
    case judge::BucketFault::kNoInfinityBucket: return {{"usable", false}, {"reason", "no +Inf bucket"}};
    case judge::BucketFault::kTooFewBuckets: return {{"usable", false}, {"reason", "fewer than two buckets"}};
    case judge::BucketFault::kNone: break;
  }
  return {{"usable", true},
          {"le", std::vector<double>(out.bins.edges.begin() + 1, out.bins.edges.end())},
          {"cumulative", CumulativeJson(out.bins.counts)},
          {"counts", out.bins.counts}};
}

// The bounds between bins, without the open ends.
Json InnerEdges(const std::vector<double>& edges) {
  Json out = Json::array();
  for (std::size_t i = 1; i + 1 < edges.size(); ++i) out.push_back(edges[i]);
  return out;
}

Json RebucketCase(const Json& one, const Json&) {
  const Json& input = one["input"];
  if (input.contains("histogram")) return RepairCase(input["histogram"]);
  const judge::Distribution reference = ClassicOf(input["reference"]);
  const judge::Distribution current = ClassicOf(input["current"]);
  judge::AlignedPair pair;
  const bool aligned = judge::Align(reference, current, 0, pair) == judge::AlignmentFault::kNone;
  judge::AlignedPair both;
  judge::AlignByInterpolation(reference, current, both);
  return {{"shared_le", aligned ? InnerEdges(pair.edges) : Json::array()},
          {"reference_counts", aligned ? Json(pair.reference) : Json()},
          {"current_counts", aligned ? Json(pair.current) : Json()},
          {"psi_additive", aligned ? judge::Psi(pair.reference, pair.current) : judge::kUnknown},
          {"js_distance", aligned ? std::sqrt(judge::JensenShannon(pair.reference, pair.current)) : judge::kUnknown},
          {"information_lost",
           {{"reference_buckets", reference.bins.size()},
            {"current_buckets", current.bins.size()},
            {"kept_buckets", aligned ? pair.reference.size() : 1}}},
          {"union",
           {{"le", InnerEdges(both.edges)},
            {"reference_cumulative", CumulativeJson(both.reference)},
            {"current_cumulative", CumulativeJson(both.current)}}}};
}

// The quantile of the raw samples is not to be reproduced, but it is in a bucket that holds its rank: then it stands
// for itself.
double RawQuantile(double raw, double q, const judge::Bins& bins) {
  constexpr double kSlack = 1e-6;
  const double rank = q * judge::TotalOf(bins.counts);
  double below = 0;
  for (std::size_t i = 0; i < bins.size(); below += bins.counts[i++]) {
    const bool holds_rank = below <= rank + kSlack && below + bins.counts[i] >= rank - kSlack;
    if (bins.edges[i] <= raw && raw <= bins.edges[i + 1] && holds_rank) return raw;
  }
  return judge::kUnknown;
}

Json NativeCase(const Json& one, const Json&) {
  const Json& input = one["input"];
  Json out;
  if (input.contains("from_schema")) {
    const int diff = input["from_schema"].get<int>() - input["to_schema"].get<int>();
    for (const Json& index : input["indexes"]) {
      out["indexes"].push_back(metric::CoarserIndex(index.get<std::int32_t>(), diff));
    }
    return out;
  }
  if (input.contains("schema")) {
    for (const Json& index : input["indexes"]) {
      out["upper_bounds"].push_back(metric::UpperBound(index.get<std::int32_t>(), input["schema"].get<int>(), {}));
    }
    return out;
  }
  const metric::NativeHistogram reference = NativeOf(input["reference"]);
  const auto [a, b] = judge::AlignExponential(reference, NativeOf(input["current"]));
  judge::ExponentialPair pair;
  judge::LayOut(a, b, pair);
  const judge::Bounds bounds = judge::KsBounds({pair.edges, pair.first}, {pair.edges, pair.second});
  judge::Distribution as_bins;
  judge::FromNative(reference, as_bins);
  for (const auto& [q, expected] : one["expect"]["quantiles_reference"].items()) {
    out["quantiles_reference"][q] = judge::ExponentialQuantile(reference, std::stod(q));
    const double raw = NumberOf(one["expect"]["raw_quantiles_reference"][q]);
    out["raw_quantiles_reference"][q] = RawQuantile(raw, std::stod(q), as_bins.bins);
  }
  out["schema"] = a.schema;
  out["zero_threshold"] = a.zero_threshold;
  out["reference_aligned"] = JsonOf(a);
  out["current_aligned"] = JsonOf(b);
  out["psi_additive"] = judge::Psi(pair.first, pair.second);
  out["js_distance"] = std::sqrt(judge::JensenShannon(pair.first, pair.second));
  out["hellinger"] = judge::Hellinger(pair.first, pair.second);
  out["d_lower"] = bounds.lower;
  out["d_upper"] = bounds.upper;
  out["relative_error_bound"] = metric::UpperBound(1, reference.schema, {}) - 1;
  return out;
}

}  // namespace

std::vector<Suite> HistogramSuites() {
  return {{.name = "moments", .evaluate = MomentsCase},
          {.name = "rebucket", .evaluate = RebucketCase},
          {.name = "native", .evaluate = NativeCase, .raw_bounds = {{"d", "d_lower", "d_upper"}}}};
}

}  // namespace bellwether::golden
