#include "ingest/validate/series_labels.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/utf8.h"

namespace bellwether::ingest {
namespace {

// At most this much of a bad series is repeated to the sender.
constexpr std::size_t kDescribedBytesMax = 512;

std::string DescribeLabels(const std::vector<metric::LabelView>& pairs) {
  std::string out = "{";
  const char* comma = "";
  for (const auto& [name, value] : pairs) {
    if (out.size() > kDescribedBytesMax) {
      out += ", ...";
      break;
    }
    out += comma;
    out += metric::IsLegacyLabelName(name) ? std::string(name) : base::Quote(name.substr(0, kDescribedBytesMax));
    out.push_back('=');
    base::AppendQuoted(out, value.substr(0, kDescribedBytesMax));
    comma = ", ";
  }
  return out + "}";
}

bool TooLong(std::string_view text, std::size_t limit) { return limit != 0 && text.size() > limit; }

SeriesRefusal JudgePair(const metric::LabelView& pair, const IngestOptions& options) {
  if (pair.name.empty()) return SeriesRefusal::kEmptyLabelName;
  if (!base::IsValidUtf8(pair.name) || !base::IsValidUtf8(pair.value)) return SeriesRefusal::kInvalidUtf8;
  if (TooLong(pair.name, options.label_name_bytes_max)) return SeriesRefusal::kLabelNameTooLong;
  if (TooLong(pair.value, options.label_value_bytes_max)) return SeriesRefusal::kLabelValueTooLong;
  return SeriesRefusal::kNone;
}

}  // namespace

std::string_view SeriesRefusalName(SeriesRefusal reason) {
  switch (reason) {
    case SeriesRefusal::kNone: return "none";
    case SeriesRefusal::kMalformedLabels: return "malformed_labels";
    case SeriesRefusal::kNoName: return "no_metric_name";
    case SeriesRefusal::kEmptyLabelName: return "empty_label_name";
    case SeriesRefusal::kDuplicateLabel: return "duplicate_label";
    case SeriesRefusal::kInvalidUtf8: return "invalid_utf8";
    case SeriesRefusal::kTooManyLabels: return "too_many_labels";
    case SeriesRefusal::kLabelNameTooLong: return "label_name_too_long";
    case SeriesRefusal::kLabelValueTooLong: return "label_value_too_long";
    case SeriesRefusal::kInvalidHistogram: return "invalid_histogram";
    case SeriesRefusal::kSeriesLimit: return "series_limit";
    case SeriesRefusal::kMemory: return "memory";
  }
  return "none";
}

SeriesRefusal RefusalOf(const base::Status& not_made) {
  switch (not_made.code()) {
    case base::StatusCode::kLimitExceeded: return SeriesRefusal::kSeriesLimit;
    case base::StatusCode::kOverloaded: return SeriesRefusal::kMemory;
    default: return SeriesRefusal::kNone;
  }
}

SeriesRefusal JudgeSeriesLabels(std::vector<metric::LabelView>& pairs, const IngestOptions& options) {
  const auto by_name = [](const metric::LabelView& a, const metric::LabelView& b) { return a.name < b.name; };
  if (!std::is_sorted(pairs.begin(), pairs.end(), by_name)) std::stable_sort(pairs.begin(), pairs.end(), by_name);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (const SeriesRefusal r = JudgePair(pairs[i], options); r != SeriesRefusal::kNone) return r;
    if (i > 0 && pairs[i - 1].name == pairs[i].name) return SeriesRefusal::kDuplicateLabel;
  }
  std::erase_if(pairs, [](const metric::LabelView& pair) { return pair.value.empty(); });
  if (options.labels_max != 0 && pairs.size() > options.labels_max) return SeriesRefusal::kTooManyLabels;
  const bool named = std::any_of(pairs.begin(), pairs.end(),
                                 [](const metric::LabelView& pair) { return pair.name == metric::kMetricName; });
  return named ? SeriesRefusal::kNone : SeriesRefusal::kNoName;
}

std::string DescribeSeriesRefusal(SeriesRefusal reason, const std::vector<metric::LabelView>& pairs,
                                  const IngestOptions& options) {
  const std::string labels = DescribeLabels(pairs);
  switch (reason) {
    case SeriesRefusal::kNone: return {};
    case SeriesRefusal::kMalformedLabels: return fmt::format("malformed protobuf in the labels of series {}", labels);
    case SeriesRefusal::kNoName:
      return fmt::format("invalid metric name or labels, got {}: a series needs a non-empty __name__", labels);
    case SeriesRefusal::kEmptyLabelName:
      return fmt::format("invalid metric name or labels, got {}: a label has an empty name", labels);
    case SeriesRefusal::kDuplicateLabel:
      return fmt::format("invalid labels for series, labels {}: a label name occurs twice", labels);
    case SeriesRefusal::kInvalidUtf8:
      return fmt::format("invalid metric name or labels, got {}: not valid UTF-8", labels);
    case SeriesRefusal::kTooManyLabels:
      return fmt::format("series {} has {} labels, more than limits.labels ({})", labels, pairs.size(),
                         options.labels_max);
    case SeriesRefusal::kLabelNameTooLong:
      return fmt::format("series {}: a label name is longer than limits.label_name_bytes ({})", labels,
                         options.label_name_bytes_max);
    case SeriesRefusal::kLabelValueTooLong:
      return fmt::format("series {}: a label value is longer than limits.label_value_bytes ({})", labels,
                         options.label_value_bytes_max);
    case SeriesRefusal::kInvalidHistogram: return fmt::format("invalid histogram for series {}", labels);
    case SeriesRefusal::kSeriesLimit: return fmt::format("series {} is beyond limits.series", labels);
    case SeriesRefusal::kMemory: return fmt::format("series {} is beyond --storage.memory", labels);
  }
  return {};
}

}  // namespace bellwether::ingest
