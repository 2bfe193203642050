// The write path: head, journal, sync.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/journal/record_codec.h"
#include "storage/rocks/rocks_core.h"
#include "storage/rocks/standing_samples.h"

namespace bellwether::storage {
namespace {

// Buffers are kept from one commit to the next: after the first few a commit allocates nothing.
class RocksAppender final : public Appender {
 public:
  RocksAppender(RocksCore& core, AppendMode mode) : core_(core), mode_(mode) {}

  void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) override {
    HoldRefs();
    core_.head->FindByAlias(aliases, refs);
  }

  base::Result<SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias) override {
    HoldRefs();
    if (!core_.memory_gate.IsShort()) return core_.head->FindOrCreate(labels, alias);
    const SeriesRef known = core_.head->Find(labels, alias);
    if (known != SeriesRef::kNone) return known;
    core_.memory_gate.NoteRefusal();
    return base::Overloaded(
        fmt::format("create series {}: the part of --storage.memory for series and recent samples ({} MiB) is used up; "
                    "known series go on",
                    labels.ToMetricString(), core_.memory_gate.head_bytes_max() >> 20));
  }

  void Append(std::span<const FloatSample> samples) override {
    if (floats_.empty()) {
      floats_ = samples;
      return;
    }
    if (floats_.data() != gathered_floats_.data()) gathered_floats_.assign(floats_.begin(), floats_.end());
    gathered_floats_.insert(gathered_floats_.end(), samples.begin(), samples.end());
    floats_ = gathered_floats_;
  }

