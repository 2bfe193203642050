#include "tests/promql/loading.h"

#include <memory>

#include <fmt/format.h>

#include "metric/sample.h"
#include "tests/promql/custom_buckets.h"

namespace bellwether::promqltest {
namespace {

class Loader {
 public:
  explicit Loader(storage::Storage& storage) : appender_(storage.NewAppender()) {}

  base::Status Add(const LoadedSeries& series, base::DurationMs step) {
    BW_ASSIGN_OR_RETURN(const metric::SeriesRef ref, appender_->FindOrCreate(series.labels));
    bool histograms_so_far = false;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const promql::SequenceValue& value = series.values[i];
      if (value.omitted) continue;
      const base::TimestampMs at(step.ms * static_cast<std::int64_t>(i));
      base::TimestampMs start;
      if (i < series.start_time_offsets.size() && series.start_time_offsets[i]) {
        start = at + *series.start_time_offsets[i];
      }
      if (value.histogram != nullptr) {
        BW_RETURN_IF_ERROR(AddHistogram(ref, at, value.histogram, start));
        histograms_so_far = true;
      } else if (histograms_so_far && metric::IsStaleMarker(value.value)) {
        auto stale = std::make_shared<metric::NativeHistogram>();
        stale->is_float = true;
        stale->sum = metric::kStaleMarker;
        kept_.push_back(stale);
        histograms_.push_back({.ref = ref, .timestamp = at, .histogram = kept_.back().get(), .start_timestamp = start});
      } else {
        histograms_so_far = false;
        floats_.push_back({.ref = ref, .timestamp = at, .value = value.value, .start_timestamp = start});
      }
    }
    return base::OkStatus();
  }

  base::Status AddCustomBuckets(const LoadCommand& load) {
    BW_ASSIGN_OR_RETURN(const auto histograms, CustomBucketHistograms(load));
    for (const auto& [labels, samples] : histograms) {
      BW_ASSIGN_OR_RETURN(const metric::SeriesRef ref, appender_->FindOrCreate(labels));
      for (const auto& [at, histogram] : samples) {
        BW_RETURN_IF_ERROR(
            AddHistogram(ref, at, std::make_shared<const metric::NativeHistogram>(histogram), base::TimestampMs()));
      }
    }
    return base::OkStatus();
  }

  base::Status Commit() {
    appender_->Append(floats_);
    appender_->AppendHistograms(histograms_);
    BW_ASSIGN_OR_RETURN(const storage::CommitResult result, appender_->Commit(storage::Durability::kVisible));
    if (result.TotalRefused() == 0) return base::OkStatus();
    return base::Conflict(fmt::format("{} samples were refused, the first of {} at {} ms: {}", result.TotalRefused(),
                                      result.first_refused->labels.ToMetricString(), result.first_refused->timestamp.ms,
                                      storage::RefusalName(result.first_refused->reason)));
  }

 private:
  base::Status AddHistogram(metric::SeriesRef ref, base::TimestampMs at,
                            std::shared_ptr<const metric::NativeHistogram> histogram, base::TimestampMs start) {
    BW_RETURN_IF_ERROR(metric::ValidateHistogram(*histogram));
    kept_.push_back(std::move(histogram));
    histograms_.push_back({.ref = ref, .timestamp = at, .histogram = kept_.back().get(), .start_timestamp = start});
    return base::OkStatus();
  }

  std::unique_ptr<storage::Appender> appender_;
  std::vector<storage::FloatSample> floats_;
  std::vector<storage::HistogramSample> histograms_;
  std::vector<std::shared_ptr<const metric::NativeHistogram>> kept_;  // Until the commit.
};

}  // namespace

base::Status Load(const LoadCommand& load, storage::Storage& storage) {
  Loader loader(storage);
  for (const auto& [labels, series] : load.series) BW_RETURN_IF_ERROR(loader.Add(series, load.step));
  if (load.with_nhcb) BW_RETURN_IF_ERROR(loader.AddCustomBuckets(load));
  return loader.Commit();
}

}  // namespace bellwether::promqltest
