#include "promql/eval/samples.h"

#include <algorithm>
#include <memory>

#include "metric/sample.h"

namespace bellwether::promql {
namespace {

// Keeps `starts` as long as `times` if it is used at all; earlier samples without one have 0.
void AppendStarts(std::vector<base::TimestampMs>& starts, std::size_t before, std::size_t after,
                  std::span<const base::TimestampMs> batch) {
  if (batch.empty() && starts.empty()) return;
  starts.resize(before);
  starts.insert(starts.end(), batch.begin(), batch.end());
  starts.resize(after);
}

void AppendFloatBatch(const storage::SampleBatch& batch, StaleMarkers stale, FloatColumn& out) {
  const bool any_stale =
      stale == StaleMarkers::kDrop && std::any_of(batch.values.begin(), batch.values.end(), metric::IsStaleMarker);
  const std::size_t before = out.size();
  if (!any_stale) {
    out.times.insert(out.times.end(), batch.timestamps.begin(), batch.timestamps.end());
    out.values.insert(out.values.end(), batch.values.begin(), batch.values.end());
    AppendStarts(out.starts, before, out.size(), batch.start_timestamps);
    return;
  }
  std::vector<base::TimestampMs> starts;
  for (std::size_t i = 0; i < batch.values.size(); ++i) {
    if (metric::IsStaleMarker(batch.values[i])) continue;
    out.times.push_back(batch.timestamps[i]);
    out.values.push_back(batch.values[i]);
    if (!batch.start_timestamps.empty()) starts.push_back(batch.start_timestamps[i]);
  }
  AppendStarts(out.starts, before, out.size(), starts);
}

void AppendHistogramBatch(const storage::SampleBatch& batch, StaleMarkers stale, HistogramColumn& out) {
  const std::size_t before = out.size();
  std::vector<base::TimestampMs> starts;
  for (std::size_t i = 0; i < batch.histograms.size(); ++i) {
    const metric::NativeHistogram& h = *batch.histograms[i];
    if (stale == StaleMarkers::kDrop && h.IsStale()) continue;
    out.times.push_back(batch.timestamps[i]);
    out.values.push_back(std::make_shared<const metric::NativeHistogram>(h));
    if (!batch.start_timestamps.empty()) starts.push_back(batch.start_timestamps[i]);
  }
  AppendStarts(out.starts, before, out.size(), starts);
}

}  // namespace

void SeriesSamples::Clear() {
  labels = metric::Labels();
  drop_name = false;
  floats.times.clear();
  floats.values.clear();
  floats.starts.clear();
  histograms.times.clear();
  histograms.values.clear();
  histograms.starts.clear();
}

std::size_t SeriesSamples::SampleCount() const {
  std::size_t n = floats.size();
  for (const HistogramPtr& h : histograms.values) n += SamplesIn(*h);
  return n;
}

base::Status ReadSamples(storage::SampleCursor& cursor, StaleMarkers stale, BudgetHold& hold, SeriesSamples& out) {
  storage::SampleBatch batch;
  while (cursor.Next(batch)) {
    std::size_t samples = 0;
    if (batch.histograms.empty()) {
      const std::size_t before = out.floats.size();
      AppendFloatBatch(batch, stale, out.floats);
      samples = out.floats.size() - before;
    } else {
      const std::size_t before = out.histograms.size();
      AppendHistogramBatch(batch, stale, out.histograms);
      for (std::size_t i = before; i < out.histograms.size(); ++i) samples += SamplesIn(*out.histograms.values[i]);
    }
    BW_RETURN_IF_ERROR(hold.Add(samples, kBytesPerSampleRead * samples));
  }
  const base::Status status = cursor.status();
  return status.ok() ? status : status.WithContext("expanding series");
}

}  // namespace bellwether::promql