  void AppendHistograms(std::span<const HistogramSample> samples) override {
    histograms_.insert(histograms_.end(), samples.begin(), samples.end());
  }
  void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) override { exemplars_.emplace_back(ref, exemplar); }
  void SetMetadata(const MetricMetadata& metadata) override {
    if (core_.metadata.Differs(metadata)) metadata_.push_back(metadata);
  }

  base::Result<CommitResult> Commit(Durability durability) override {
    const std::int64_t begin = core_.clock.MonotonicNanos();
    auto result = TakeAndJournal(durability);
    Count(result);
    Rollback();
    if (result.ok() && durability == Durability::kDeferred) {
      result->begun_nanos = begin;  // WaitDurable tells how long it took.
      return result;
    }
    core_.metrics.commit_seconds.Observe(static_cast<double>(core_.clock.MonotonicNanos() - begin) / 1e9);
    return result;
  }

  void Rollback() override {
    floats_ = {};
    gathered_floats_.clear();
    histograms_.clear();
    exemplars_.clear();
    metadata_.clear();
    pin_.reset();
  }

 private:
  void HoldRefs() {
    if (!pin_) pin_ = core_.head->PinRefs();
  }

  base::Result<CommitResult> TakeAndJournal(Durability durability) {
    // What rules compute is little, and what they know depends on it: it may use the reserve.
    const bool from_outside = durability != Durability::kVisible || mode_ == AppendMode::kBackfill;
    if (from_outside) BW_RETURN_IF_ERROR(core_.gate.Check());
    if (core_.backlog.IsFull()) WaitForSealer();
    HoldRefs();
    const auto bounds =
        head::TimeBounds::At(core_.clock.Now(), core_.options.retention, core_.options.future_limit, mode_);
    StandingSamples standing;
    if (mode_ == AppendMode::kBackfill) BW_RETURN_IF_ERROR(LeaveOutStanding(bounds, standing));
    std::optional<Journal::Sequence> journalled;
    {
      const CommitGate::Inside inside(core_.commit_gate);
      // Asked for before the head is, so that what the head takes as defined is defined for this place.
      const Journal::Place place = core_.FollowJournal();
      core_.head->Apply(floats_, histograms_, bounds, applied_);
      AddTo(applied_.result, standing);
      SelectTaken(durability);
      if (taken_ > 0 || !metadata_.empty()) {
        BW_ASSIGN_OR_RETURN(journalled, JournalCommit(place));
      }
    }
    if (journalled && durability == Durability::kDurable) {
      base::Status durable = core_.journal->WaitDurable(*journalled);
      core_.gate.NoteCommit(durable);
      BW_RETURN_IF_ERROR(std::move(durable));
    }
    AddExemplars(bounds);
    return applied_.result;
  }

  base::Status LeaveOutStanding(const head::TimeBounds& bounds, StandingSamples& standing) {
    if (floats_.data() != gathered_floats_.data()) gathered_floats_.assign(floats_.begin(), floats_.end());
    BW_ASSIGN_OR_RETURN(standing, TakeOutStanding(core_, gathered_floats_, bounds));
    floats_ = gathered_floats_;
    return {};
  }

  static void AddTo(CommitResult& result, StandingSamples& standing) {
    result.floats += standing.repeats;
    result.refused[static_cast<std::size_t>(Refusal::kDuplicate)] += standing.contradictions;
    if (!result.first_refused) result.first_refused = std::move(standing.first_contradiction);
  }

  void WaitForSealer() {
    const std::int64_t begin = core_.clock.MonotonicNanos();
    core_.backlog.WaitForRoom();
    core_.metrics.seal_wait_ms.Add(static_cast<std::uint64_t>((core_.clock.MonotonicNanos() - begin) / 1'000'000));
  }

  // Which samples go into the journal. A repeat too: what it repeats may have failed to get there.
  void SelectTaken(Durability durability) {
    taken_ = 0;
    newest_ = base::TimestampMs::Min();
    selected_.resize(floats_.size());
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      const bool taken = !head::IsRefused(applied_.floats[i]);
      selected_[i] = taken;
      if (taken) Note(floats_[i].timestamp);
    }
    for (std::size_t i = 0; i < histograms_.size(); ++i) {
      if (!head::IsRefused(applied_.histograms[i])) Note(histograms_[i].timestamp);
    }
    if (taken_ == 0) return;
    core_.newest.Show(newest_);
    if (durability != Durability::kVisible && mode_ == AppendMode::kLive) core_.newest_sent.Show(newest_);
  }

  void Note(base::TimestampMs t) {
    ++taken_;
    newest_ = std::max(newest_, t);
  }

  base::Result<Journal::Sequence> JournalCommit(Journal::Place place) {
    Encode(applied_.undefined, place);
    auto appended = core_.journal->Append(RecordType::kCommit, encoder_.Payload(), newest_, place.segment);
    while (!appended.ok() && appended.status().code() == base::StatusCode::kConflict) {
      // Another segment has begun: records may be lost with the one before, or a snapshot taken that does not have
      // these series any more. So this record stands alone.
      place = core_.FollowJournal();
      DefineAll();
      Encode(applied_.undefined, place);
      appended = core_.journal->Append(RecordType::kCommit, encoder_.Payload(), newest_, place.segment);
    }
    BW_RETURN_IF_ERROR(appended.status());
    core_.head->MarkDefined(applied_.undefined, static_cast<std::uint32_t>(place.segment));
    for (const MetricMetadata& m : metadata_) core_.metadata.Set(m);
    applied_.result.sequence = *appended;
    return *appended;
  }

  void Encode(std::span<const SeriesRef> undefined, const Journal::Place& place) {
    encoder_.Clear();
    if (place.since != place.segment) encoder_.SetSince(place.since);
    for (const SeriesRef ref : undefined) encoder_.AddSeries(ref, core_.head->LabelsOf(ref));
    encoder_.AddFloats(floats_, selected_);
    for (std::size_t i = 0; i < histograms_.size(); ++i) {
      if (!head::IsRefused(applied_.histograms[i])) encoder_.AddHistogram(histograms_[i]);
    }
    for (const MetricMetadata& m : metadata_) encoder_.AddMetadata(m);
  }

  // Every series with a sample for the journal counts as undefined.
  void DefineAll() {
    std::vector<SeriesRef>& refs = applied_.undefined;
    refs.clear();
    for (std::size_t i = 0; i < floats_.size(); ++i) {
      if (selected_[i] != 0) refs.push_back(floats_[i].ref);
    }
    for (std::size_t i = 0; i < histograms_.size(); ++i) {
      if (!head::IsRefused(applied_.histograms[i])) refs.push_back(histograms_[i].ref);
    }
    std::sort(refs.begin(), refs.end());
    refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  }

  void AddExemplars(const head::TimeBounds& bounds) {
    for (const auto& [ref, exemplar] : exemplars_) {
      if (exemplar.timestamp > bounds.newest) continue;
      if (core_.exemplars.Add(core_.head->LabelsOf(ref), exemplar)) ++applied_.result.exemplars;
    }
  }

  void Count(const base::Result<CommitResult>& result) {
    StorageMetrics& metrics = core_.metrics;
    metrics.commits.Add();
    if (!result.ok()) {
      metrics.failed_commits.Add();
      return;
    }
    metrics.samples.Add(result->floats + result->histograms);
    for (std::size_t i = 1; i < kRefusals; ++i) {
      if (result->refused[i] > 0) metrics.refused[i]->Add(result->refused[i]);
    }
  }

  RocksCore& core_;
  const AppendMode mode_;
  std::optional<head::Head::Pin> pin_;
  std::span<const FloatSample> floats_;
  std::vector<FloatSample> gathered_floats_;  // When they came in several pieces.
  std::vector<HistogramSample> histograms_;
  std::vector<std::pair<SeriesRef, Exemplar>> exemplars_;
  std::vector<MetricMetadata> metadata_;

  head::Applied applied_;
  std::vector<std::uint8_t> selected_;
  std::uint64_t taken_ = 0;
  base::TimestampMs newest_;
  CommitEncoder encoder_;
};

}  // namespace

std::unique_ptr<Appender> NewRocksAppender(RocksCore& core, AppendMode mode) {
  return std::make_unique<RocksAppender>(core, mode);
}

}  // namespace bellwether::storage
