#include "tests/promql/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/number.h"
#include "metric/sample.h"
#include "promql/histogram/arithmetic.h"

namespace bellwether::promqltest {
namespace {

using metric::Labels;
using metric::NativeHistogram;
using promql::SequenceValue;

bool AlmostEqualAll(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), AlmostEqual);
}

bool SameHistogram(const SequenceValue& expected, const NativeHistogram& got) {
  const NativeHistogram a = promql::histogram::Compact(*expected.histogram);
  const NativeHistogram b = promql::histogram::Compact(got);
  return a.schema == b.schema && AlmostEqual(a.count, b.count) && AlmostEqual(a.sum, b.sum) &&
         (!a.UsesCustomBuckets() || a.custom_values == b.custom_values) && a.zero_threshold == b.zero_threshold &&
         AlmostEqual(a.zero_count, b.zero_count) && a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans && AlmostEqualAll(a.positive_buckets, b.positive_buckets) &&
         AlmostEqualAll(a.negative_buckets, b.negative_buckets) &&
         (!expected.reset_hint_written || a.reset_hint == b.reset_hint);
}

std::string DescribeSide(std::string_view name, const std::vector<metric::BucketSpan>& spans,
                         const std::vector<double>& buckets) {
  if (spans.empty()) return {};
  std::string out = fmt::format(" {}:", name);
  std::size_t at = 0;
  for (const metric::BucketSpan& span : spans) {
    out += fmt::format("{}{}[", &span == &spans.front() ? "" : "+", span.offset);
    for (std::uint32_t i = 0; i < span.length && at < buckets.size(); ++i, ++at) {
      out += (i > 0 ? " " : "") + base::FormatNumber(buckets[at]);
    }
    out += "]";
  }
  return out;
}

std::string Describe(const NativeHistogram& h) {
  std::string out = fmt::format("{{{{schema:{} count:{} sum:{} z:{}/{} hint:{}", h.schema, base::FormatNumber(h.count),
                                base::FormatNumber(h.sum), base::FormatNumber(h.zero_count),
                                base::FormatNumber(h.zero_threshold), static_cast<int>(h.reset_hint));
  if (h.UsesCustomBuckets()) out += fmt::format(" bounds:{}", h.custom_values);
  out += DescribeSide("buckets", h.positive_spans, h.positive_buckets);
  out += DescribeSide("n_buckets", h.negative_spans, h.negative_buckets);
  return out + "}}";
}

std::string Describe(const SequenceValue& v) {
  if (v.omitted) return "_";
  return v.histogram != nullptr ? Describe(*v.histogram) : base::FormatNumber(v.value);
}

std::string DescribeSample(double value, const promql::HistogramPtr& histogram) {
  return histogram != nullptr ? Describe(*histogram) : base::FormatNumber(value);
}

bool SameSample(const SequenceValue& expected, double value, const promql::HistogramPtr& histogram) {
  if ((expected.histogram != nullptr) != (histogram != nullptr)) return false;
  return histogram != nullptr ? SameHistogram(expected, *histogram) : AlmostEqual(expected.value, value);
}

// What was expected of a series that the result does not have.
std::string FirstMissing(const EvalCommand& expected, const std::set<Labels>& seen) {
  for (const auto& [labels, series] : expected.series) {
    if (!seen.contains(labels)) {
      return fmt::format("expected {} with {}, but it is not in the result", labels.ToMetricString(),
                         Describe(series.values.front()));
    }
  }
  return {};
}

std::string VectorDifference(const EvalCommand& expected, const promql::Vector& vector) {
  if (expected.scalar) return fmt::format("expected a scalar, got a vector of {}", vector.size());
  std::set<Labels> seen;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const promql::VectorSample& got = vector[i];
    const std::string name = got.labels.ToMetricString();
    const std::string sample = DescribeSample(got.value, got.histogram);
    const auto found = expected.series.find(got.labels);
    if (found == expected.series.end()) return fmt::format("unexpected {} in the result, with {}", name, sample);
    if (expected.ordered && found->second.position != i + 1) {
      return fmt::format("expected {} at position {}, but it is at {}", name, found->second.position, i + 1);
    }
    const SequenceValue& want = found->second.values.front();
    if (!SameSample(want, got.value, got.histogram)) {
      return fmt::format("expected {} for {}, got {}", Describe(want), name, sample);
    }
    if (!seen.insert(got.labels).second) return fmt::format("{} is in the result twice", name);
  }
  return FirstMissing(expected, seen);
}

std::string DescribePoints(const promql::MatrixSeries& series) {
  std::string out;
  for (const promql::FloatPoint& p : series.floats) {
    out += fmt::format(" {}@{}", base::FormatNumber(p.value), p.timestamp.ms);
  }
  for (const promql::HistogramPoint& p : series.histograms) {
    out += fmt::format(" {}@{}", Describe(*p.histogram), p.timestamp.ms);
  }
  return out;
}

