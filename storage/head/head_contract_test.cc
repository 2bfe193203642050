// The head under the contract of a whole store: what a store around it does with journal and disk is done here with
// maps, so that sealing, late generations, garbage and reading over both are tested without RocksDB.
#include <algorithm>
#include <map>
#include <utility>

#include "storage/chunk/chunk.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/chunk/reset_hints.h"
#include "storage/contract/storage_contract.h"
#include "storage/head/exemplar_ring.h"
#include "storage/head/head.h"
#include "storage/metadata_table.h"

namespace bellwether::storage::contract {
namespace {

using base::TimestampMs;

struct KeptChunk {
  std::string bytes;
  TimestampMs min;
  TimestampMs max;
  std::uint32_t count = 0;
  [[nodiscard]] chunk::ChunkView view() const { return {bytes, min, max, count}; }
};

KeptChunk Keep(const chunk::ChunkView& view) { return {std::string(view.bytes), view.min, view.max, view.count}; }

using KeptSeries = std::map<metric::Labels, std::vector<KeptChunk>>;

struct HeadStoreData {
  HeadStoreData(const StorageOptions& opts, base::Clock& time, base::MetricsRegistry& metrics)
      : options(opts),
        clock(time),
        head({base::Hours(2), opts.out_of_order_window, opts.series_limit, opts.chunk_samples_max, 42}),
        exemplars(opts.exemplars_max, opts.out_of_order_window),
        metadata(opts.metadata_max, metrics) {
    for (std::size_t i = 1; i < kRefusals; ++i) {
      refused[i] = &metrics.AddCounter("bellwether_storage_refused_samples_total", "Samples not taken, by reason.",
                                       {{"reason", std::string(RefusalName(static_cast<Refusal>(i)))}});
    }
  }

  const StorageOptions options;
  base::Clock& clock;
  head::Head head;
  head::ExemplarRing exemplars;
  std::array<base::Counter*, kRefusals> refused{};
  MetadataTable metadata;
  std::optional<TimestampMs> newest;
  std::map<head::WindowId, std::vector<KeptSeries>> sealed;  // Generations of each window.
};

class HeadStoreAppender final : public Appender {
 public:
  HeadStoreAppender(HeadStoreData& data, AppendMode mode) : data_(data), mode_(mode) {}

  void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) override {
    HoldPin();
    data_.head.FindByAlias(aliases, refs);
  }
  base::Result<SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias) override {
    HoldPin();
    return data_.head.FindOrCreate(labels, alias);
  }
  void Append(std::span<const FloatSample> samples) override {
    floats_.insert(floats_.end(), samples.begin(), samples.end());
  }
  void AppendHistograms(std::span<const HistogramSample> samples) override {
    histograms_.insert(histograms_.end(), samples.begin(), samples.end());
  }
  void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) override {
    exemplars_.emplace_back(data_.head.LabelsOf(ref), exemplar);
  }
  void SetMetadata(const MetricMetadata& metadata) override {
    if (data_.metadata.Differs(metadata)) data_.metadata.Set(metadata);
  }

  base::Result<CommitResult> Commit(Durability durability) override {
    const auto bounds =
        head::TimeBounds::At(data_.clock.Now(), data_.options.retention, data_.options.future_limit, mode_);
    head::Applied applied;
    data_.head.Apply(floats_, histograms_, bounds, applied);
    CheckJournal(applied);
    if (durability == Durability::kDurable && mode_ == AppendMode::kLive) Remember(applied);
    for (const auto& [labels, exemplar] : exemplars_) {
      if (exemplar.timestamp <= bounds.newest && data_.exemplars.Add(labels, exemplar)) ++applied.result.exemplars;
    }
    for (std::size_t i = 1; i < kRefusals; ++i) data_.refused[i]->Add(applied.result.refused[i]);
    Rollback();
    return applied.result;
  }
  void Rollback() override {
    floats_.clear();
    histograms_.clear();
    exemplars_.clear();
    pin_ = head::Head::Pin();
    pinned_ = false;
  }

 private:
  void HoldPin() {
    if (!std::exchange(pinned_, true)) pin_ = data_.head.PinRefs();
  }
  void CheckJournal(const head::Applied& applied) {
    data_.head.MarkDefined(applied.undefined, 1);
    EXPECT_TRUE(std::is_sorted(applied.undefined.begin(), applied.undefined.end()));
    for (const SeriesRef ref : applied.undefined) EXPECT_FALSE(data_.head.LabelsOf(ref).empty());
  }
  void Remember(const head::Applied& applied) {
    for (std::size_t i = 0; i < floats_.size(); ++i) Remember(applied.floats[i], floats_[i].timestamp);
    for (std::size_t i = 0; i < histograms_.size(); ++i) Remember(applied.histograms[i], histograms_[i].timestamp);
  }
  void Remember(head::Outcome outcome, TimestampMs t) {
    if (!head::IsRefused(outcome)) data_.newest = std::max(t, data_.newest.value_or(t));
  }

  HeadStoreData& data_;
  const AppendMode mode_;
  bool pinned_ = false;
  head::Head::Pin pin_;
  std::vector<FloatSample> floats_;
  std::vector<HistogramSample> histograms_;
  std::vector<std::pair<metric::Labels, Exemplar>> exemplars_;
};

