#include "rules/eval/series_writer.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "metric/sample.h"

namespace bellwether::rules {
namespace {

std::string_view RefusalText(storage::Refusal reason) {
  switch (reason) {
    case storage::Refusal::kNone: return "refused";
    case storage::Refusal::kDuplicate: return "duplicate sample for timestamp";
    case storage::Refusal::kOutOfOrder: return "out of order sample";
    case storage::Refusal::kTooOld: return "too old sample";
    case storage::Refusal::kTooFarInFuture: return "sample too far in the future";
  }
  return "refused";
}

// Appends, and remembers the first error.
class RuleAppender {
 public:
  RuleAppender(storage::Storage& storage, base::TimestampMs at) : appender_(storage.NewAppender()), at_(at) {}

  void AddFloat(const metric::Labels& labels, double value) {
    const storage::SeriesRef ref = Find(labels);
    if (ref != storage::SeriesRef::kNone) floats_.push_back({ref, at_, value, {}});
  }

  void AddHistogram(const metric::Labels& labels, const metric::NativeHistogram& histogram) {
    const storage::SeriesRef ref = Find(labels);
    if (ref != storage::SeriesRef::kNone) histograms_.push_back({ref, at_, &histogram, {}});
  }

  WriteOutcome Commit() {
    WriteOutcome outcome;
    outcome.status = std::move(first_error_);
    if (floats_.empty() && histograms_.empty()) {
      appender_->Rollback();
      return outcome;
    }
    appender_->Append(floats_);
    appender_->AppendHistograms(histograms_);
    const auto result = appender_->Commit(storage::Durability::kVisible);
    if (!result.ok()) {
      outcome.status = result.status();
      return outcome;
    }
    outcome.samples = result->floats + result->histograms;
    const auto& first = result->first_refused;
    if (outcome.status.ok() && first && !metric::IsStaleMarker(first->sent)) {
      outcome.status =
          base::InvalidArgument(fmt::format("{}: {} at {}", RefusalText(first->reason), first->labels.ToMetricString(),
                                            base::FormatRfc3339Ms(first->timestamp)));
    }
    return outcome;
  }

 private:
  storage::SeriesRef Find(const metric::Labels& labels) {
    auto ref = labels.empty() ? base::Result<storage::SeriesRef>(base::InvalidArgument("a series must have labels"))
                              : appender_->FindOrCreate(labels);
    if (ref.ok()) return *ref;
    if (first_error_.ok()) first_error_ = ref.status();
    return storage::SeriesRef::kNone;
  }

  std::unique_ptr<storage::Appender> appender_;
  const base::TimestampMs at_;
  std::vector<storage::FloatSample> floats_;
  std::vector<storage::HistogramSample> histograms_;
  base::Status first_error_;
};

}  // namespace

WriteOutcome WriteRuleSamples(storage::Storage& storage, std::span<const RuleSample> samples, base::TimestampMs at,
                              SeriesMemory& before) {
  if (samples.empty() && before.empty()) return {};
  RuleAppender appender(storage, at);
  SeriesMemory written;
  written.reserve(samples.size());
  for (const RuleSample& sample : samples) {
    if (sample.histogram) {
      appender.AddHistogram(sample.labels, *sample.histogram);
    } else {
      appender.AddFloat(sample.labels, sample.value);
    }
    written.insert(sample.labels);
  }
  for (const metric::Labels& labels : before) {
    if (!written.contains(labels)) appender.AddFloat(labels, metric::kStaleMarker);
  }
  before = std::move(written);
  return appender.Commit();
}

WriteOutcome WriteStaleMarkers(storage::Storage& storage, std::span<const metric::Labels> series,
                               base::TimestampMs at) {
  RuleAppender appender(storage, at);
  for (const metric::Labels& labels : series) appender.AddFloat(labels, metric::kStaleMarker);
  return appender.Commit();
}

}  // namespace bellwether::rules