std::string SeriesDifference(const EvalCommand& expected, const ExpectedSeries& want,
                             const promql::MatrixSeries& series) {
  const std::string name = series.labels.ToMetricString();
  std::size_t floats = 0;
  std::size_t histograms = 0;
  for (std::size_t i = 0; i < want.values.size(); ++i) {
    const SequenceValue& value = want.values[i];
    const base::TimestampMs at = expected.start + expected.step * static_cast<std::int64_t>(i);
    if (at > expected.end)
      return fmt::format("{} expects {} points, more than there are steps", name, want.values.size());
    if (value.omitted) continue;
    const bool is_histogram = value.histogram != nullptr;
    bool same = false;
    if (is_histogram && histograms < series.histograms.size()) {
      const promql::HistogramPoint& p = series.histograms[histograms];
      same = p.timestamp == at && SameHistogram(value, *p.histogram);
    } else if (!is_histogram && floats < series.floats.size()) {
      const promql::FloatPoint& p = series.floats[floats];
      same = p.timestamp == at && AlmostEqual(value.value, p.value);
    }
    if (!same) {
      return fmt::format("expected {} at {} for {}, got{}", Describe(value), at.ms, name, DescribePoints(series));
    }
    ++(is_histogram ? histograms : floats);
  }
  if (floats != series.floats.size() || histograms != series.histograms.size()) {
    return fmt::format("expected {} floats and {} histograms for {}, got{}", floats, histograms, name,
                       DescribePoints(series));
  }
  return {};
}

std::string MatrixDifference(const EvalCommand& expected, const promql::Matrix& matrix) {
  if (expected.ordered) return "expected an ordered vector, got a matrix";
  if (expected.scalar) return fmt::format("expected a scalar, got a matrix of {}", matrix.size());
  std::set<Labels> seen;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    const promql::MatrixSeries& series = matrix[i];
    if (i > 0 && series.labels < matrix[i - 1].labels) return "the series of the matrix are not sorted by labels";
    const auto found = expected.series.find(series.labels);
    if (found == expected.series.end()) {
      return fmt::format("unexpected {} in the result, with{}", series.labels.ToMetricString(), DescribePoints(series));
    }
    std::string difference = SeriesDifference(expected, found->second, series);
    if (!difference.empty()) return difference;
    seen.insert(series.labels);
  }
  return FirstMissing(expected, seen);
}

std::string AnnotationDifference(std::string_view kind, const std::vector<TextPattern>& expected, bool none,
                                 const std::vector<std::string>& got) {
  if (none && !got.empty()) return fmt::format("expected no {}, got {}", kind, got);
  if (expected.empty()) return {};
  for (const TextPattern& pattern : expected) {
    if (std::none_of(got.begin(), got.end(), [&](const std::string& text) { return pattern.Matches(text); })) {
      return fmt::format("expected {} with {}, got {}", kind, pattern.Describe(), got);
    }
  }
  for (const std::string& text : got) {
    if (std::none_of(expected.begin(), expected.end(), [&](const TextPattern& p) { return p.Matches(text); })) {
      return fmt::format("unexpected {} {:?}", kind, text);
    }
  }
  return {};
}

}  // namespace

bool AlmostEqual(double a, double b) {
  constexpr double kEpsilon = 1e-6;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  if (metric::IsStaleMarker(a) || metric::IsStaleMarker(b)) return metric::IsStaleMarker(a) && metric::IsStaleMarker(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallestNormal) return difference < kEpsilon * kSmallestNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

std::string Difference(const EvalCommand& expected, const promql::Value& value) {
  if (const auto* vector = std::get_if<promql::Vector>(&value)) return VectorDifference(expected, *vector);
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) return MatrixDifference(expected, *matrix);
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    if (!expected.scalar) return "expected a vector or matrix, got the scalar " + base::FormatNumber(scalar->value);
    if (AlmostEqual(*expected.scalar, scalar->value)) return {};
    return fmt::format("expected {}, got {}", base::FormatNumber(*expected.scalar), base::FormatNumber(scalar->value));
  }
  const std::string& got = std::get<promql::String>(value).value;
  if (expected.string.value_or("") == got) return {};
  return fmt::format("expected the string {:?}, got {:?}", expected.string.value_or(""), got);
}

std::string Difference(const EvalCommand& expected, const promql::Annotations& annotations) {
  std::string difference =
      AnnotationDifference("warning", expected.warnings, expected.no_warnings, annotations.warnings);
  if (!difference.empty()) return difference;
  return AnnotationDifference("info", expected.infos, expected.no_infos, annotations.infos);
}

}  // namespace bellwether::promqltest
