#include "storage/head/standing_selections.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/chunk/reset_hints.h"
#include "storage/head/alias_table.h"

namespace bellwether::storage::head {
namespace {

using base::TimestampMs;

constexpr base::DurationMs kOneMs = base::Milliseconds(1);
constexpr base::DurationMs kSlack = base::Minutes(1);  // Kept beyond what was asked for.
constexpr std::size_t kTrimMin = 16;                   // Samples to trim at least.
constexpr std::size_t kProbedAtOnce = 256;             // Series looked at under one hold of a shard's mutex.
constexpr std::size_t kProbedAhead = 8;                // Asked for of memory.
constexpr std::uint64_t kUnusedCalls = 20;

// Floats of one series: everything from `from` to the newest, which stands last.
struct KeptColumn {
  TimestampMs from = TimestampMs::Max();  // Max: nothing is known.
  std::vector<TimestampMs> times;
  std::vector<double> values;
  std::vector<TimestampMs> starts;  // Empty, or one for each.

  [[nodiscard]] bool Covers(TimestampMs min) const { return from <= min; }
  // There is no sample between `from` and the first, nor between the last and this.
  [[nodiscard]] TimestampMs known_to() const { return times.empty() ? from - kOneMs : times.back(); }

  void Push(TimestampMs t, double value, TimestampMs start) {
    times.push_back(t);
    values.push_back(value);
    if (!starts.empty() || start.ms != 0) starts.resize(times.size() - 1);
    if (!starts.empty() || start.ms != 0) starts.push_back(start);
  }
  // The first sample at or after a time: looked for where it would be at a regular interval, which is most often right
  // and does not touch the whole column.
  [[nodiscard]] std::vector<TimestampMs>::const_iterator FirstFrom(TimestampMs t) const {
    if (times.empty() || t <= times.front()) return times.begin();
    if (t > times.back()) return times.end();
    const double part =
        static_cast<double>((t - times.front()).ms) / static_cast<double>((times.back() - times.front()).ms);
    auto at = times.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(times.size() - 1));
    if (*at < t) ++at;  // Not the last one.
    return *at >= t && *(at - 1) < t ? at : std::lower_bound(times.begin(), times.end(), t);
  }
  void ForgetBefore(TimestampMs cut) {
    const auto n = FirstFrom(cut) - times.cbegin();
    times.erase(times.begin(), times.begin() + n);
    values.erase(values.begin(), values.begin() + n);
    if (!starts.empty()) starts.erase(starts.begin(), starts.begin() + n);
    from = std::max(from, cut);
  }
  [[nodiscard]] std::uint64_t bytes() const {
    return (times.capacity() + starts.capacity()) * sizeof(TimestampMs) + values.capacity() * sizeof(double);
  }
};

// A series that matches. Its labels are read when it is first answered with.
struct Member {
  std::uint32_t slot = 0;
  std::uint16_t generation = 0;
  metric::Labels labels;
  Series::Newest newest;  // As of the last probe.
  KeptColumn column;
};

// One series of an answer: columns that stand in the answer's, or chunks.
struct Answered {
  metric::Labels labels;
  std::size_t begin = 0;
  std::size_t count = 0;
  std::optional<std::size_t> starts;  // Where they begin.
  std::optional<std::size_t> chunks;  // Of a series that is read afresh: its place among the snapshots.
};

class KeptSet final : public SeriesSet {
 public:
  KeptSet(TimestampMs min, TimestampMs max, std::shared_ptr<const void> held)
      : min_(min), max_(max), held_(std::move(held)) {}

