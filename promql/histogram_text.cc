#include <string>
#include <vector>

#include "base/number.h"
#include "promql/engine.h"
#include "promql/histogram/buckets.h"

namespace bellwether::promql {
namespace {

int BoundaryRule(const histogram::Bucket& b) {
  if (b.lower_inclusive) return b.upper_inclusive ? 3 : 1;
  return b.upper_inclusive ? 0 : 2;
}

}  // namespace

std::vector<HistogramBucket> BucketsOf(const metric::NativeHistogram& h) {
  std::vector<HistogramBucket> out;
  for (const histogram::Bucket& b : histogram::AllBuckets(h)) {
    if (b.count != 0) out.push_back({BoundaryRule(b), b.lower, b.upper, b.count});
  }
  return out;
}

std::string FormatHistogram(const metric::NativeHistogram& h) {
  std::string out = "{count:" + base::FormatNumberG(h.count) + ", sum:" + base::FormatNumberG(h.sum);
  for (const histogram::Bucket& b : histogram::AllBuckets(h)) {
    if (b.count == 0) continue;
    out += b.lower_inclusive ? ", [" : ", (";
    out += base::FormatNumberG(b.lower) + "," + base::FormatNumberG(b.upper);
    out += b.upper_inclusive ? "]:" : "):";
    out += base::FormatNumberG(b.count);
  }
  return out + "}";
}

}  // namespace bellwether::promql
