// storage/head/head.h
//
// The recent samples of a store, in memory: every series with its labels, its open chunk, and what was written since
// its last window was sealed. The head knows no disk. Its owner (storage/rocks) writes the journal, seals windows and
// joins what the head holds with what is on disk:
//
//   commit:   Pin; FindByAlias, FindOrCreate; Apply; journal the definitions of `undefined` series and the samples that
//             were taken (in one record, definitions first); MarkDefined; sync; drop the pin.
//   start:    for each journal record FindOrRestore and Replay. Replay asks no policy, so the order in which concurrent
//             commits reached the journal does not matter.
//   seal:     note the journal's end; TakeWindow; write its series to disk; make that durable; DropWindow. Every sample
//             journalled before the noted end was in the head when the window was taken. A sample that comes later for
//             the same window opens it again: it is listed in Windows() and taken as any other.
//   query:    Select (or LabelNames, LabelValues); for each series read the chunks of disk, then those of the head,
//   with
//             one chunk::MergedCursor.
//
// Costs, in mind while writing this: an append of one sample to a known series is one hash of its label bytes, one
// probe of the alias table and one touch of the series, both prefetched; no allocation, no string. A series is 64 bytes
// of hot state, 4 bytes a label, its share of dictionary and posting lists, and its chunks.
//
// Threads. Everything may be called from any thread at once, except Replay and RestoreNewest (before the others begin).
// Series are spread over shards with a mutex each; a batch is grouped by shard and takes each mutex once. Finding by
// alias, finding by label set and reading posting lists share a reader's lock; only new series and garbage collection
// exclude them. A reader copies a series' few hundred bytes of open chunk under its shard's mutex and decodes outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_share.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/admin.h"
#include "storage/chunk/chunk_view.h"
#include "storage/chunk/time_range.h"
#include "storage/head/newest_archive.h"
#include "storage/head/order_policy.h"
#include "storage/head/snapshot_format.h"
#include "storage/head/window.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

struct HeadOptions {
  base::DurationMs window = base::Hours(2);
  base::DurationMs out_of_order_window = base::Hours(1);
  std::size_t series_limit = 0;  // 0: none.
  std::size_t chunk_samples_max = 240;
  std::uint64_t hash_seed = 0;       // Random in production, so that nobody can choose labels that collide.
  NewestArchive* archive = nullptr;  // Null: of series that leave nothing is known. Outlives the head.
  std::shared_ptr<base::MemoryShare> standing_memory = nullptr;  // For SelectAgain; null: no bound.
};

// What became of a batch. Kept by the caller and used again, so that a commit allocates nothing.
struct Applied {
  std::vector<Outcome> floats;  // One for each sample handed in.
  std::vector<Outcome> histograms;
  CommitResult result;  // The same counted; exemplars left at 0.
  // Series with a taken or repeated sample whose definition is in no live journal segment, each once. Whoever journals
  // the batch writes their labels before the samples. Two commits may both be told of one series; writing it twice is
  // harmless.
  std::vector<SeriesRef> undefined;
};

class Head {
 private:
  struct Impl;

 public:
  explicit Head(const HeadOptions& options);
  ~Head();
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  // ---- Series -----------------------------------------------------------------------------------------------------

  // While it lives, refs that were found after it was made stay good. Cheap (one short lock); not to be kept for long,
  // since garbage waits for it.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept;
    Pin& operator=(Pin&& other) noexcept;
    ~Pin();

