#include "promql/eval/annotations.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "promql/parser.h"

namespace bellwether::promql {
namespace {

Annotation WarningOf(std::string text, PositionRange at) { return {Annotation::Kind::kWarning, std::move(text), at}; }
Annotation InfoOf(std::string text, PositionRange at) { return {Annotation::Kind::kInfo, std::move(text), at}; }

std::string WithMetricName(std::string text, std::string_view metric) {
  return metric.empty() ? text : fmt::format("{} for metric name {}", text, base::Quote(metric));
}

constexpr std::string_view kMonotonicityText =
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

std::string_view PrefixOf(Annotation::Kind kind) {
  return kind == Annotation::Kind::kWarning ? "PromQL warning: " : "PromQL info: ";
}

bool Contains(PositionRange outer, PositionRange inner) { return outer.start <= inner.start && inner.end <= outer.end; }

// Of two nodes of a query: whether upstream, which evaluates operands from left to right before what they belong to,
// comes to `a` later than to `b`.
bool IsEvaluatedLater(PositionRange a, PositionRange b) {
  if (Contains(a, b)) return true;
  return !Contains(b, a) && a.start > b.start;
}

// Whole seconds, as Go's RFC3339 prints them.
std::string SecondsText(base::TimestampMs t) { return base::FormatRfc3339(base::TimestampMs(t.ms / 1000 * 1000)); }

}  // namespace

void AnnotationSet::Add(Annotation annotation) {
  std::string key = std::string(PrefixOf(annotation.kind)) + annotation.text;
  const auto [known, is_new] = seen_.emplace(std::move(key), list_.size());
  if (is_new) {
    list_.push_back(std::move(annotation));
  } else if (PositionRange& kept = list_[known->second].position; IsEvaluatedLater(annotation.position, kept)) {
    kept = annotation.position;
  }
}

void AnnotationSet::AddMonotonicityFix(std::string_view metric, const MonotonicityFix& fix, PositionRange position) {
  const auto [it, is_new] = fixes_.try_emplace(std::string(metric), Fix{fix, position});
  if (is_new) return;
  MonotonicityFix& merged = it->second.fix;
  merged.lower_bucket = std::min(merged.lower_bucket, fix.lower_bucket);
  merged.upper_bucket = std::max(merged.upper_bucket, fix.upper_bucket);
  merged.max_difference = std::max(merged.max_difference, fix.max_difference);
  merged.samples += fix.samples;
  merged.from = std::min(merged.from, fix.from);
  merged.to = std::max(merged.to, fix.to);
}

void AnnotationSet::AddStartTimeOverlap(std::string_view metric, PositionRange position) {
  Overlap& overlap = overlaps_.try_emplace(std::string(metric), Overlap{0, position}).first->second;
  ++overlap.count;
}

Annotations AnnotationSet::Render(std::string_view query) const {
  Annotations out;
  const auto place = [&](PositionRange at) { return fmt::format(" ({})", PositionText(query, at.start)); };
  for (const Annotation& a : list_) {
    auto& texts = a.kind == Annotation::Kind::kWarning ? out.warnings : out.infos;
    texts.push_back(fmt::format("{}{}{}", PrefixOf(a.kind), a.text, place(a.position)));
  }
  for (const auto& [metric, o] : overlaps_) {
    const std::string times = o.count > 1 ? fmt::format(" ({} occurrences)", o.count) : "";
    out.warnings.push_back(
        fmt::format("{}sample has start time that overlaps with previous sample timestamp for metric {}{}{}",
                    PrefixOf(Annotation::Kind::kWarning), base::Quote(metric), times, place(o.position)));
  }
  for (const auto& [metric, f] : fixes_) {
    out.infos.push_back(
        fmt::format("{}{}, from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}{}",
                    PrefixOf(Annotation::Kind::kInfo), WithMetricName(std::string(kMonotonicityText), metric),
                    base::FormatNumberG(f.fix.lower_bucket), base::FormatNumberG(f.fix.upper_bucket),
                    base::FormatNumberGPrecision(f.fix.max_difference, 2), f.fix.samples, SecondsText(f.fix.from),
                    SecondsText(f.fix.to), place(f.position)));
  }
  return out;
}

Annotation InvalidRatio(double got, double capped, PositionRange at) {
  return WarningOf(fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                               base::FormatNumberG(got), base::FormatNumberG(capped)),
                   at);
}

