#include "metric/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/bytes.h"
#include "metric/sample.h"

namespace bellwether::metric {
namespace {

constexpr std::uint64_t kHistogramVersion = 1;

bool SameBits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

bool SameColumn(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameBits);
}

base::Status CheckSpans(const std::vector<BucketSpan>& spans, std::size_t buckets, bool custom) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].offset < 0 && (i > 0 || custom)) {
      return base::InvalidArgument(fmt::format(
          "span number {} with offset {}: histogram has a span whose offset is negative", i + 1, spans[i].offset));
    }
    total += spans[i].length;
  }
  if (total != buckets) {
    return base::InvalidArgument(
        fmt::format("spans need {} buckets, have {} buckets: histogram spans specify different number of buckets than "
                    "provided",
                    total, buckets));
  }
  return base::OkStatus();
}

base::Status CheckBuckets(const std::vector<double>& buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] < 0) {
      return base::InvalidArgument(
          fmt::format("bucket number {} has observation count of {}: histogram has a bucket whose observation count is "
                      "negative",
                      i + 1, buckets[i]));
    }
  }
  return base::OkStatus();
}

base::Status CheckCustomBounds(const NativeHistogram& h) {
  double previous = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < h.custom_values.size(); ++i) {
    const double bound = h.custom_values[i];
    if (std::isnan(bound)) return base::InvalidArgument("histogram custom bounds must not be NaN");
    if (i > 0 && bound <= previous) {
      return base::InvalidArgument(fmt::format(
          "previous bound is {} and current is {}: histogram custom bounds must be in strictly increasing order",
          previous, bound));
    }
    previous = bound;
  }
  if (std::isinf(previous) && previous > 0) return base::InvalidArgument("histogram custom bounds must be finite");
  std::uint64_t highest = 0;
  for (const BucketSpan& span : h.positive_spans) highest += static_cast<std::uint64_t>(span.offset) + span.length;
  if (highest > h.custom_values.size() + 1) {
    return base::InvalidArgument(
        fmt::format("only {} custom bounds defined which is insufficient to cover total span "
                    "length of {}: histogram custom bounds are too few",
                    h.custom_values.size(), highest));
  }
  if (h.zero_count != 0) return base::InvalidArgument("custom buckets: must have zero count of 0");
  if (h.zero_threshold != 0) return base::InvalidArgument("custom buckets: must have zero threshold of 0");
  if (!h.negative_spans.empty()) return base::InvalidArgument("custom buckets: must not have negative spans");
  if (!h.negative_buckets.empty()) return base::InvalidArgument("custom buckets: must not have negative buckets");
  return base::OkStatus();
}

base::Status CheckCounts(const NativeHistogram& h) {
  if (h.zero_count < 0) {
    return base::InvalidArgument("zero bucket: histogram has a bucket whose observation count is negative");
  }
  if (h.count < 0) return base::InvalidArgument("histogram's observation count is negative");
  if (h.is_float) return base::OkStatus();
  const double in_buckets = std::accumulate(h.positive_buckets.begin(), h.positive_buckets.end(), h.zero_count) +
                            std::accumulate(h.negative_buckets.begin(), h.negative_buckets.end(), 0.0);
  if (std::isnan(h.sum)) {
    if (in_buckets > h.count) {
      return base::InvalidArgument(fmt::format(
          "{} observations found in buckets, but the Count field is {}: histogram's observation count should "
          "be at least the number of observations found in the buckets",
          in_buckets, h.count));
    }
  } else if (in_buckets != h.count) {
    return base::InvalidArgument(
        fmt::format("{} observations found in buckets, but the Count field is {}: histogram's observation count should "
                    "equal the number of observations found in the buckets (in absence of NaN)",
                    in_buckets, h.count));
  }
  return base::OkStatus();
}

// Merges `diff` times two neighbouring buckets: index i goes to ((i - 1) >> diff) + 1.
void MergeBuckets(const std::vector<BucketSpan>& spans, const std::vector<double>& buckets, int diff,
                  std::vector<BucketSpan>& out_spans, std::vector<double>& out_buckets) {
  std::int64_t index = 0;
  std::int64_t last = 0;
  std::size_t at = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index) {
      const std::int64_t target = ((index - 1) >> diff) + 1;
      if (!out_buckets.empty() && target == last) {
        out_buckets.back() += buckets[at++];
        continue;
      }
      if (out_spans.empty() || target != last + 1) {
        const std::int64_t gap = out_spans.empty() ? target : target - last - 1;
        out_spans.push_back({static_cast<std::int32_t>(gap), 0});
      }
      ++out_spans.back().length;
      out_buckets.push_back(buckets[at++]);
      last = target;
    }
  }
}

void AppendDouble(std::string& out, double v) { base::AppendFixed64(out, std::bit_cast<std::uint64_t>(v)); }

bool ReadDouble(std::string_view& in, double& v) {
  std::uint64_t bits = 0;
  if (!base::ReadFixed64(in, bits)) return false;
  v = std::bit_cast<double>(bits);
  return true;
}

void AppendSpans(std::string& out, const std::vector<BucketSpan>& spans) {
  base::AppendVarint(out, spans.size());
  for (const BucketSpan& span : spans) {
    base::AppendVarint(out, base::ZigZag(span.offset));
    base::AppendVarint(out, span.length);
  }
}

