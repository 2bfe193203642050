#include "tests/drift/inputs.h"

#include <map>
#include <numeric>
#include <string>

#include "judge/categories.h"

namespace bellwether::golden {
namespace {

void ReadSide(const Json& spans, const Json& counts, std::vector<metric::BucketSpan>& out_spans,
              std::vector<double>& out_counts) {
  for (const Json& span : spans) out_spans.push_back({span[0].get<std::int32_t>(), span[1].get<std::uint32_t>()});
  out_counts = NumbersOf(counts);
}

Json SpansJson(const std::vector<metric::BucketSpan>& spans) {
  Json out = Json::array();
  for (const metric::BucketSpan& span : spans) out.push_back({span.offset, span.length});
  return out;
}

judge::AlignedPair PairOfCategories(const Json& reference, const Json& current) {
  std::map<std::string, judge::CategoryCount> all;
  for (const auto& [category, count] : reference.items()) all[category].reference = count.get<double>();
  for (const auto& [category, count] : current.items()) all[category].current = count.get<double>();
  std::vector<judge::CategoryCount> counts;
  for (auto& [category, count] : all) {
    count.category = category;
    counts.push_back(count);
  }
  judge::FoldRare(counts);
  judge::AlignedPair pair;
  for (const judge::CategoryCount& count : counts) {
    pair.reference.push_back(count.reference);
    pair.current.push_back(count.current);
  }
  return pair;
}

}  // namespace

judge::Distribution ClassicOf(const Json& json) {
  std::vector<judge::CumulativeCount> buckets;
  const std::vector<double> uppers = NumbersOf(json["le"]);
  const std::vector<double> counts = NumbersOf(json["cumulative"]);
  for (std::size_t i = 0; i < uppers.size(); ++i) buckets.push_back({uppers[i], counts[i]});
  judge::Distribution out;
  if (judge::FromClassic(buckets, out) != judge::BucketFault::kNone) return {};
  if (json.contains("sum")) out.sum = NumberOf(json["sum"]);
  return out;
}

metric::NativeHistogram NativeOf(const Json& json) {
  metric::NativeHistogram h;
  h.is_float = true;
  h.schema = json["schema"].get<std::int32_t>();
  h.zero_threshold = NumberOf(json["zero_threshold"]);
  h.zero_count = NumberOf(json["zero_count"]);
  h.count = NumberOf(json["count"]);
  h.sum = json.contains("sum") ? NumberOf(json["sum"]) : 0;
  ReadSide(json["positive_spans"], json["positive_counts"], h.positive_spans, h.positive_buckets);
  ReadSide(json["negative_spans"], json["negative_counts"], h.negative_spans, h.negative_buckets);
  return h;
}

Json JsonOf(const metric::NativeHistogram& h) {
  const auto total = [](const std::vector<double>& counts) {
    return std::accumulate(counts.begin(), counts.end(), 0.0);
  };
  return {{"type", "native"},
          {"schema", h.schema},
          {"zero_threshold", h.zero_threshold},
          {"zero_count", h.zero_count},
          {"positive_spans", SpansJson(h.positive_spans)},
          {"positive_counts", h.positive_buckets},
          {"negative_spans", SpansJson(h.negative_spans)},
          {"negative_counts", h.negative_buckets},
          {"count", h.zero_count + total(h.positive_buckets) + total(h.negative_buckets)}};
}

judge::AlignedPair PairOf(const Json& input) {
  const Json& reference = input["reference"];
  const Json& current = input["current"];
  if (reference["type"] == "categorical") return PairOfCategories(reference["counts"], current["counts"]);
  judge::AlignedPair pair;
  if (judge::Align(ClassicOf(reference), ClassicOf(current), 0, pair) != judge::AlignmentFault::kNone) return {};
  return pair;
}

Json JsonOf(const judge::Bounds& bounds) { return {bounds.lower, bounds.upper}; }

}  // namespace bellwether::golden
