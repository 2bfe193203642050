#include "promql/eval/samples.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
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

// The first stale marker from `i` on, or the size: most columns have none, so 32 are looked at at a time.
std::size_t NextStale(std::span<const double> values, std::size_t i) {
  using Bits = std::uint64_t __attribute__((vector_size(16)));
  constexpr std::size_t kAtOnce = 32;
  constexpr Bits kStale = {metric::kStaleBits, metric::kStaleBits};
  for (; i + kAtOnce <= values.size(); i += kAtOnce) {
    Bits found[2] = {};
    for (std::size_t k = 0; k < kAtOnce; k += 4) {
      Bits bits[2];
      std::memcpy(bits, values.data() + i + k, sizeof(bits));
      found[0] |= bits[0] == kStale;
      found[1] |= bits[1] == kStale;
    }
    found[0] |= found[1];
    if ((found[0][0] | found[0][1]) != 0) break;
  }
  while (i < values.size() && !metric::IsStaleMarker(values[i])) ++i;
  return i;
}

void AppendFloatRun(const storage::SampleBatch& batch, std::size_t begin, std::size_t end, FloatColumn& out) {
  const std::size_t before = out.size();
  const std::span<const base::TimestampMs> times = batch.timestamps.subspan(begin, end - begin);
  const std::span<const double> values = batch.values.subspan(begin, end - begin);
  out.times.insert(out.times.end(), times.begin(), times.end());
  out.values.insert(out.values.end(), values.begin(), values.end());
  AppendStarts(
      out.starts, before, out.size(),
      batch.start_timestamps.empty() ? batch.start_timestamps : batch.start_timestamps.subspan(begin, end - begin));
}

void AppendFloatBatch(const storage::SampleBatch& batch, StaleMarkers stale, FloatColumn& out) {
  std::size_t begin = 0;
  while (begin < batch.values.size()) {
    const std::size_t end = stale == StaleMarkers::kDrop ? NextStale(batch.values, begin) : batch.values.size();
    if (end > begin) AppendFloatRun(batch, begin, end, out);
    begin = end + 1;
  }
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
