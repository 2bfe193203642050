#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "storage/chunk/reset_hints.h"
#include "storage/memory/memory_data.h"

namespace bellwether::storage::memory {
namespace {

using SampleColumn = std::vector<std::pair<base::TimestampMs, MemorySample>>;

struct CopiedSeries {
  metric::Labels labels;
  std::shared_ptr<const metric::NativeHistogram> before;  // The sample before the range, if that is a histogram.
  SampleColumn samples;
};

// Runs of floats and of histograms from copied samples.
class MemoryCursor final : public SampleCursor {
 public:
  void Reset(const CopiedSeries& series) {
    samples_ = &series.samples;
    at_ = 0;
    hints_ = {};
    if (series.before != nullptr) hints_.BeginAfter(*series.before);
  }

  bool Next(SampleBatch& batch) override {
    hints_.KeepPrevious();
    timestamps_.clear();
    values_.clear();
    histograms_.clear();
    pointers_.clear();
    starts_.clear();
    if (at_ == samples_->size()) return false;
    const bool floats = (*samples_)[at_].second.histogram == nullptr;
    while (at_ < samples_->size() && ((*samples_)[at_].second.histogram == nullptr) == floats) Take((*samples_)[at_++]);
    for (metric::NativeHistogram& h : histograms_) {
      hints_.Next(h);
      pointers_.push_back(&h);
    }
    if (floats) hints_.BreakRun();
    const bool any_start = std::any_of(starts_.begin(), starts_.end(), [](auto st) { return st.ms != 0; });
    batch = {timestamps_, values_, pointers_,
             any_start ? std::span<const base::TimestampMs>(starts_) : std::span<const base::TimestampMs>()};
    return true;
  }

  [[nodiscard]] base::Status status() const override { return {}; }

 private:
  void Take(const std::pair<base::TimestampMs, MemorySample>& sample) {
    timestamps_.push_back(sample.first);
    starts_.push_back(sample.second.start_timestamp);
    if (sample.second.histogram == nullptr) {
      values_.push_back(sample.second.value);
    } else {
      histograms_.push_back(*sample.second.histogram);
    }
  }

  const SampleColumn* samples_ = nullptr;
  std::size_t at_ = 0;
  chunk::ResetHints hints_;
  std::vector<base::TimestampMs> timestamps_;
  std::vector<double> values_;
  std::vector<metric::NativeHistogram> histograms_;
  std::vector<const metric::NativeHistogram*> pointers_;
  std::vector<base::TimestampMs> starts_;
};

class MemorySeriesSet final : public SeriesSet {
 public:
  explicit MemorySeriesSet(std::vector<CopiedSeries> series) : series_(std::move(series)) {}

  bool Next() override { return ++at_ <= series_.size(); }
  [[nodiscard]] const metric::Labels& labels() const override { return series_[at_ - 1].labels; }
  SampleCursor& samples() override {
    cursor_.Reset(series_[at_ - 1]);
    return cursor_;
  }
  [[nodiscard]] base::Status status() const override { return {}; }

 private:
  std::vector<CopiedSeries> series_;
  std::size_t at_ = 0;
  MemoryCursor cursor_;
};

class MemoryQuerier final : public Querier {
 public:
  MemoryQuerier(const MemoryData& data, base::TimestampMs min, base::TimestampMs max)
      : data_(data), min_(min), max_(max) {}

  std::unique_ptr<SeriesSet> Select(std::span<const metric::Matcher> matchers, const SelectHints& hints) override {
    std::vector<CopiedSeries> found;
    const base::TimestampMs min = std::max(min_, hints.min);
    ForEachMatch(matchers, min, std::min(max_, hints.max), [&](const MemorySeries& series, auto first, auto last) {
      CopiedSeries& copied = found.emplace_back();
      copied.labels = series.labels;
      if (!hints.labels_only) {
        copied.samples.assign(first, last);
        copied.before = HistogramBefore(series.samples, first, chunk::HintsFrom(min));
      }
      return hints.limit == 0 || found.size() < hints.limit;
    });
    return std::make_unique<MemorySeriesSet>(std::move(found));
  }

  base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher> matchers,
                                                    std::size_t limit) override {
    std::set<std::string, std::less<>> names;
    ForEachMatch(matchers, min_, max_, [&](const MemorySeries& series, auto, auto) {
      for (const metric::LabelView& label : series.labels) names.emplace(label.name);
      return true;
    });
    return Firsts(names, limit);
  }

  base::Result<std::vector<std::string>> LabelValues(std::string_view name, std::span<const metric::Matcher> matchers,
                                                     std::size_t limit) override {
    std::set<std::string, std::less<>> values;
    ForEachMatch(matchers, min_, max_, [&](const MemorySeries& series, auto, auto) {
      if (series.labels.Has(name)) values.emplace(series.labels.Get(name));
      return true;
    });
    return Firsts(values, limit);
  }

 private:
  using Samples = std::map<base::TimestampMs, MemorySample>;

  static std::shared_ptr<const metric::NativeHistogram> HistogramBefore(const Samples& samples,
                                                                        Samples::const_iterator first,
                                                                        base::TimestampMs from) {
    if (first == samples.begin()) return nullptr;
    const auto& [t, sample] = *std::prev(first);
    return t < from ? nullptr : sample.histogram;
  }

  // Calls visit(series, first sample, past the last) for the series with samples in the range, by label set.
  template <typename Visit>
  void ForEachMatch(std::span<const metric::Matcher> matchers, base::TimestampMs min, base::TimestampMs max,
                    Visit visit) const {
    if (min > max) return;
    const base::MutexLock lock(data_.mu);
    for (const auto& [labels, ref] : data_.by_labels) {
      if (!MatchesAll(labels, matchers)) continue;
      const MemorySeries& series = data_.series.at(ref);
      const auto first = series.samples.lower_bound(min);
      const auto last = series.samples.upper_bound(max);
      if (first != last && !visit(series, first, last)) return;
    }
  }

  static std::vector<std::string> Firsts(const std::set<std::string, std::less<>>& all, std::size_t limit) {
    const std::size_t n = limit == 0 ? all.size() : std::min(limit, all.size());
    return {all.begin(), std::next(all.begin(), static_cast<std::ptrdiff_t>(n))};
  }

  const MemoryData& data_;
  const base::TimestampMs min_;
  const base::TimestampMs max_;
};

}  // namespace

std::unique_ptr<Querier> NewMemoryQuerier(const MemoryData& data, base::TimestampMs min, base::TimestampMs max) {
  return std::make_unique<MemoryQuerier>(data, min, max);
}

}  // namespace bellwether::storage::memory
