#include "storage/storage.h"

namespace bellwether::storage {

std::string_view RefusalName(Refusal reason) {
  switch (reason) {
    case Refusal::kNone: return "none";
    case Refusal::kDuplicate: return "duplicate";
    case Refusal::kOutOfOrder: return "out_of_order";
    case Refusal::kTooOld: return "too_old";
    case Refusal::kTooFarInFuture: return "too_far_in_future";
  }
  return "unknown";
}

std::string_view MetricTypeName(MetricType type) {
  switch (type) {
    case MetricType::kUnknown: return "unknown";
    case MetricType::kCounter: return "counter";
    case MetricType::kGauge: return "gauge";
    case MetricType::kHistogram: return "histogram";
    case MetricType::kGaugeHistogram: return "gaugehistogram";
    case MetricType::kSummary: return "summary";
    case MetricType::kInfo: return "info";
    case MetricType::kStateSet: return "stateset";
  }
  return "unknown";
}

std::uint64_t CommitResult::TotalRefused() const {
  std::uint64_t total = 0;
  for (std::size_t reason = 1; reason < kRefusals; ++reason) total += refused[reason];
  return total;
}

}  // namespace bellwether::storage