  bool Next() override { return ++at_ <= series_.size(); }
  [[nodiscard]] const metric::Labels& labels() const override { return series_[at_ - 1].labels; }
  SampleCursor& samples() override {
    const Answered& series = series_[at_ - 1];
    if (series.chunks) {
      merged_.Reset(snapshots_[*series.chunks].Views(), min_, max_);
      return merged_;
    }
    columns_.batch = {std::span(times_).subspan(series.begin, series.count),
                      std::span(values_).subspan(series.begin, series.count),
                      {},
                      {}};
    if (series.starts) columns_.batch.start_timestamps = std::span(starts_).subspan(*series.starts, series.count);
    columns_.given = series.count == 0;
    return columns_;
  }
  [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

  void Add(const metric::Labels& labels, TimestampMs t, double value) {
    series_.push_back({labels, times_.size(), 1, std::nullopt, std::nullopt});
    times_.push_back(t);
    values_.push_back(value);
  }
  // What the column has of the range, if anything.
  void Add(const metric::Labels& labels, const KeptColumn& column) {
    const auto first = column.FirstFrom(min_);
    const bool all = !column.times.empty() && column.times.back() <= max_;  // Most often.
    const auto last = all ? column.times.end() : std::upper_bound(first, column.times.end(), max_);
    if (first == last) return;
    const auto begin = first - column.times.begin();
    const auto end = last - column.times.begin();
    Answered& series = series_.emplace_back();
    series.labels = labels;
    series.begin = times_.size();
    series.count = static_cast<std::size_t>(end - begin);
    times_.insert(times_.end(), first, last);
    values_.insert(values_.end(), column.values.begin() + begin, column.values.begin() + end);
    if (column.starts.empty()) return;
    series.starts = starts_.size();
    starts_.insert(starts_.end(), column.starts.begin() + begin, column.starts.begin() + end);
  }
  void Add(const metric::Labels& labels, SeriesSnapshot snapshot) {
    Answered& series = series_.emplace_back();
    series.labels = labels;
    series.chunks = snapshots_.size();
    snapshots_.push_back(std::move(snapshot));
  }
  void Reserve(std::size_t series, std::size_t samples) {
    series_.reserve(series);
    times_.reserve(samples);
    values_.reserve(samples);
  }
  [[nodiscard]] std::size_t samples_size() const { return times_.size(); }

 private:
  // One batch.
  class ColumnCursor final : public SampleCursor {
   public:
    bool Next(SampleBatch& out) override {
      if (std::exchange(given, true)) return false;
      out = batch;
      return true;
    }
    [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

    SampleBatch batch;
    bool given = true;
  };

  const TimestampMs min_;
  const TimestampMs max_;
  const std::shared_ptr<const void> held_;
  std::vector<Answered> series_;
  std::size_t at_ = 0;
  std::vector<TimestampMs> times_;
  std::vector<double> values_;
  std::vector<TimestampMs> starts_;
  std::vector<SeriesSnapshot> snapshots_;
  ColumnCursor columns_;
  chunk::MergedCursor merged_;
};

std::string KeyOf(std::span<const metric::Matcher> matchers) {
  std::string key;
  for (const metric::Matcher& matcher : matchers) {
    key.push_back(static_cast<char>(matcher.op()));
    base::AppendLengthPrefixed(key, matcher.name());
    base::AppendLengthPrefixed(key, matcher.value());
  }
  return key;
}

}  // namespace

// What is kept of one selection.
class StandingSelections::Standing {
 public:
  Standing(const SeriesTable& table, const Shards& shards, std::shared_ptr<base::MemoryShare> memory)
      : table_(table), shards_(shards), hold_(std::move(memory)) {}

  [[nodiscard]] std::unique_ptr<SeriesSet> Select(const Request& request, std::shared_ptr<const void> held) {
    const base::MutexLock lock(mu_);
    if (seen_.empty() || !table_.stamps().StandStill(seen_)) Resolve(request.matchers);
    if (std::exchange(deletions_, request.deletions) != request.deletions) ForgetSamples();
    Probe();
    if (!NoteReach(request.min)) return nullptr;
    auto set = std::make_unique<KeptSet>(request.min, request.max, std::move(held));
    set->Reserve(members_.size(), request.newest_only ? members_.size() : samples_before_);
    for (Member& member : members_) {
      if (member.newest.t >= request.min && !Answer(request, member, *set)) return nullptr;
    }
    if (!request.newest_only) samples_before_ = set->samples_size();
    return Account() ? std::move(set) : nullptr;
  }

  std::uint64_t used_at = 0;  // Number of the call of ForgetUnused; the owner's.

 private:
  // The series that match now; of those known already what is kept of them.
  void Resolve(std::span<const metric::Matcher> matchers) BW_REQUIRES(mu_) {
    seen_ = table_.stamps().Look(matchers);
    std::vector<std::uint32_t> slots = table_.Resolve(matchers).ToVector();
    table_.SortByLabels(slots);
    std::unordered_map<std::uint32_t, Member*> before;
    for (Member& member : members_) before.emplace(member.slot, &member);
    std::vector<Member> members(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      members[i].slot = slots[i];
      const auto known = before.find(slots[i]);
      if (known != before.end()) members[i] = std::move(*known->second);
    }
    members_ = std::move(members);
    by_shard_.resize(members_.size());
    for (std::size_t i = 0; i < by_shard_.size(); ++i) by_shard_[i] = static_cast<std::uint32_t>(i);
    std::stable_sort(by_shard_.begin(), by_shard_.end(), [&](std::uint32_t a, std::uint32_t b) BW_REQUIRES(mu_) {
      return ShardOf(members_[a].slot) < ShardOf(members_[b].slot);
    });
    changed_ = true;
  }

