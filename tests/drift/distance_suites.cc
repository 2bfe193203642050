#include <cmath>
#include <numbers>

#include "judge/divergence.h"
#include "judge/kolmogorov_smirnov.h"
#include "judge/moments.h"
#include "judge/wasserstein.h"
#include "tests/drift/golden.h"
#include "tests/drift/inputs.h"

namespace bellwether::golden {
namespace {

using judge::AlignedPair;
using judge::Divergence;
using judge::ZeroRule;

double TailOf(Divergence kind, double value, const AlignedPair& pair) {
  return judge::NullTail(kind, value, judge::TotalOf(pair.reference), judge::TotalOf(pair.current),
                         judge::PopulatedBins(pair.reference, pair.current));
}

Json PsiCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const double additive = judge::Psi(pair.reference, pair.current);
  return {{"additive", additive},
          {"floor", judge::Psi(pair.reference, pair.current, ZeroRule::kFloor)},
          {"none", judge::Psi(pair.reference, pair.current, ZeroRule::kNone)},
          {"bins", judge::PopulatedBins(pair.reference, pair.current)},
          {"p_value", TailOf(Divergence::kPsi, additive, pair)}};
}

Json KlCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const double additive = judge::KullbackLeibler(pair.reference, pair.current);
  return {{"additive", additive},
          {"reverse_additive", judge::KullbackLeibler(pair.current, pair.reference)},
          {"floor", judge::KullbackLeibler(pair.reference, pair.current, ZeroRule::kFloor)},
          {"none", judge::KullbackLeibler(pair.reference, pair.current, ZeroRule::kNone)},
          {"bins", judge::PopulatedBins(pair.reference, pair.current)},
          {"p_value", TailOf(Divergence::kKullbackLeibler, additive, pair)}};
}

Json JensenShannonCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const double divergence = judge::JensenShannon(pair.reference, pair.current);
  return {{"distance", std::sqrt(divergence)},
          {"divergence", divergence},
          {"distance_base2", std::sqrt(divergence / std::numbers::ln2)},
          {"bins", judge::PopulatedBins(pair.reference, pair.current)},
          {"p_value", TailOf(Divergence::kJensenShannon, divergence, pair)}};
}

Json HellingerCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const double distance = judge::Hellinger(pair.reference, pair.current);
  return {{"distance", distance},
          {"bins", judge::PopulatedBins(pair.reference, pair.current)},
          {"p_value", TailOf(Divergence::kHellinger, distance, pair)}};
}

Json TotalVariationCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  return {{"tvd", judge::TotalVariation(pair.reference, pair.current)},
          {"linf", judge::LargestShareDifference(pair.reference, pair.current)}};
}

Json KsCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const auto reference = ClassicOf(one["input"]["reference"]);
  const auto current = ClassicOf(one["input"]["current"]);
  const judge::Bounds bounds = judge::KsBounds(reference.bins, current.bins);
  const double n = judge::TotalOf(reference.bins.counts);
  const double m = judge::TotalOf(current.bins.counts);
  const double d = pair.reference.empty() ? judge::kUnknown : judge::KsDistance(pair.reference, pair.current);
  Json shared = Json::array();
  for (std::size_t i = 1; i + 1 < pair.edges.size(); ++i) shared.push_back(pair.edges[i]);
  return {{"shared_le", shared},
          {"d", d},
          {"d_lower", bounds.lower},
          {"d_upper", bounds.upper},
          {"p_kolmogorov", judge::KsLimitTail(d, n, m)},
          {"p_stephens", judge::KsTail(d, n, m)},
          {"p_stephens_lower", judge::KsTail(bounds.upper, n, m)}};
}

Json WassersteinCase(const Json& one, const Json&) {
  const AlignedPair pair = PairOf(one["input"]);
  const double uniform = judge::Wasserstein(pair);
  const judge::Bounds bounds = judge::WassersteinBounds(pair);
  const double deviation = judge::MomentsOf(ClassicOf(one["input"]["reference"]).bins, judge::kUnknown).deviation();
  return {{"uniform", uniform},
          {"midpoint", judge::WassersteinOfMiddles(pair)},
          {"lower", bounds.lower},
          {"upper", bounds.upper},
          {"reference_std_midpoint", deviation},
          {"normalised_uniform", uniform / std::max(deviation, judge::kScaleMin)}};
}

}  // namespace

std::vector<Suite> DistanceSuites() {
  return {{.name = "psi", .evaluate = PsiCase},
          {.name = "kl", .evaluate = KlCase},
          {.name = "jensen_shannon", .evaluate = JensenShannonCase},
          {.name = "hellinger", .evaluate = HellingerCase},
          {.name = "total_variation", .evaluate = TotalVariationCase},
          {.name = "ks", .evaluate = KsCase, .raw_bounds = {{"d", "d_lower", "d_upper"}}},
          {.name = "wasserstein", .evaluate = WassersteinCase, .raw_bounds = {{"distance", "lower", "upper"}}}};
}

}  // namespace bellwether::golden