   private:
    friend class Head;
    Impl* head_ = nullptr;
    std::uint64_t epoch_ = 0;
  };
  [[nodiscard]] Pin PinRefs();

  // See Appender. The caller holds a pin. `refs` is as long as `aliases`.
  void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) const;
  // Errors: kLimitExceeded.
  [[nodiscard]] base::Result<SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias = {});
  // kNone if there is no such series.
  [[nodiscard]] SeriesRef Find(const metric::Labels& labels, std::string_view alias = {});
  // For Replay: a series that was acknowledged once is there again, whatever the limit is now.
  [[nodiscard]] SeriesRef FindOrRestore(const metric::Labels& labels);
  [[nodiscard]] metric::Labels LabelsOf(SeriesRef ref) const;

  // ---- Samples ----------------------------------------------------------------------------------------------------

  // Takes or refuses each sample, by order_policy.h; `applied` is overwritten. The caller holds the pin under which the
  // refs were found. Samples of one series are judged in the order in which they stand; floats before histograms.
  void Apply(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms, const TimeBounds& bounds,
             Applied& applied);

  // Takes samples that were taken before. One older than the newest of its series is put aside as a late one, whatever
  // its age; one that repeats a stored time is not read.
  void Replay(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms);

  // Tells of samples that are on disk: each series' newest there, against which later ones are judged after a restart.
  // Not stored here; without effect on a series that has a newer one.
  void RestoreNewest(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms);

  // The labels of these series now stand in journal segment `segment` (> 0), before any sample that counts on it.
  // Without effect if a snapshot has begun meanwhile that lets go of it.
  void MarkDefined(std::span<const SeriesRef> series, std::uint32_t segment);
  // What stands in segments below this one does not count: series defined there are `undefined` again from the next
  // Apply on. Where segments go, snapshots must tell of their series; those that Save leaves out become undefined by
  // themselves.
  void SetFirstLiveSegment(std::uint32_t segment);
  // Before Save: what was defined below this segment is in the snapshot, or is not to count.
  void SetSnapshotMark(std::uint32_t segment);

  // ---- Windows ----------------------------------------------------------------------------------------------------

  // The windows that hold samples, ascending; the same with the number of their chunks.
  [[nodiscard]] std::vector<WindowId> Windows() const;
  [[nodiscard]] std::map<WindowId, std::int64_t> ChunksByWindow() const;

  // The samples of one window, series by series in order of (metric name, label set). Series that have none are left
  // out. Their open chunk of this window, if any, is closed when its turn comes. One thread.
  class TakenWindow {
   public:
    virtual ~TakenWindow() = default;
    virtual bool Next() = 0;
    // Of the current series, good until Next.
    [[nodiscard]] virtual const metric::Labels& labels() const = 0;
    [[nodiscard]] virtual SeriesRef ref() const = 0;
    // In order of time, not overlapping; late samples are merged in.
    [[nodiscard]] virtual std::span<const chunk::ChunkView> chunks() const = 0;
  };
  // Taking is not giving away: the samples stay and are read here until DropWindow. Take again after a failure.
  // `idle_before`: only of series whose newest sample is older.
  [[nodiscard]] std::unique_ptr<TakenWindow> TakeWindow(WindowId window,
                                                        base::TimestampMs idle_before = base::TimestampMs::Max());
  // Forgets exactly what the last TakenWindow of this window has passed by. Readers keep what they hold.
  void DropWindow(WindowId window);

  // Forgets the samples in the range of series that match one of the selectors; series judge what comes next by what is
  // left of them. The caller keeps commits and TakeWindow out meanwhile. Readers keep what they hold.
  void Delete(SelectorSpan selectors, const chunk::TimeRange& range);

  // Removes series without samples whose newest sample is older than `idle_before`, and aliases that lead to none; what
  // is newest goes to the archive first. The caller keeps DropWindow and Delete out meanwhile. Frees what no pin can
  // reach; the rest at the next call. Returns how many series went. Errors: those of the archive; all series stay then.
  [[nodiscard]] base::Result<std::size_t> CollectGarbage(base::TimestampMs idle_before);

  // Series whose newest sample is older than `idle_before` keep no room for the next one. Cheap.
  void RestIdle(base::TimestampMs idle_before);
  // How many series have samples here, but none that is as new. As cheap.
  [[nodiscard]] std::size_t CountIdle(base::TimestampMs idle_before) const;

  // ---- Snapshots ----------------------------------------------------------------------------------------------------

  // Writes every series with its newest sample, its chunks and late samples, a batch at a time: `sink` takes the labels
  // and the samples of the same series, with their refs, and may refuse, which ends it. Everything that was in the head
  // when Save began is written, but for chunks of `handed_over` windows that the last TakenWindow passed by: those are
  // on disk, and only readers still want them. Samples that come meanwhile may be written or not. Commits wait for a
  // shard's few microseconds at most.
  using SnapshotSink = std::function<base::Status(std::string_view labels, std::string_view samples)>;
  [[nodiscard]] base::Result<SnapshotTotals> Save(std::span<const WindowId> handed_over,
                                                  const SnapshotSink& sink) const;

  struct Snapshot {
    std::vector<std::string_view> labels;  // Batches, in order,
    std::vector<std::string_view> samples;
    SnapshotTotals totals;  // and what they hold together.
  };
  struct Loaded {
    std::uint64_t chunks = 0;
    base::TimestampMs newest = kNoSample;  // Of all.
    std::vector<SeriesRef> refs;           // When they were saved, of the series that are here at slots 0, 1, 2, ...
  };
  // The ref of a series at a slot of a head that was filled.
  [[nodiscard]] static SeriesRef LoadedRef(std::size_t slot);
  // Fills an empty head; nobody else uses it. Leaves out chunks of windows that `is_sealed` says yes to, though not
  // their series' newest samples. kCorruption: the head is in no useful state then.
  [[nodiscard]] base::Result<Loaded> Load(const Snapshot& snapshot, const std::function<bool(WindowId)>& is_sealed);

  // ---- Reading ----------------------------------------------------------------------------------------------------

  struct NewestFloat {
    base::TimestampMs t;
    double value = 0;
  };

  // Series with samples in the range, by label set. One thread.
  class Selection {
   public:
    virtual ~Selection() = default;
    virtual bool Next() = 0;
    // Of the current series, good until Next.
    [[nodiscard]] virtual const metric::Labels& labels() const = 0;
    // That overlap the range, in the order in which MergedCursor wants them; where there may be histograms, also those
    // that bear on the hint of the first. Empty if labels_only was asked for.
    [[nodiscard]] virtual std::span<const chunk::ChunkView> chunks() const = 0;
    // Set where newest_only was asked for and no chunk is needed for it: chunks() is empty then.
    [[nodiscard]] virtual const std::optional<NewestFloat>& newest() const = 0;
  };
  struct Range {
    base::TimestampMs min = base::TimestampMs::Min();  // Both inclusive.
    base::TimestampMs max = base::TimestampMs::Max();
  };
  // `hints` narrows the range further. The selection must not outlive the head.
  [[nodiscard]] std::unique_ptr<Selection> Select(std::span<const metric::Matcher> matchers, Range range,
                                                  const SelectHints& hints = {}) const;
  // Select for a selection that is asked again and again, as rules ask: what was found and decoded is kept for the next
  // time; see standing_selections.h. Labels of one series are copies of one set from one time to the next. Null:
  // nothing is kept of such a range, or there is no memory for it. `held` lives as long as the set.
  [[nodiscard]] std::unique_ptr<SeriesSet> SelectAgain(std::span<const metric::Matcher> matchers, Range range,
                                                       bool newest_only, std::shared_ptr<const void> held);
  // Adds the names, or the values of `name`, of series that match and have samples in the range.
  void LabelNames(std::span<const metric::Matcher> matchers, Range range,
                  std::set<std::string, std::less<>>& names) const;
  void LabelValues(std::string_view name, std::span<const metric::Matcher> matchers, Range range,
                   std::set<std::string, std::less<>>& values) const;

  // What a series has within times, both inclusive. The caller holds the pin under which the ref was found.
  struct Within {
    base::TimestampMs newest = kNoSample;  // Of the series, wherever that is.
    bool any = false;                      // A chunk, or a late sample, may have a sample there.
  };
  [[nodiscard]] Within WithinOf(SeriesRef ref, base::TimestampMs min, base::TimestampMs max) const;

  // disk_bytes is left at 0.
  [[nodiscard]] StorageStats Stats(std::size_t limit) const;
  [[nodiscard]] std::size_t SeriesCount() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::storage::head
