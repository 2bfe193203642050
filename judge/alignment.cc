#include "judge/alignment.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "judge/exponential.h"

namespace bellwether::judge {
namespace {

// The upper edges of bins; the last is +Inf.
std::span<const double> UpperEdges(const Bins& bins) { return std::span(bins.edges).subspan(1); }

// Adds up the bins between the edges of `edges`, each of which is one of theirs.
void AddUpTo(std::span<const double> edges, const Bins& bins, std::vector<double>& out) {
  out.assign(edges.size() - 1, 0);
  std::size_t target = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    out[target] += bins.counts[i];
    if (bins.edges[i + 1] == edges[target + 1] && target + 1 < out.size()) ++target;
  }
}

void LayOutCoarse(const metric::NativeHistogram& reference, const metric::NativeHistogram& current,
                  std::size_t bins_max, ExponentialPair& out) {
  int schema = std::min(reference.schema, current.schema);
  while (true) {
    const auto [a, b] = AlignExponential(reference, current, schema);
    LayOut(a, b, out);
    std::size_t populated = 0;
    for (std::size_t i = 0; i < out.first.size(); ++i) populated += out.first[i] > 0 || out.second[i] > 0 ? 1 : 0;
    if (bins_max == 0 || populated <= bins_max || schema <= metric::kMinExponentialSchema) return;
    --schema;
  }
}

}  // namespace

AlignmentFault Align(const Distribution& reference, const Distribution& current, std::size_t exponential_bins_max,
                     AlignedPair& out) {
  if ((reference.exponential == nullptr) != (current.exponential == nullptr)) return AlignmentFault::kMixedForms;
  out.spacing = reference.bins.spacing;
  if (reference.exponential != nullptr) {
    ExponentialPair both;
    LayOutCoarse(*reference.exponential, *current.exponential, exponential_bins_max, both);
    out.edges = std::move(both.edges);
    out.reference = std::move(both.first);
    out.current = std::move(both.second);
    return AlignmentFault::kNone;
  }
  if (reference.bins.edges == current.bins.edges) {
    out.edges = reference.bins.edges;
    out.reference = reference.bins.counts;
    out.current = current.bins.counts;
    return AlignmentFault::kNone;
  }
  out.edges.assign(1, std::min(reference.bins.edges.front(), current.bins.edges.front()));
  const auto a = UpperEdges(reference.bins);
  const auto b = UpperEdges(current.bins);
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out.edges));
  if (out.edges.size() < 3) return AlignmentFault::kNoSharedBound;  // Only +Inf.
  AddUpTo(out.edges, reference.bins, out.reference);
  AddUpTo(out.edges, current.bins, out.current);
  return AlignmentFault::kNone;
}

void AlignByInterpolation(const Distribution& reference, const Distribution& current, AlignedPair& out) {
  out.spacing = Spacing::kLinear;
  out.edges.assign(1, std::min(reference.bins.edges.front(), current.bins.edges.front()));
  const auto a = UpperEdges(reference.bins);
  const auto b = UpperEdges(current.bins);
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out.edges));
  const auto spread = [&](const Bins& bins, std::vector<double>& counts) {
    counts.clear();
    double below = 0;
    for (std::size_t i = 1; i < out.edges.size(); ++i) {
      const double at = std::isinf(out.edges[i]) ? TotalOf(bins.counts) : CumulativeAt(bins, out.edges[i]);
      counts.push_back(at - below);
      below = at;
    }
  };
  spread(reference.bins, out.reference);
  spread(current.bins, out.current);
}

}  // namespace bellwether::judge
