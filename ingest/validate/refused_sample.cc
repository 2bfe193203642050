#include "ingest/validate/refused_sample.h"

#include <fmt/format.h>

#include "base/number.h"

namespace bellwether::ingest {

std::string DescribeRefusedSample(const storage::CommitResult::First& first) {
  const std::string series = first.labels.ToMetricString();
  switch (first.reason) {
    case storage::Refusal::kNone: break;
    case storage::Refusal::kDuplicate:
      return fmt::format(
          "duplicate sample for timestamp {}; overrides not allowed: existing {}, new value {}, series {}",
          first.timestamp.ms, base::FormatNumber(first.existing), base::FormatNumber(first.sent), series);
    case storage::Refusal::kOutOfOrder:
      return fmt::format(
          "out of order sample for series {}: timestamp {} is further behind the newest sample of the "
          "series than storage.out_of_order_time_window allows",
          series, first.timestamp.ms);
    case storage::Refusal::kTooOld:
      return fmt::format(
          "too old sample for series {}: timestamp {} is older than the retention; a longer --storage.retention.time "
          "takes it",
          series, first.timestamp.ms);
    case storage::Refusal::kTooFarInFuture:
      return fmt::format(
          "out of bounds: timestamp is too far in the future: {} for series {}; is the sender's clock right?",
          first.timestamp.ms, series);
  }
  return {};
}

}  // namespace bellwether::ingest
