#include "storage/rocks/analyze.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/largest_counts.h"
#include "storage/series_census.h"

namespace bellwether::storage {
namespace {

// Ordinals follow the metric name: each metric of a generation is one run of keys.
struct MetricRun {
  std::string metric;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

class StoreAnalysis {
 public:
  explicit StoreAnalysis(RocksCore& core) : core_(core) {}

  base::Result<CardinalityReport> Run(std::size_t limit) {
    // The windows first: what the head forgets meanwhile is in a newer list, and what it has is counted once.
    const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
    const auto recent = core_.head->Select({}, {}, {.labels_only = true});
    for (auto it = windows->begin(); it != windows->end();) {
      const head::WindowId window = (*it)->entry().key.window;
      const auto end = std::find_if(it, windows->end(), [&](const auto& w) { return w->entry().key.window != window; });
      BW_RETURN_IF_ERROR(AddWindow({it, end}));
      it = end;
    }
    while (recent->Next()) census_.Add(recent->labels());
    census_.AddTo(report_, limit);
    report_.bytes_by_metric = LargestOf(bytes_, limit);
    return std::move(report_);
  }

 private:
  // All generations of a window as one.
  base::Status AddWindow(const WindowList& generations) {
    census_.BeginWindow();
    CardinalityReport::Window line{.min = base::TimestampMs::Max(), .max = base::TimestampMs::Min()};
    for (const auto& generation : generations) {
      const WindowEntry& entry = generation->entry();
      line.min = std::min(line.min, entry.min);
      line.max = std::max(line.max, entry.max);
      line.samples += entry.samples;
      line.bytes += entry.bytes;
      BW_RETURN_IF_ERROR(AddGeneration(*generation));
    }
    line.series = census_.in_window();
    line.came = census_.came();
    line.went = census_.went();
    report_.samples += line.samples;
    report_.bytes += line.bytes;
    report_.windows.push_back(line);
    return base::OkStatus();
  }

  base::Status AddGeneration(const SealedWindow& window) {
    std::vector<MetricRun> runs;
    BW_ASSIGN_OR_RETURN(const SealedWindow::Ordinals ordinals, window.Match({}));
    BW_RETURN_IF_ERROR(window.ForLabels(ordinals, [&](std::uint32_t ordinal, const metric::Labels& labels) {
      census_.Add(labels);
      if (runs.empty() || runs.back().metric != labels.Name()) runs.push_back({std::string(labels.Name()), ordinal, 0});
      runs.back().last = ordinal;
    }));
    return AddBytes(window.entry().key, runs);
  }

  base::Status AddBytes(const WindowKey& key, const std::vector<MetricRun>& runs) {
    std::vector<std::string> keys;
    for (const MetricRun& run : runs) {
      keys.push_back(DataKey(key, run.first));
      keys.push_back(DataKey(key, run.last + 1));
    }
    std::vector<rocksdb::Range> ranges;
    for (std::size_t i = 0; i < runs.size(); ++i) ranges.emplace_back(keys[2 * i], keys[2 * i + 1]);
    std::vector<std::uint64_t> sizes(ranges.size());
    rocksdb::SizeApproximationOptions options;
    options.include_files = true;
    const rocksdb::Status asked = core_.database->db().GetApproximateSizes(
        options, core_.database->data(), ranges.data(), static_cast<int>(ranges.size()), sizes.data());
    if (!asked.ok()) return FromRocks(asked, "ask for the sizes of metrics");
    for (std::size_t i = 0; i < runs.size(); ++i) bytes_[runs[i].metric] += sizes[i];
    return base::OkStatus();
  }

  RocksCore& core_;
  SeriesCensus census_;
  CardinalityReport report_;
  std::unordered_map<std::string, std::uint64_t> bytes_;
};

}  // namespace

base::Result<CardinalityReport> AnalyzeStore(RocksCore& core, std::size_t limit) {
  return StoreAnalysis(core).Run(limit);
}

}  // namespace bellwether::storage