class KeptSeriesSet final : public SeriesSet {
 public:
  KeptSeriesSet(KeptSeries series, TimestampMs min, TimestampMs max)
      : series_(std::move(series)), at_(series_.end()), min_(min), max_(max) {}
  bool Next() override {
    at_ = started_ ? std::next(at_) : series_.begin();
    started_ = true;
    return at_ != series_.end();
  }
  [[nodiscard]] const metric::Labels& labels() const override { return at_->first; }
  SampleCursor& samples() override {
    std::vector<chunk::ChunkView> views;
    for (const KeptChunk& chunk : at_->second) views.push_back(chunk.view());
    cursor_.Reset(views, min_, max_);
    return cursor_;
  }
  [[nodiscard]] base::Status status() const override { return {}; }

 private:
  KeptSeries series_;
  KeptSeries::iterator at_;
  bool started_ = false;
  TimestampMs min_;
  TimestampMs max_;
  chunk::MergedCursor cursor_;
};

bool MatchesEach(const metric::Labels& labels, std::span<const metric::Matcher> matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

class HeadStoreQuerier final : public Querier {
 public:
  HeadStoreQuerier(const HeadStoreData& data, TimestampMs min, TimestampMs max) : data_(data), min_(min), max_(max) {}

  std::unique_ptr<SeriesSet> Select(std::span<const metric::Matcher> matchers, const SelectHints& hints) override {
    const TimestampMs min = std::max(min_, hints.min);
    const TimestampMs max = std::min(max_, hints.max);
    KeptSeries all = FromDisk(matchers, min, max);
    SelectHints with_chunks = hints;
    with_chunks.newest_only = false;  // See the tests of the head.
    const auto selection = data_.head.Select(matchers, {min_, max_}, with_chunks);
    metric::Labels last;
    while (selection->Next()) {
      EXPECT_LT(last, selection->labels());
      last = selection->labels();
      for (const chunk::ChunkView& view : selection->chunks()) all[last].push_back(Keep(view));
    }
    while (hints.limit > 0 && all.size() > hints.limit) all.erase(std::prev(all.end()));
    return std::make_unique<KeptSeriesSet>(std::move(all), min, max);
  }
  base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher> matchers,
                                                    std::size_t limit) override {
    std::set<std::string, std::less<>> names;
    for (const auto& [labels, chunks] : FromDisk(matchers, min_, max_)) {
      for (const metric::LabelView& label : labels) names.emplace(label.name);
    }
    data_.head.LabelNames(matchers, {min_, max_}, names);
    return FirstOf(names, limit);
  }
  base::Result<std::vector<std::string>> LabelValues(std::string_view name, std::span<const metric::Matcher> matchers,
                                                     std::size_t limit) override {
    std::set<std::string, std::less<>> values;
    for (const auto& [labels, chunks] : FromDisk(matchers, min_, max_)) {
      if (labels.Has(name)) values.emplace(labels.Get(name));
    }
    data_.head.LabelValues(name, matchers, {min_, max_}, values);
    return FirstOf(values, limit);
  }

 private:
  static std::vector<std::string> FirstOf(const std::set<std::string, std::less<>>& all, std::size_t limit) {
    const std::size_t n = limit == 0 ? all.size() : std::min(limit, all.size());
    return {all.begin(), std::next(all.begin(), static_cast<std::ptrdiff_t>(n))};
  }
  KeptSeries FromDisk(std::span<const metric::Matcher> matchers, TimestampMs min, TimestampMs max) const {
    KeptSeries found;
    for (const auto& [window, generations] : data_.sealed) {
      for (const KeptSeries& generation : generations) {
        for (const auto& [labels, chunks] : generation) {
          if (!MatchesEach(labels, matchers)) continue;
          for (const KeptChunk& chunk : chunks) {
            if (chunk.max >= chunk::HintsFrom(min) && chunk.min <= max) found[labels].push_back(chunk);
          }
        }
      }
    }
    return found;
  }

  const HeadStoreData& data_;
  const TimestampMs min_;
  const TimestampMs max_;
};

