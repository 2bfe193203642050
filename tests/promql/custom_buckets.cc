#include "tests/promql/custom_buckets.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/number.h"
#include "promql/histogram/arithmetic.h"

namespace bellwether::promqltest {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct ClassicHistogram {
  std::map<double, double> cumulative;  // By upper bound; the first value of a bound counts.
  std::optional<double> count;
  double sum = 0;
};

base::Result<metric::NativeHistogram> Converted(ClassicHistogram classic) {
  auto& cumulative = classic.cumulative;
  if (!classic.count) classic.count = cumulative.empty() ? 0 : cumulative.rbegin()->second;
  cumulative.try_emplace(kInfinity, *classic.count);
  if (*classic.count != cumulative.rbegin()->second) return base::InvalidArgument("count mismatch");
  metric::NativeHistogram h;
  h.is_float = true;
  h.schema = metric::kCustomBucketsSchema;
  h.count = *classic.count;
  h.sum = classic.sum;
  double before = 0;
  for (const auto& [bound, count] : cumulative) {
    if (count < 0) return base::InvalidArgument("bucket count must be non-negative");
    if (count < before) return base::InvalidArgument("count is not cumulative");
    h.positive_buckets.push_back(count - before);
    before = count;
    if (bound != kInfinity) h.custom_values.push_back(bound);
  }
  h.positive_spans = {{.offset = 0, .length = static_cast<std::uint32_t>(h.positive_buckets.size())}};
  return promql::histogram::Compact(h);
}

enum class Part { kBucket, kCount, kSum };

std::optional<Part> PartOf(std::string_view name, std::string& base_name) {
  const auto ends_in = [&](std::string_view suffix) {
    if (!name.ends_with(suffix)) return false;
    base_name = std::string(name.substr(0, name.size() - suffix.size()));
    return true;
  };
  if (ends_in("_bucket")) return Part::kBucket;
  if (ends_in("_count")) return Part::kCount;
  if (ends_in("_sum")) return Part::kSum;
  return std::nullopt;
}

void Put(ClassicHistogram& histogram, Part part, double bound, double value) {
  switch (part) {
    case Part::kBucket: histogram.cumulative.try_emplace(bound, value); return;
    case Part::kCount: histogram.count = value; return;
    case Part::kSum: histogram.sum = value; return;
  }
}

}  // namespace

base::Result<std::map<metric::Labels, std::map<base::TimestampMs, metric::NativeHistogram>>> CustomBucketHistograms(
    const LoadCommand& load) {
  std::map<metric::Labels, std::map<base::TimestampMs, ClassicHistogram>> classic;
  for (const auto& [labels, series] : load.series) {
    std::string base_name;
    const auto part = PartOf(labels.Name(), base_name);
    if (!part) continue;
    double bound = 0;
    if (*part == Part::kBucket) {
      const auto le = base::ParseNumber(labels.Get(metric::kBucketLabel));
      if (!le || std::isnan(*le)) continue;
      bound = *le;
    }
    metric::LabelsBuilder builder(labels);
    auto& by_time = classic[builder.Set(metric::kMetricName, base_name).Remove(metric::kBucketLabel).Build()];
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const promql::SequenceValue& value = series.values[i];
      if (value.omitted || value.histogram != nullptr) continue;
      Put(by_time[base::TimestampMs(load.step.ms * static_cast<std::int64_t>(i))], *part, bound, value.value);
    }
  }
  std::map<metric::Labels, std::map<base::TimestampMs, metric::NativeHistogram>> out;
  for (const auto& [labels, by_time] : classic) {
    for (const auto& [at, histogram] : by_time) {
      BW_ASSIGN_OR_RETURN(out[labels][at], Converted(histogram));
    }
  }
  return out;
}

}  // namespace bellwether::promqltest
