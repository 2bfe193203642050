#include "judge/divergence.h"

#include <benchmark/benchmark.h>

#include <limits>
#include <vector>

#include "judge/alignment.h"
#include "judge/distribution.h"
#include "judge/kolmogorov_smirnov.h"

namespace bellwether::judge {
namespace {

std::vector<CumulativeCount> Buckets(int bins, unsigned seed) {
  std::vector<CumulativeCount> out;
  double below = 0;
  for (int i = 0; i < bins; ++i) {
    seed = seed * 1664525u + 1013904223u;
    below += 10 + (seed >> 16) % 200;
    out.push_back({i + 1 == bins ? std::numeric_limits<double>::infinity() : i + 1, below});
  }
  return out;
}

// From cumulative buckets to the number, as a step of a query goes.
void PsiOfBuckets(benchmark::State& state) {
  auto reference = Buckets(static_cast<int>(state.range(0)), 1), current = Buckets(static_cast<int>(state.range(0)), 2);
  Distribution a, b;
  AlignedPair pair;
  for (auto _ : state) {
    (void)FromClassic(reference, a);
    (void)FromClassic(current, b);
    (void)Align(a, b, 0, pair);
    benchmark::DoNotOptimize(Psi(pair.reference, pair.current));
  }
}
BENCHMARK(PsiOfBuckets)->Arg(10)->Arg(50);

void KsTailOfBuckets(benchmark::State& state) {
  auto reference = Buckets(50, 1), current = Buckets(50, 2);
  Distribution a, b;
  (void)FromClassic(reference, a);
  (void)FromClassic(current, b);
  for (auto _ : state) {
    benchmark::DoNotOptimize(KsTail(KsDistance(a.bins.counts, b.bins.counts), 5000, 5000));
  }
}
BENCHMARK(KsTailOfBuckets);

}  // namespace
}  // namespace bellwether::judge