class HeadStore final : public Storage {
 public:
  HeadStore(const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics)
      : data_(options, clock, metrics) {}

  using Storage::NewAppender;
  [[nodiscard]] std::unique_ptr<Appender> NewAppender(AppendMode mode) override {
    return std::make_unique<HeadStoreAppender>(data_, mode);
  }
  [[nodiscard]] std::unique_ptr<Querier> NewQuerier(TimestampMs min, TimestampMs max) override {
    return std::make_unique<HeadStoreQuerier>(data_, min, max);
  }
  base::Status Sync() override { return {}; }
  [[nodiscard]] base::Result<std::vector<ExemplarSeries>> Exemplars(
      TimestampMs min, TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) override {
    return data_.exemplars.Select(min, max, selectors);
  }
  [[nodiscard]] std::vector<MetricMetadata> Metadata(std::string_view metric) const override {
    return data_.metadata.Select(metric);
  }
  [[nodiscard]] StorageStats Stats(std::size_t limit) const override { return data_.head.Stats(limit); }
  [[nodiscard]] std::optional<TimestampMs> NewestSample() const override { return data_.newest; }

  base::Status Maintain() override {
    const TimestampMs now = data_.clock.Now();
    for (const head::WindowId window : data_.head.Windows()) {
      if (head::WindowEnd(window, base::Hours(2)) <= now - base::Minutes(15)) Seal(window);
    }
    if (data_.options.retention.ms == 0) return {};
    const TimestampMs oldest = now - data_.options.retention;
    std::erase_if(data_.sealed,
                  [&](const auto& entry) { return head::WindowEnd(entry.first, base::Hours(2)) <= oldest; });
    return data_.head.CollectGarbage(oldest).status();
  }

 private:
  void Seal(head::WindowId window) {
    KeptSeries kept;
    const auto taken = data_.head.TakeWindow(window);
    std::pair<std::string, metric::Labels> last;
    while (taken->Next()) {
      const std::pair<std::string, metric::Labels> next{std::string(taken->labels().Name()), taken->labels()};
      EXPECT_LT(last, next);
      last = next;
      for (const chunk::ChunkView& view : taken->chunks()) {
        EXPECT_EQ(head::WindowOf(view.min, base::Hours(2)), window);
        EXPECT_EQ(head::WindowOf(view.max, base::Hours(2)), window);
        auto& chunks = kept[taken->labels()];
        EXPECT_TRUE(chunks.empty() || chunks.back().max < view.min);
        chunks.push_back(Keep(view));
      }
    }
    data_.sealed[window].push_back(std::move(kept));
    data_.head.DropWindow(window);
    const auto left = data_.head.Windows();
    EXPECT_EQ(std::count(left.begin(), left.end(), window), 0);
  }

  HeadStoreData data_;
};

OpenStore OpenHeadStore(const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics) {
  return {nullptr, std::make_unique<HeadStore>(options, clock, metrics)};
}

INSTANTIATE_TEST_SUITE_P(Head, StorageContractTest,
                         testing::Values(StorageMaker{
                             .name = "head", .open = OpenHeadStore, .counts_late_duplicates = false}),
                         MakerName);

}  // namespace
}  // namespace bellwether::storage::contract