  void Prefetch(std::uint32_t slot) const { shards_[ShardOf(slot)]->Prefetch(slot); }

  // The sample that was seen is still the newest, and nothing came beside it. It may have moved to another chunk of the
  // head; were it in no chunk any more, it would have been deleted, or a sealed window would have to do with the range.
  static bool IsAsSeen(const Series& series, const Series::Newest& seen) {
    return seen.in_order && seen.at_hand && series.newest() == seen.t && !series.MayHaveHistograms();
  }

  // The newest sample of each. A slot that is another series' now has lost what was kept.
  void Probe() BW_REQUIRES(mu_) {
    for (std::size_t begin = 0; begin < by_shard_.size();) {
      const std::size_t number = ShardOf(members_[by_shard_[begin]].slot);
      const Shard& shard = *shards_[number];
      const base::MutexLock lock(shard.mu);
      std::size_t i = begin;
      for (; i < by_shard_.size() && i - begin < kProbedAtOnce; ++i) {
        if (i + kProbedAhead < by_shard_.size()) Prefetch(members_[by_shard_[i + kProbedAhead]].slot);
        Member& member = members_[by_shard_[i]];
        if (ShardOf(member.slot) != number) break;
        const Series& series = shard.At(member.slot);
        if (series.generation != member.generation) {
          member = {.slot = member.slot, .generation = series.generation, .labels = {}, .newest = {}, .column = {}};
        }
        if (!IsAsSeen(series, member.newest)) member.newest = series.NewestAtHand();
      }
      begin = i;
    }
  }

  // How far back from the newest sample is asked: that much is kept of each series. False if it is too far.
  bool NoteReach(TimestampMs min) BW_REQUIRES(mu_) {
    for (const Member& member : members_) highest_ = std::max(highest_, member.newest.t);
    if (highest_ >= reach_since_ + kReachMax) {
      reach_before_ = std::exchange(reach_, base::DurationMs());
      reach_since_ = highest_;
    }
    if (min < highest_ - kReachMax) return false;
    reach_ = std::max(reach_, highest_ - min + kSlack);
    return true;
  }
  [[nodiscard]] TimestampMs KeptFrom() const BW_REQUIRES(mu_) { return highest_ - std::max(reach_, reach_before_); }

  // Adds the series to the set. False: it cannot be told from what is kept.
  bool Answer(const Request& request, Member& member, KeptSet& set) BW_REQUIRES(mu_) {
    const Series::Newest& newest = member.newest;
    if (member.labels.empty()) {
      member.labels = table_.LabelsOf(member.slot);
      changed_ = true;
    }
    if (request.newest_only && newest.at_hand && newest.t <= request.max) {
      set.Add(member.labels, newest.t, newest.value);
      return true;
    }
    if (!newest.in_order) {
      SeriesSnapshot snapshot = Read(member, chunk::HintsFrom(request.min), request.max);
      if (!snapshot.empty()) set.Add(member.labels, std::move(snapshot));
      return true;
    }
    if (!Refresh(request.min, member)) return false;
    set.Add(member.labels, member.column);
    return true;
  }

  [[nodiscard]] SeriesSnapshot Read(const Member& member, TimestampMs min, TimestampMs max) const {
    SeriesSnapshot snapshot;
    const Shard& shard = *shards_[ShardOf(member.slot)];
    const base::MutexLock lock(shard.mu);
    shard.At(member.slot).Read(min, max, snapshot);
    return snapshot;
  }

  // Brings the column up to the newest sample and makes it cover `min`.
  bool Refresh(TimestampMs min, Member& member) BW_REQUIRES(mu_) {
    KeptColumn& column = member.column;
    const Series::Newest& newest = member.newest;
    if (!column.Covers(min) || column.known_to() > newest.t) {
      column = KeptColumn();
      column.from = std::min(min, KeptFrom());
      changed_ = true;
      return Decode(member, column.from);
    }
    if (column.known_to() == newest.t) return true;
    const TimestampMs cut = KeptFrom();
    const std::size_t old = static_cast<std::size_t>(std::lower_bound(column.times.begin(), column.times.end(), cut) -
                                                     column.times.begin());
    if (old >= kTrimMin && old >= column.times.size() / 2) column.ForgetBefore(std::min(cut, min));
    const bool is_one = newest.at_hand && newest.before != newest.t &&
                        (column.times.empty() ? newest.before < column.from : newest.before == column.times.back());
    changed_ = changed_ || !is_one || column.times.size() == column.times.capacity();
    if (!is_one) return Decode(member, column.known_to() + kOneMs);
    column.Push(newest.t, newest.value, newest.start);
    return true;
  }

