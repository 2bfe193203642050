#include <cmath>
#include <iterator>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/number.h"
#include "promql/parser/series_description.h"

namespace bellwether::promql {
namespace {

// Where the first bucket that is not empty lies, and all counts from there to the last such.
struct DenseBuckets {
  std::int64_t offset = 0;
  std::string counts;  // "5 0 7"
};

DenseBuckets Dense(const std::vector<metric::BucketSpan>& spans, const std::vector<double>& counts) {
  std::map<std::int64_t, double> filled;
  std::int64_t index = 0;
  std::size_t next = 0;
  for (const metric::BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && next < counts.size(); ++i, ++index, ++next) {
      if (counts[next] != 0) filled.emplace(index, counts[next]);
    }
  }
  DenseBuckets dense;
  if (filled.empty()) return dense;
  dense.offset = filled.begin()->first;
  std::int64_t at = dense.offset;
  for (const auto& [bucket, count] : filled) {
    for (; at < bucket; ++at) dense.counts += "0 ";
    dense.counts += base::FormatNumberG(count);
    dense.counts.push_back(' ');
    ++at;
  }
  dense.counts.pop_back();
  return dense;
}

std::string_view HintName(metric::CounterResetHint hint) {
  switch (hint) {
    case metric::CounterResetHint::kReset: return "reset";
    case metric::CounterResetHint::kNotReset: return "not_reset";
    case metric::CounterResetHint::kGauge: return "gauge";
    case metric::CounterResetHint::kUnknown: break;
  }
  return {};
}

}  // namespace

std::string FormatHistogramLiteral(const metric::NativeHistogram& h) {
  std::string out = "{{";
  const auto add = [&out](std::string_view key, std::string_view value) {
    if (out.size() > 2) out.push_back(' ');
    out.append(key).push_back(':');
    out.append(value);
  };
  const auto add_number = [&](std::string_view key, double value) {
    if (value != 0) add(key, base::FormatNumberG(value));
  };
  const auto add_buckets = [&](std::string_view offset_key, std::string_view key, const DenseBuckets& dense) {
    if (dense.counts.empty()) return;
    if (dense.offset != 0) add(offset_key, std::to_string(dense.offset));
    add(key, "[" + dense.counts + "]");
  };
  if (h.schema != 0) add("schema", std::to_string(h.schema));
  add_number("count", h.count);
  add_number("sum", h.sum);
  add_number("z_bucket", h.zero_count);
  add_number("z_bucket_w", h.zero_threshold);
  if (!h.custom_values.empty()) {
    std::string bounds;
    for (const double bound : h.custom_values)
      bounds.append(bounds.empty() ? "" : " ").append(base::FormatNumberG(bound));
    add("custom_values", "[" + bounds + "]");
  }
  if (const std::string_view hint = HintName(h.reset_hint); !hint.empty()) add("counter_reset_hint", hint);
  add_buckets("offset", "buckets", Dense(h.positive_spans, h.positive_buckets));
  add_buckets("n_offset", "n_buckets", Dense(h.negative_spans, h.negative_buckets));
  return out + "}}";
}

}  // namespace bellwether::promql