bool ReadSpans(std::string_view& in, std::vector<BucketSpan>& spans) {
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || n > in.size()) return false;
  spans.resize(static_cast<std::size_t>(n));
  for (BucketSpan& span : spans) {
    std::uint64_t offset = 0, length = 0;
    if (!base::ReadVarint(in, offset) || !base::ReadVarint(in, length) ||
        length > std::numeric_limits<std::uint32_t>::max()) {
      return false;
    }
    const std::int64_t signed_offset = base::UnZigZag(offset);
    if (signed_offset != static_cast<std::int32_t>(signed_offset)) return false;
    span = {static_cast<std::int32_t>(signed_offset), static_cast<std::uint32_t>(length)};
  }
  return true;
}

void AppendDoubles(std::string& out, const std::vector<double>& column) {
  base::AppendVarint(out, column.size());
  for (const double v : column) AppendDouble(out, v);
}

bool ReadDoubles(std::string_view& in, std::vector<double>& column) {
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || n > in.size() / 8) return false;
  column.resize(static_cast<std::size_t>(n));
  for (double& v : column) {
    if (!ReadDouble(in, v)) return false;
  }
  return true;
}

}  // namespace

bool NativeHistogram::IsStale() const { return IsStaleMarker(sum); }

bool operator==(const NativeHistogram& a, const NativeHistogram& b) {
  return a.is_float == b.is_float && a.reset_hint == b.reset_hint && a.schema == b.schema &&
         SameBits(a.zero_threshold, b.zero_threshold) && SameBits(a.zero_count, b.zero_count) &&
         SameBits(a.count, b.count) && SameBits(a.sum, b.sum) && a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans && SameColumn(a.positive_buckets, b.positive_buckets) &&
         SameColumn(a.negative_buckets, b.negative_buckets) && SameColumn(a.custom_values, b.custom_values);
}

base::Status ValidateHistogram(const NativeHistogram& h) {
  constexpr std::int32_t kMaxReservedSchema = 52;
  if (h.schema != kCustomBucketsSchema && (h.schema < kMinExponentialSchema || h.schema > kMaxReservedSchema)) {
    return base::InvalidArgument(fmt::format(
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for "
        "custom buckets: {}",
        h.schema));
  }
  if (h.IsStale()) return base::OkStatus();
  if (h.UsesCustomBuckets()) {
    BW_RETURN_IF_ERROR(CheckSpans(h.positive_spans, h.positive_buckets.size(), true));
    BW_RETURN_IF_ERROR(CheckCustomBounds(h));
  } else {
    if (!h.custom_values.empty()) {
      return base::InvalidArgument("histogram with exponential schema must not have custom bounds");
    }
    BW_RETURN_IF_ERROR(CheckSpans(h.positive_spans, h.positive_buckets.size(), false).WithContext("positive side"));
    BW_RETURN_IF_ERROR(CheckSpans(h.negative_spans, h.negative_buckets.size(), false).WithContext("negative side"));
    BW_RETURN_IF_ERROR(CheckBuckets(h.negative_buckets).WithContext("negative side"));
  }
  BW_RETURN_IF_ERROR(CheckBuckets(h.positive_buckets).WithContext("positive side"));
  return CheckCounts(h);
}

NativeHistogram ReduceResolution(const NativeHistogram& h, std::int32_t schema) {
  if (h.UsesCustomBuckets() || schema >= h.schema) return h;
  NativeHistogram out = h;
  out.schema = schema;
  out.positive_spans.clear();
  out.negative_spans.clear();
  out.positive_buckets.clear();
  out.negative_buckets.clear();
  const int diff = h.schema - schema;
  MergeBuckets(h.positive_spans, h.positive_buckets, diff, out.positive_spans, out.positive_buckets);
  MergeBuckets(h.negative_spans, h.negative_buckets, diff, out.negative_spans, out.negative_buckets);
  return out;
}

void EncodeHistogram(const NativeHistogram& h, std::string& out) {
  base::AppendVarint(out, kHistogramVersion);
  out.push_back(static_cast<char>((h.is_float ? 1 : 0) | static_cast<int>(h.reset_hint) << 1));
  base::AppendVarint(out, base::ZigZag(h.schema));
  AppendDouble(out, h.zero_threshold);
  AppendDouble(out, h.zero_count);
  AppendDouble(out, h.count);
  AppendDouble(out, h.sum);
  AppendSpans(out, h.positive_spans);
  AppendSpans(out, h.negative_spans);
  AppendDoubles(out, h.positive_buckets);
  AppendDoubles(out, h.negative_buckets);
  AppendDoubles(out, h.custom_values);
}

bool DecodeHistogram(std::string_view& in, NativeHistogram& h) {
  std::uint64_t version = 0, schema = 0;
  if (!base::ReadVarint(in, version) || version != kHistogramVersion || in.empty()) return false;
  const auto flags = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  if (flags > 7) return false;
  h.is_float = (flags & 1) != 0;
  h.reset_hint = static_cast<CounterResetHint>(flags >> 1);
  if (!base::ReadVarint(in, schema)) return false;
  const std::int64_t signed_schema = base::UnZigZag(schema);
  if (signed_schema != static_cast<std::int32_t>(signed_schema)) return false;
  h.schema = static_cast<std::int32_t>(signed_schema);
  return ReadDouble(in, h.zero_threshold) && ReadDouble(in, h.zero_count) && ReadDouble(in, h.count) &&
         ReadDouble(in, h.sum) && ReadSpans(in, h.positive_spans) && ReadSpans(in, h.negative_spans) &&
         ReadDoubles(in, h.positive_buckets) && ReadDoubles(in, h.negative_buckets) && ReadDoubles(in, h.custom_values);
}

}  // namespace bellwether::metric
