#include "rules/backtest/history_blocks.h"

#include <algorithm>
#include <utility>

namespace bellwether::rules {
namespace {

constexpr base::DurationMs kAheadMax = base::Days(1);
constexpr std::size_t kBlocksAtOnce = 8;  // A block takes at most this part of what is allowed for all.
constexpr std::int64_t kGrowth = 4;

std::string SelectorKey(std::span<const metric::Matcher> matchers) {
  std::string key;
  for (const metric::Matcher& matcher : matchers) key.append(matcher.ToString()).push_back('\n');
  return key;
}

class ErrorSet final : public storage::SeriesSet {
 public:
  explicit ErrorSet(base::Status status) : status_(std::move(status)) {}
  bool Next() override { return false; }
  [[nodiscard]] const metric::Labels& labels() const override { return none_; }
  storage::SampleCursor& samples() override { BW_CHECK(false); }
  [[nodiscard]] base::Status status() const override { return status_; }

 private:
  const metric::Labels none_;
  const base::Status status_;
};

// What the store says, without the series that are hidden.
class StoredSet final : public storage::SeriesSet {
 public:
  StoredSet(std::unique_ptr<storage::Querier> querier, std::unique_ptr<storage::SeriesSet> set, const NameSet& hidden)
      : querier_(std::move(querier)), set_(std::move(set)), hidden_(hidden) {}
  bool Next() override {
    while (set_->Next()) {
      if (!hidden_.contains(set_->labels().Name())) return true;
    }
    return false;
  }
  [[nodiscard]] const metric::Labels& labels() const override { return set_->labels(); }
  storage::SampleCursor& samples() override { return set_->samples(); }
  [[nodiscard]] base::Status status() const override { return set_->status(); }

 private:
  const std::unique_ptr<storage::Querier> querier_;
  const std::unique_ptr<storage::SeriesSet> set_;
  const NameSet& hidden_;
};

// False for histograms.
bool AppendBatch(const storage::SampleBatch& batch, SeriesColumns& series) {
  if (batch.values.empty()) return false;
  if (!batch.start_timestamps.empty()) {
    series.starts.resize(series.timestamps.size());
    series.starts.insert(series.starts.end(), batch.start_timestamps.begin(), batch.start_timestamps.end());
  }
  series.timestamps.insert(series.timestamps.end(), batch.timestamps.begin(), batch.timestamps.end());
  series.values.insert(series.values.end(), batch.values.begin(), batch.values.end());
  if (!series.starts.empty()) series.starts.resize(series.timestamps.size());
  return true;
}

}  // namespace

std::unique_ptr<storage::SeriesSet> HistoryBlocks::Select(std::span<const metric::Matcher> matchers,
                                                          base::TimestampMs min, base::TimestampMs max,
                                                          const storage::SelectHints& hints) {
  min = std::max(min, hints.min);
  max = std::min(max, hints.max);
  if (min > max) return std::make_unique<ErrorSet>(base::OkStatus());
  Block& block = blocks_[SelectorKey(matchers)];
  block.used = ++uses_;
  if (!block.direct && (min < block.from || block.to < max)) {
    base::Status loaded = Load(matchers, min, max, block);
    if (!loaded.ok()) return std::make_unique<ErrorSet>(std::move(loaded));
  }
  if (!block.direct) {
    std::vector<const SeriesColumns*> series;
    series.reserve(block.series.size());
    for (const SeriesColumns& one : block.series) series.push_back(&one);
    return std::make_unique<ColumnsSet>(std::move(series), min, max, hints);
  }
  auto querier = history_.NewQuerier(min, max);
  auto set = querier->Select(matchers, hints);
  return std::make_unique<StoredSet>(std::move(querier), std::move(set), hidden_);
}

base::Status HistoryBlocks::Load(std::span<const metric::Matcher> matchers, base::TimestampMs min,
                                 base::TimestampMs max, Block& block) {
  Forget(block);
  MakeRoom(block);
  const base::TimestampMs to = max + block.ahead;
  auto querier = history_.NewQuerier(min, to);
  auto stored = querier->Select(matchers);
  StoredSet set(std::move(querier), std::move(stored), hidden_);
  const std::size_t allowed = samples_max_ / kBlocksAtOnce;
  while (!block.direct && set.Next()) {
    SeriesColumns series;
    series.labels = set.labels();
    storage::SampleCursor& cursor = set.samples();
    storage::SampleBatch batch;
    while (!block.direct && cursor.Next(batch)) block.direct = !AppendBatch(batch, series);
    BW_RETURN_IF_ERROR(cursor.status());
    block.samples += series.timestamps.size();
    if (block.samples > allowed && block.ahead.ms > 0) {  // Again, and not as far.
      block.ahead = base::DurationMs(block.ahead.ms > base::Minutes(1).ms ? block.ahead.ms / kGrowth : 0);
      block.samples = 0;
      return Load(matchers, min, max, block);
    }
    if (block.samples > allowed) block.direct = true;
    if (!series.timestamps.empty()) block.series.push_back(std::move(series));
  }
  BW_RETURN_IF_ERROR(set.status());
  if (block.direct) {
    block.series = {};
    block.samples = 0;
    return base::OkStatus();
  }
  samples_ += block.samples;
  block.from = min;
  block.to = to;
  if (block.samples * kGrowth * 2 < allowed) block.ahead = std::min(kAheadMax, block.ahead * kGrowth);
  return base::OkStatus();
}

// The blocks that were used least recently go.
void HistoryBlocks::MakeRoom(const Block& kept) {
  while (samples_ > samples_max_ - samples_max_ / kBlocksAtOnce) {
    Block* oldest = nullptr;
    for (auto& [key, block] : blocks_) {
      if (&block == &kept || block.samples == 0) continue;
      if (oldest == nullptr || block.used < oldest->used) oldest = &block;
    }
    if (oldest == nullptr) return;
    Forget(*oldest);
  }
}

void HistoryBlocks::Forget(Block& block) {
  if (block.from <= block.to) samples_ -= block.samples;
  block.samples = 0;
  block.series.clear();
  block.from = base::TimestampMs::Max();
  block.to = base::TimestampMs::Min();
}

}  // namespace bellwether::rules
