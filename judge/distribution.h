// judge/distribution.h
//
// What was counted of some quantity: neighbouring bins on a line with a count each. It comes from the cumulative
// buckets of a classic histogram or from a native one, with whatever damage a store really sees; every statistic of
// this folder begins here (numbers) or at judge/categories.h (words), and none asks again where the counts came from.
//
// Counts may be fractional, as increase() leaves them. They are counts and no rates: a rate has lost the sample size.
//
// The folder's story. Statistics are pure functions of two aligned columns of counts, the reference first; alignment
// (judge/alignment.h) is the one place that decides what is comparable. Where bucketing hides part of the answer the
// statistic says between which bounds it lies. A result that does not exist is NaN, never 0: "no data" is not "no
// drift". Nothing here knows queries or storage.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "metric/histogram.h"

namespace bellwether::judge {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

enum class Spacing : unsigned char { kLinear, kExponential };

// Bin i counts what lies in (edges[i], edges[i + 1]].
struct Bins {
  std::vector<double> edges;  // Ascending; one more than counts. The first may be -Inf, the last +Inf.
  std::vector<double> counts;
  Spacing spacing = Spacing::kLinear;

  [[nodiscard]] std::size_t size() const { return counts.size(); }
};

// One bucket of a classic histogram: how many observations were at most `upper`.
struct CumulativeCount {
  double upper = 0;  // Never NaN.
  double count = 0;
};

struct Distribution {
  Bins bins;
  double sum = kUnknown;  // Of all observations, where known.
  const metric::NativeHistogram* exponential =
      nullptr;  // What the bins are of, which outlives this; alignment needs it.
};

// Why a list of buckets cannot be used.
enum class BucketFault : unsigned char { kNone, kNoInfinityBucket, kTooFewBuckets };

// Takes the buckets in any order, which may leave them sorted. Repairs: equal bounds are added up, and a count below
// that of a lower bound (a scrape that was lost) is raised to it; steps within rounding (1e-12, as PromQL has it) count
// as none. The first bin begins at 0 if its bound is positive, else it is open. `out` keeps its buffers.
[[nodiscard]] BucketFault FromClassic(std::span<CumulativeCount> buckets, Distribution& out);

// Custom bounds make plain bins; exponential buckets keep their geometry, gaps between them are empty bins.
// Observations of NaN are in no bucket and no part of it.
void FromNative(const metric::NativeHistogram& h, Distribution& out);

[[nodiscard]] double TotalOf(std::span<const double> counts);
// The bins with a count.
[[nodiscard]] std::size_t PopulatedIn(std::span<const double> counts);

// The value that stands for each bin: its middle (geometric for exponential ones, 0 where it holds zero), or the finite
// edge of an open one.
void Representatives(std::span<const double> edges, Spacing spacing, std::vector<double>& out);

// The count of observations at or below x, spread evenly within bins; outside the finite edges it stays what it is at
// the last of them.
[[nodiscard]] double CumulativeAt(const Bins& bins, double x);

}  // namespace bellwether::judge
