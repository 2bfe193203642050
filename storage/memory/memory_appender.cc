#include <bit>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "storage/memory/memory_data.h"

namespace bellwether::storage::memory {
namespace {

bool SameSample(const MemorySample& a, const MemorySample& b) {
  if ((a.histogram == nullptr) != (b.histogram == nullptr)) return false;
  if (a.histogram != nullptr) return *a.histogram == *b.histogram;
  return std::bit_cast<std::uint64_t>(a.value) == std::bit_cast<std::uint64_t>(b.value);
}

class MemoryAppender final : public Appender {
 public:
  MemoryAppender(MemoryData& data, AppendMode mode) : data_(data), mode_(mode) {}
  ~MemoryAppender() override { Rollback(); }

  void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) override {
    BW_CHECK(aliases.size() == refs.size());
    const base::MutexLock lock(data_.mu);
    HoldRefs();
    for (std::size_t i = 0; i < aliases.size(); ++i) {
      const auto found = data_.by_alias.find(aliases[i]);
      refs[i] = found == data_.by_alias.end() ? SeriesRef::kNone : found->second;
    }
  }

  base::Result<SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias) override {
    BW_CHECK(!labels.empty());
    const base::MutexLock lock(data_.mu);
    HoldRefs();
    auto found = data_.by_labels.find(labels);
    if (found == data_.by_labels.end()) {
      const std::size_t limit = data_.options.series_limit;
      if (limit > 0 && data_.series.size() >= limit) {
        return base::LimitExceeded(
            fmt::format("create series {}: the store holds {} series, its limit", labels.ToMetricString(), limit));
      }
      const SeriesRef ref{++data_.last_ref};
      data_.series[ref].labels = labels;
      found = data_.by_labels.emplace(labels, ref).first;
    }
    if (!alias.empty()) data_.by_alias.insert_or_assign(std::string(alias), found->second);
    return found->second;
  }

  void Append(std::span<const FloatSample> samples) override {
    for (const FloatSample& s : samples) floats_.push_back({s.ref, s.timestamp, {s.value, nullptr, s.start_timestamp}});
  }

  void AppendHistograms(std::span<const HistogramSample> samples) override {
    for (const HistogramSample& s : samples) {
      histograms_.push_back(
          {s.ref, s.timestamp, {0, std::make_shared<const metric::NativeHistogram>(*s.histogram), s.start_timestamp}});
    }
  }

  void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) override { exemplars_.emplace_back(ref, exemplar); }
  void SetMetadata(const MetricMetadata& metadata) override { metadata_.push_back(metadata); }

  base::Result<CommitResult> Commit(Durability durability) override {
    CommitResult result;
    const base::TimestampMs now = data_.clock.Now();
    const auto bounds = head::TimeBounds::At(now, data_.options.retention, data_.options.future_limit, mode_);
    {
      const base::MutexLock lock(data_.mu);
      for (Pending& p : floats_) Take(p, bounds, durability, result);
      for (Pending& p : histograms_) Take(p, bounds, durability, result);
      for (const auto& [ref, exemplar] : exemplars_) {
        if (exemplar.timestamp > bounds.newest) continue;
        if (data_.exemplars.Add(SeriesOf(ref).labels, exemplar)) ++result.exemplars;
      }
      for (const MetricMetadata& m : metadata_) {
        if (data_.metadata.Differs(m)) data_.metadata.Set(m);
      }
    }
    for (std::size_t i = 1; i < kRefusals; ++i) data_.refused[i]->Add(result.refused[i]);
    Rollback();
    return result;
  }

  void Rollback() override {
    floats_.clear();
    histograms_.clear();
    exemplars_.clear();
    metadata_.clear();
    if (!std::exchange(holds_refs_, false)) return;
    const base::MutexLock lock(data_.mu);
    --data_.refs_in_use;
  }

 private:
  struct Pending {
    SeriesRef ref;
    base::TimestampMs timestamp;
    MemorySample sample;
  };

  void HoldRefs() BW_REQUIRES(data_.mu) {
    if (!std::exchange(holds_refs_, true)) ++data_.refs_in_use;
  }

  MemorySeries& SeriesOf(SeriesRef ref) BW_REQUIRES(data_.mu) {
    const auto found = data_.series.find(ref);
    BW_CHECK(found != data_.series.end());  // Refs come from this appender.
    return found->second;
  }

  void Take(Pending& p, const head::TimeBounds& bounds, Durability durability, CommitResult& result)
      BW_REQUIRES(data_.mu) {
    MemorySeries& series = SeriesOf(p.ref);
    const head::Outcome outcome =
        head::DecideOrder(p.timestamp, series.newest, bounds, data_.options.out_of_order_window,
                          [&] { return SameSample(series.newest_sample, p.sample); });
    if (head::IsRefused(outcome)) return Refuse(p, series, head::RefusalOf(outcome), series.newest_sample, result);
    if (mode_ == AppendMode::kBackfill) {
      const auto standing = series.samples.find(p.timestamp);
      if (standing != series.samples.end() && !SameSample(standing->second, p.sample)) {
        return Refuse(p, series, Refusal::kDuplicate, standing->second, result);
      }
    }
    ++(p.sample.histogram != nullptr ? result.histograms : result.floats);
    if (outcome == head::Outcome::kTaken) {
      series.newest = p.timestamp;
      series.newest_sample = p.sample;
    }
    if (outcome != head::Outcome::kRepeat) series.samples.try_emplace(p.timestamp, std::move(p.sample));
    if (durability != Durability::kVisible && mode_ == AppendMode::kLive &&
        (!data_.newest_sample || p.timestamp > *data_.newest_sample)) {
      data_.newest_sample = p.timestamp;
    }
  }

  static void Refuse(const Pending& p, const MemorySeries& series, Refusal reason, const MemorySample& standing,
                     CommitResult& result) {
    ++result.refused[static_cast<std::size_t>(reason)];
    if (result.first_refused) return;
    result.first_refused = {reason, series.labels, p.timestamp, standing.value, p.sample.value};
  }

  MemoryData& data_;
  const AppendMode mode_;
  bool holds_refs_ = false;
  std::vector<Pending> floats_;
  std::vector<Pending> histograms_;
  std::vector<std::pair<SeriesRef, Exemplar>> exemplars_;
  std::vector<MetricMetadata> metadata_;
};

}  // namespace

std::unique_ptr<Appender> NewMemoryAppender(MemoryData& data, AppendMode mode) {
  return std::make_unique<MemoryAppender>(data, mode);
}

}  // namespace bellwether::storage::memory
