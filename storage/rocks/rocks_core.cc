#include "storage/rocks/rocks_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "base/process_memory.h"
#include "storage/journal/deletion_codec.h"
#include "storage/journal/record_codec.h"
#include "storage/rocks/head_snapshots.h"

namespace bellwether::storage {
namespace {

// The windows of which a segment's samples are on disk.
class SealedTimes {
 public:
  SealedTimes(SealedThrough sealed, base::DurationMs window) : sealed_(std::move(sealed)), window_(window) {}

  void BeginSegment(std::uint64_t segment) {
    windows_.clear();
    for (const auto& [window, journal_end] : sealed_) {
      if (segment < journal_end) windows_.push_back(window);
    }
    if (!windows_.empty()) end_ = head::WindowEnd(windows_.back(), window_);
  }
  [[nodiscard]] bool Contain(base::TimestampMs t) const {
    return !windows_.empty() && t < end_ &&
           std::binary_search(windows_.begin(), windows_.end(), head::WindowOf(t, window_));
  }

 private:
  const SealedThrough sealed_;
  const base::DurationMs window_;
  std::vector<head::WindowId> windows_;  // Ascending.
  base::TimestampMs end_;                // Of the last.
};

// What refs of the journal stand for. Those that we write count up from 1 in their lower half, so nearly all stand in a
// table, whatever foreign bytes hold.
class JournalRefs {
 public:
  void Clear() {
    dense_.clear();
    others_.clear();
    count_ = 0;
  }
  void Set(SeriesRef ref, SeriesRef here) {
    const std::size_t at = PlaceIn(ref);
    ++count_;
    if (at < kSparsityMax * (count_ + kSparsityMax)) {
      if (at >= dense_.size()) dense_.resize(std::max(at + 1, 2 * dense_.size()));
      dense_[at] = {ref, here};
    } else {
      others_.insert_or_assign(ref, here);
    }
  }
  [[nodiscard]] std::optional<SeriesRef> Find(SeriesRef ref) const {
    const std::size_t at = PlaceIn(ref);
    if (at < dense_.size() && dense_[at].ref == ref && dense_[at].here != SeriesRef()) return dense_[at].here;
    const auto found = others_.find(ref);
    return found == others_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static constexpr std::size_t kSparsityMax = 16;
  struct Entry {
    SeriesRef ref{};
    SeriesRef here{};  // 0: none.
  };
  static std::size_t PlaceIn(SeriesRef ref) { return static_cast<std::uint32_t>(ref); }

  std::vector<Entry> dense_;
  std::unordered_map<SeriesRef, SeriesRef> others_;
  std::size_t count_ = 0;
};

// Gives the head what the journal holds. Refs in the journal mean something for the commits that say the same `since`,
// or stand in the same segment; the head has its own. Of samples that are in sealed windows the head is only told that
// they were.
class HeadReplay {
 public:
  // `refs` of commits that say `since` are known: those of series that were loaded.
  HeadReplay(RocksCore& core, std::uint64_t since, std::span<const SeriesRef> refs)
      : core_(core), since_(since), sealed_(core.catalogue->sealed_through(), core.internals.window) {
    for (std::size_t i = 0; i < refs.size(); ++i) refs_.Set(refs[i], head::Head::LoadedRef(i));
  }

  base::Result<base::TimestampMs> Take(RecordType type, std::string_view payload, const RecordPlace& place) {
    if (type == RecordType::kDeletion) return TakeDeletion(payload);
    if (place.segment != segment_) {
      segment_ = place.segment;
      sealed_.BeginSegment(segment_);
    }
    BW_RETURN_IF_ERROR(DecodeCommit(payload, commit_));
    const std::uint64_t since = commit_.since == 0 ? segment_ : commit_.since;
    if (std::exchange(since_, since) != since) refs_.Clear();
    for (const DecodedCommit::Series& series : commit_.series) {
      refs_.Set(series.ref, core_.head->FindOrRestore(series.labels));
    }
    base::TimestampMs newest = base::TimestampMs::Min();
    const std::size_t lost = TranslateFloats(newest) + TranslateHistograms(newest);
    core_.head->RestoreNewest(sealed_floats_, sealed_histograms_);
    core_.head->Replay(commit_.floats, histograms_);
    for (const MetricMetadata& metadata : commit_.metadata) core_.metadata.Set(metadata);
    samples_ += commit_.floats.size() + histograms_.size();
    if (newest > base::TimestampMs::Min()) core_.newest.Show(newest);
    if (lost > 0) return base::Corruption(fmt::format("{} samples are of series whose definition is lost", lost));
    return newest;
  }