  // Appends the samples from `from` on to the column.
  bool Decode(Member& member, TimestampMs from) BW_REQUIRES(mu_) {
    SeriesSnapshot snapshot = Read(member, from, TimestampMs::Max());
    cursor_.Reset(snapshot.Views(), from, TimestampMs::Max());
    SampleBatch batch;
    while (cursor_.Next(batch)) {
      if (batch.values.empty()) {  // Histograms: read afresh.
        member.column = KeptColumn();
        return false;
      }
      for (std::size_t i = 0; i < batch.values.size(); ++i) {
        const TimestampMs start = batch.start_timestamps.empty() ? TimestampMs() : batch.start_timestamps[i];
        member.column.Push(batch.timestamps[i], batch.values[i], start);
      }
    }
    if (cursor_.status().ok()) return true;
    member.column = KeptColumn();
    return false;
  }

  void ForgetSamples() BW_REQUIRES(mu_) {
    for (Member& member : members_) {
      member.column = KeptColumn();
      member.newest = Series::Newest();
    }
    changed_ = true;
  }

  // False where there is no memory for it: all that is kept goes then.
  bool Account() BW_REQUIRES(mu_) {
    if (!std::exchange(changed_, false)) return true;
    constexpr std::uint64_t kMemberBytes = sizeof(Member) + sizeof(std::uint32_t);
    std::uint64_t bytes = sizeof(Standing) + members_.size() * kMemberBytes;
    for (const Member& member : members_) bytes += member.labels.bytes().size() + member.column.bytes();
    if (bytes <= hold_.bytes()) {
      hold_.ShrinkTo(bytes);
      return true;
    }
    if (hold_.Grow(bytes - hold_.bytes()).ok()) return true;
    members_ = {};
    by_shard_ = {};
    seen_.clear();
    hold_.ShrinkTo(0);
    return false;
  }

  const SeriesTable& table_;
  const Shards& shards_;

  base::Mutex mu_;
  PairStamps::Seen seen_ BW_GUARDED_BY(mu_);  // Empty: nothing is resolved.
  std::uint64_t deletions_ BW_GUARDED_BY(mu_) = 0;
  std::vector<Member> members_ BW_GUARDED_BY(mu_);          // By label set.
  std::vector<std::uint32_t> by_shard_ BW_GUARDED_BY(mu_);  // Members, shard after shard.
  TimestampMs highest_ BW_GUARDED_BY(mu_) = TimestampMs(0);
  TimestampMs reach_since_ BW_GUARDED_BY(mu_) = TimestampMs(0);
  base::DurationMs reach_ BW_GUARDED_BY(mu_);          // Since then,
  base::DurationMs reach_before_ BW_GUARDED_BY(mu_);   // and before.
  std::size_t samples_before_ BW_GUARDED_BY(mu_) = 0;  // In the last answer.
  bool changed_ BW_GUARDED_BY(mu_) = false;            // What it takes in memory may have.
  base::MemoryHold hold_ BW_GUARDED_BY(mu_);
  chunk::MergedCursor cursor_ BW_GUARDED_BY(mu_);
};

StandingSelections::StandingSelections(const SeriesTable& table, const Shards& shards,
                                       std::shared_ptr<base::MemoryShare> memory)
    : table_(table), shards_(shards), memory_(std::move(memory)) {}
StandingSelections::~StandingSelections() = default;

std::shared_ptr<StandingSelections::Standing> StandingSelections::Find(std::span<const metric::Matcher> matchers) {
  std::string key = KeyOf(matchers);
  const base::MutexLock lock(mu_);
  auto& standing = by_matchers_[std::move(key)];
  if (standing == nullptr) standing = std::make_shared<Standing>(table_, shards_, memory_);
  standing->used_at = calls_;
  return standing;
}

std::unique_ptr<SeriesSet> StandingSelections::Select(const Request& request, std::shared_ptr<const void> held) {
  return Find(request.matchers)->Select(request, std::move(held));
}

void StandingSelections::ForgetUnused() {
  std::vector<std::shared_ptr<Standing>> unused;  // Freed without the lock.
  const base::MutexLock lock(mu_);
  ++calls_;
  for (auto it = by_matchers_.begin(); it != by_matchers_.end();) {
    if (it->second->used_at + kUnusedCalls < calls_) {
      unused.push_back(std::move(it->second));
      it = by_matchers_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace bellwether::storage::head