Annotation InvalidQuantile(double q, PositionRange at) {
  return WarningOf(fmt::format("quantile value should be between 0 and 1, got {}", base::FormatNumberG(q)), at);
}

Annotation BadBucketLabel(std::string_view metric, std::string_view label, PositionRange at) {
  std::string text = fmt::format("bucket label \"le\" is missing or has a malformed value of {}", base::Quote(label));
  return WarningOf(WithMetricName(std::move(text), metric), at);
}

Annotation MixedFloatsHistograms(std::string_view metric, PositionRange at) {
  return WarningOf(fmt::format("encountered a mix of histograms and floats for metric name {}", base::Quote(metric)),
                   at);
}

Annotation MixedFloatsHistogramsInAggregation(PositionRange at) {
  return WarningOf("encountered a mix of histograms and floats for aggregation", at);
}

Annotation MixedClassicNative(std::string_view metric, PositionRange at) {
  return WarningOf(WithMetricName("vector contains a mix of classic and native histograms", metric), at);
}

Annotation HistogramNotCounter(std::string_view metric, PositionRange at) {
  return WarningOf(fmt::format("this native histogram metric is not a counter: {}", base::Quote(metric)), at);
}

Annotation HistogramNotGauge(std::string_view metric, PositionRange at) {
  return WarningOf(fmt::format("this native histogram metric is not a gauge: {}", base::Quote(metric)), at);
}

Annotation MixedExponentialCustom(std::string_view metric, PositionRange at) {
  return WarningOf(
      fmt::format("vector contains a mix of histograms with exponential and custom buckets schemas for metric name {}",
                  base::Quote(metric)),
      at);
}

Annotation IncompatibleBucketLayout(std::string_view op, PositionRange at) {
  return WarningOf(fmt::format("incompatible bucket layout encountered for binary operator {}", op), at);
}

Annotation SortInRangeQuery(PositionRange at) {
  return WarningOf("sort is ineffective for range queries since results are always ordered by labels", at);
}

Annotation CounterResetCollision(std::string_view operation, PositionRange at) {
  return WarningOf(fmt::format("conflicting counter resets during histogram {}", operation), at);
}

Annotation MismatchedCustomBuckets(std::string_view operation, PositionRange at) {
  return InfoOf(fmt::format("mismatched custom buckets were reconciled during {}", operation), at);
}

Annotation PossibleNonCounter(std::string_view metric, PositionRange at) {
  return InfoOf(fmt::format("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                            base::Quote(metric)),
                at);
}

Annotation PossibleNonCounterType(std::string_view metric, std::string_view type, PositionRange at) {
  return InfoOf(
      fmt::format(
          "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
          base::Quote(type), base::Quote(metric)),
      at);
}

Annotation IncompatibleTypes(std::string_view lhs, std::string_view op, std::string_view rhs, PositionRange at) {
  return InfoOf(fmt::format("incompatible sample types encountered for binary operator {}: {} {} {}", base::Quote(op),
                            lhs, op, rhs),
                at);
}

Annotation HistogramIgnoredInAggregation(std::string_view op, PositionRange at) {
  return InfoOf(fmt::format("ignored histogram in {} aggregation", op), at);
}

Annotation HistogramsIgnoredInRange(std::string_view metric, PositionRange at) {
  return InfoOf(fmt::format("ignored histograms in a range containing both floats and histograms for metric name {}",
                            base::Quote(metric)),
                at);
}

Annotation QuantileNanResult(std::string_view metric, PositionRange at) {
  return InfoOf(WithMetricName("input to histogram_quantile has NaN observations, result is NaN", metric), at);
}

Annotation QuantileNanSkew(std::string_view metric, PositionRange at) {
  return InfoOf(WithMetricName("input to histogram_quantile has NaN observations, result is skewed higher", metric),
                at);
}

Annotation FractionNan(std::string_view metric, PositionRange at) {
  return InfoOf(
      WithMetricName("input to histogram_fraction has NaN observations, which are excluded from all fractions", metric),
      at);
}

}  // namespace bellwether::promql
