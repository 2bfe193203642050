#include "tests/promql/loading.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "metric/sample.h"
#include "tests/promql/custom_buckets.h"

namespace bellwether::promqltest {
namespace {

// Collects samples and commits them. A commit takes floats and histograms apart, so a series in which they alternate is
// committed run by run, to come into the storage in the order of time.
class Loader {
 public:
  explicit Loader(storage::Storage& storage) : appender_(storage.NewAppender()) {}

  base::Status Add(const LoadedSeries& series, base::DurationMs step) {
    BW_ASSIGN_OR_RETURN(const metric::SeriesRef ref, appender_->FindOrCreate(series.labels));
    std::size_t run = 0;
    std::optional<bool> run_of_histograms;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const promql::SequenceValue& value = series.values[i];
      if (value.omitted) continue;
      // A stale marker is of the kind of what it ends.
      const bool stale = value.histogram == nullptr && metric::IsStaleMarker(value.value);
      const bool histogram = stale ? run_of_histograms.value_or(false) : value.histogram != nullptr;
      if (run_of_histograms && *run_of_histograms != histogram) ++run;
      run_of_histograms = histogram;

      const base::TimestampMs at(step.ms * static_cast<std::int64_t>(i));
      base::TimestampMs start;
      if (i < series.start_time_offsets.size() && series.start_time_offsets[i]) {
        start = at + *series.start_time_offsets[i];
      }
      if (histogram) {
        BW_RETURN_IF_ERROR(AddHistogram(run, ref, at, stale ? StaleHistogram() : value.histogram, start));
      } else {
        Run(run).floats.push_back({.ref = ref, .timestamp = at, .value = value.value, .start_timestamp = start});
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
            AddHistogram(0, ref, at, std::make_shared<const metric::NativeHistogram>(histogram), base::TimestampMs()));
      }
    }
    return base::OkStatus();
  }

  base::Status Commit() {
    for (const SampleRun& run : runs_) {
      appender_->Append(run.floats);
      appender_->AppendHistograms(run.histograms);
      BW_ASSIGN_OR_RETURN(const storage::CommitResult result, appender_->Commit(storage::Durability::kVisible));
      if (result.TotalRefused() == 0) continue;
      return base::Conflict(fmt::format("{} samples were refused, the first of {} at {} ms: {}", result.TotalRefused(),
                                        result.first_refused->labels.ToMetricString(),
                                        result.first_refused->timestamp.ms,
                                        storage::RefusalName(result.first_refused->reason)));
    }
    return base::OkStatus();
  }

 private:
  using HistogramPtr = std::shared_ptr<const metric::NativeHistogram>;

  struct SampleRun {
    std::vector<storage::FloatSample> floats;
    std::vector<storage::HistogramSample> histograms;
  };

  SampleRun& Run(std::size_t i) {
    if (i >= runs_.size()) runs_.resize(i + 1);
    return runs_[i];
  }

  static HistogramPtr StaleHistogram() {
    auto stale = std::make_shared<metric::NativeHistogram>();
    stale->is_float = true;
    stale->sum = metric::kStaleMarker;
    return stale;
  }

  base::Status AddHistogram(std::size_t run, metric::SeriesRef ref, base::TimestampMs at, HistogramPtr histogram,
                            base::TimestampMs start) {
    BW_RETURN_IF_ERROR(metric::ValidateHistogram(*histogram));
    kept_.push_back(std::move(histogram));
    Run(run).histograms.push_back(
        {.ref = ref, .timestamp = at, .histogram = kept_.back().get(), .start_timestamp = start});
    return base::OkStatus();
  }

  std::unique_ptr<storage::Appender> appender_;
  std::vector<SampleRun> runs_;
  std::vector<HistogramPtr> kept_;  // Until the commit.
};

}  // namespace

base::Status Load(const LoadCommand& load, storage::Storage& storage) {
  Loader loader(storage);
  for (const auto& [labels, series] : load.series) BW_RETURN_IF_ERROR(loader.Add(series, load.step));
  if (load.with_nhcb) BW_RETURN_IF_ERROR(loader.AddCustomBuckets(load));
  return loader.Commit();
}

}  // namespace bellwether::promqltest