  [[nodiscard]] std::uint64_t samples() const { return samples_; }

 private:
  base::Result<base::TimestampMs> TakeDeletion(std::string_view payload) {
    BW_ASSIGN_OR_RETURN(const Deletion deletion, DecodeDeletion(payload));
    core_.head->Delete(deletion.selectors, deletion.range);
    return base::TimestampMs::Min();
  }

  // Both return how many samples they had to leave out.
  std::size_t TranslateFloats(base::TimestampMs& newest) {
    sealed_floats_.clear();
    const std::size_t lost =
        std::erase_if(commit_.floats, [&](FloatSample& sample) { return !Translate(sample, newest); });
    std::erase_if(commit_.floats, [&](const FloatSample& sample) {
      if (!sealed_.Contain(sample.timestamp)) return false;
      sealed_floats_.push_back(sample);
      return true;
    });
    return lost;
  }

  std::size_t TranslateHistograms(base::TimestampMs& newest) {
    histograms_.clear();
    sealed_histograms_.clear();
    for (const DecodedCommit::Histogram& h : commit_.histograms) {
      HistogramSample sample{h.ref, h.timestamp, &h.histogram, h.start_timestamp};
      if (!Translate(sample, newest)) continue;
      (sealed_.Contain(sample.timestamp) ? sealed_histograms_ : histograms_).push_back(sample);
    }
    return commit_.histograms.size() - histograms_.size() - sealed_histograms_.size();
  }

  template <typename Sample>
  bool Translate(Sample& sample, base::TimestampMs& newest) {
    const std::optional<SeriesRef> found = refs_.Find(sample.ref);
    if (!found) return false;
    sample.ref = *found;
    newest = std::max(newest, sample.timestamp);
    return true;
  }

