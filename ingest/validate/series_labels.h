// ingest/validate/series_labels.h
//
// Judges the labels of a series as a sender gave them and puts them in order. Rules: valid UTF-8; names neither empty
// nor twice; a metric name; within the configured limits. A label with an empty value is as good as absent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/write_handler.h"
#include "metric/labels.h"

namespace bellwether::ingest {

// Why a whole series, or one of its parts, was refused. Counted in bellwether_ingest_refused_total{reason}.
enum class SeriesRefusal : std::uint8_t {
  kNone,
  kMalformedLabels,
  kNoName,
  kEmptyLabelName,
  kDuplicateLabel,
  kInvalidUtf8,
  kTooManyLabels,
  kLabelNameTooLong,
  kLabelValueTooLong,
  kInvalidHistogram,
  kSeriesLimit,
  kMemory,
};
inline constexpr std::size_t kSeriesRefusals = 12;

// Why storage made no series, if that is a refusal of this series alone; kNone: the whole request fails.
[[nodiscard]] SeriesRefusal RefusalOf(const base::Status& not_made);

[[nodiscard]] std::string_view SeriesRefusalName(SeriesRefusal reason);

// Sorts `pairs`, drops empty values, and says what is wrong, if anything.
[[nodiscard]] SeriesRefusal JudgeSeriesLabels(std::vector<metric::LabelView>& pairs, const IngestOptions& options);

// One line for the sender: what was refused, and why.
[[nodiscard]] std::string DescribeSeriesRefusal(SeriesRefusal reason, const std::vector<metric::LabelView>& pairs,
                                                const IngestOptions& options);

}  // namespace bellwether::ingest