  RocksCore& core_;
  std::uint64_t segment_ = 0;
  std::uint64_t since_ = 0;
  JournalRefs refs_;
  DecodedCommit commit_;
  std::vector<HistogramSample> histograms_;
  SealedTimes sealed_;
  std::vector<FloatSample> sealed_floats_;
  std::vector<HistogramSample> sealed_histograms_;
  std::uint64_t samples_ = 0;
};

head::HeadOptions MakeHeadOptions(const StorageOptions& options, base::DurationMs window,
                                  head::NewestArchive* archive) {
  std::random_device random;
  return {.window = window,
          .out_of_order_window = options.out_of_order_window,
          .series_limit = options.series_limit,
          .chunk_samples_max = options.chunk_samples_max,
          .hash_seed = static_cast<std::uint64_t>(random()) << 32 | random(),
          .archive = archive,
          .standing_memory = options.standing_memory};
}

WriteGate::Probe MakeDiskProbe(const StorageOptions& options, const RocksInternals& internals) {
  if (internals.disk_space != nullptr) return internals.disk_space;
  return [path = options.path] { return ReadDiskSpace(path); };
}

}  // namespace

RocksCore::RocksCore(const StorageOptions& opts, const RocksInternals& intern, base::Clock& time,
                     base::MetricsRegistry& registry)
    : options(opts),
      internals(intern),
      clock(time),
      metrics(registry),
      own_files(std::make_unique<PosixFileSystem>()),
      exemplars(opts.exemplars_max, opts.out_of_order_window),
      metadata(opts.metadata_max, registry),
      gate(MakeDiskProbe(opts, intern), DiskReserve(), time, registry),
      memory_gate([this] { return MeasureMemory(); }, opts.head_bytes_max, time, registry) {}

RocksCore::~RocksCore() = default;

MemoryUse RocksCore::MeasureMemory() const {
  MemoryUse use{.process = internals.process_memory ? internals.process_memory() : base::ProcessMemory()};
  const Database::Usage used = database->usage();
  use.block_cache = used.block_cache_bytes;
  use.memtables = used.memtable_bytes;
  if (options.query_memory != nullptr) use.queries = options.query_memory->used();
  if (options.standing_memory != nullptr) use.queries += options.standing_memory->used();
  return use;
}

void RocksCore::ResetHead() {
  head = std::make_unique<head::Head>(MakeHeadOptions(options, internals.window, archive.get()));
}

base::Status RocksCore::Open(std::shared_ptr<Database> opened) {
  database = std::move(opened);
  archive = std::make_unique<RocksNewestArchive>(database);
  ResetHead();
  BW_ASSIGN_OR_RETURN(catalogue, Catalogue::Load(database, internals.window));
  DecodedCommit stored;
  BW_RETURN_IF_ERROR(DecodeCommit(catalogue->loaded_metadata(), stored));
  for (const MetricMetadata& m : stored.metadata) metadata.Set(m);
  for (const auto& window : *catalogue->windows()) newest.Show(window->entry().max);
  snapshots = std::make_unique<HeadSnapshots>(*this, Files());
  BW_ASSIGN_OR_RETURN(const HeadSnapshots::Loaded loaded, snapshots->Load());
  return Replay(loaded.read_from, loaded.since, loaded.refs);
}

base::Status RocksCore::Replay(std::uint64_t read_from, std::uint64_t since, std::span<const SeriesRef> refs) {
  const std::int64_t begin = clock.MonotonicNanos();
  HeadReplay replay(*this, since, refs);
  BW_ASSIGN_OR_RETURN(ReplayReport report,
                      ReplayJournal(JournalPath(), Files(), {.keep = catalogue->mark(), .read = read_from},
                                    [&](RecordType type, std::string_view payload, const RecordPlace& place) {
                                      return replay.Take(type, payload, place);
                                    }));
  for (const std::string& damage : report.damage) BW_LOG(kError, "journal damaged", {"what", damage});
  const double seconds = static_cast<double>(clock.MonotonicNanos() - begin) / 1e9;
  metrics.journal_damage.Set(static_cast<double>(report.damage.size()));
  metrics.replay_seconds.Set(seconds);
  BW_LOG(kInfo, "journal read", {"records", report.records}, {"samples", replay.samples()},
         {"torn_bytes", report.torn_bytes}, {"damaged", report.damage.size()}, {"seconds", seconds});
  std::uint64_t replayed_bytes = 0;
  for (const SegmentInfo& segment : report.segments) {
    if (segment.number >= read_from) replayed_bytes += segment.bytes - std::min(segment.bytes, kSegmentHeaderBytes);
  }
  snapshots->NoteReplayed(replayed_bytes);
  // Not below what a window is sealed through, even where those segments are gone (a copy without the head has none):
  // the next start would take what is written there now for sealed.
  std::uint64_t first_segment = read_from;
  for (const auto& [window, journal_end] : catalogue->sealed_through()) {
    first_segment = std::max(first_segment, journal_end);
  }
  BW_ASSIGN_OR_RETURN(journal, Journal::Open({.path = JournalPath(),
                                              .policy = options.sync,
                                              .segment_bytes = internals.journal_segment_bytes,
                                              .first_segment = first_segment},
                                             Files(), std::move(report.segments)));
  FollowJournal();
  return base::OkStatus();
}

Journal::Place RocksCore::FollowJournal() {
  const Journal::Place place = journal->place();
  const base::MutexLock lock(since_mu_);
  if (place.since > followed_since_) {
    followed_since_ = place.since;
    head->SetFirstLiveSegment(static_cast<std::uint32_t>(place.since));
  }
  return place;
}

// The next window is taken to be no larger than the largest so far, the next snapshot than the last. At rest there are
// two of it before the older ones go.
std::uint64_t RocksCore::DiskReserve() const {
  constexpr std::uint64_t kSealBytesMin = 64u << 20;
  std::uint64_t seal = kSealBytesMin;
  if (catalogue != nullptr) {
    for (const auto& window : *catalogue->windows()) {
      seal = std::max(seal, window->entry().bytes / static_cast<std::uint64_t>(window->entry().span));
    }
  }
  const std::uint64_t snapshot = catalogue == nullptr || snapshots == nullptr ? 0 : snapshots->newest_bytes();
  return 2 * internals.journal_segment_bytes + seal + 2 * snapshot;
}

std::string RocksCore::EncodeMetadata() const {
  CommitEncoder encoder;
  for (const MetricMetadata& m : metadata.ByAge()) encoder.AddMetadata(m);
  return std::string(encoder.Payload());
}

}  // namespace bellwether::storage
