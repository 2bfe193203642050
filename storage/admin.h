// storage/admin.h
//
// What an operator does with a store, beside reading and writing: deletes series, copies it, checks it, asks what it
// is full of. Storage::admin() gives it for an open store; the functions below work on the folder of a stopped one.
//
// Deletion. What was committed before the call is invisible to every Select that begins after it returns, now and after
// any restart; what is written later is visible, whatever its time. A commit that runs at the same time may fall on
// either side. Samples that memory holds go at once; those on disk are hidden by tombstones until CleanTombstones, or
// the merging of windows, writes their files anew. Until then label names and values of a series of which nothing is
// left may still be listed where no matcher is given, as Prometheus does it. Exemplars stay.
//
// A series that loses its newest sample is judged from then on by the newest that memory has left of it; with none left
// it takes any time within retention, so what was written wrongly can be written again.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "storage/storage.h"

namespace bellwether::storage {

// A series is meant if it matches all matchers of one of them.
using SelectorSpan = std::span<const std::vector<metric::Matcher>>;

enum class SnapshotContent : std::uint8_t {
  kEverything,  // All that was acknowledged before the call.
  kSealed,      // Sealed windows and states; not what memory holds of samples.
};

// What a check of everything found.
struct VerifyReport {
  struct Damage {
    std::string place;  // A file, or a window and generation, or a key.
    std::string what;
  };
  std::vector<Damage> damage;      // Something that was written cannot be read as it was.
  std::vector<std::string> notes;  // What looks strange and is none.

  // What was read.
  std::uint64_t journal_segments = 0;
  std::uint64_t journal_records = 0;
  std::uint64_t journal_samples = 0;
  std::uint64_t files = 0;  // Of the database.
  std::uint64_t windows = 0;
  std::uint64_t series = 0;  // Summed over windows.
  std::uint64_t chunks = 0;
  std::uint64_t samples = 0;
  std::uint64_t state_entries = 0;
};

// What the store is full of. Lists descend and have at most as many entries as were asked for; series are counted once,
// wherever they have samples.
struct CardinalityReport {
  struct Window {
    base::TimestampMs min;  // Of its samples.
    base::TimestampMs max;
    std::uint64_t series = 0;
    std::uint64_t samples = 0;
    std::uint64_t bytes = 0;
    std::uint64_t came = 0;  // Series that the window before did not have,
    std::uint64_t went = 0;  // or had, and this one has not.
  };
  std::uint64_t series = 0;
  std::uint64_t label_pairs = 0;
  std::uint64_t samples = 0;  // In sealed windows.
  std::uint64_t bytes = 0;
  std::vector<Window> windows;  // By time. Memory is not among them.
  std::vector<NameCount> series_by_metric;
  std::vector<NameCount> series_by_label;
  std::vector<NameCount> values_by_label;
  std::vector<NameCount> series_by_label_pair;  // "label=value"
  std::vector<NameCount> bytes_by_metric;       // On disk, index left out; to the block of 32 KiB.
};

// A sealed window, or several merged, as the catalogue has it.
struct SealedWindowInfo {
  std::uint64_t id = 0;     // Unlike that of any other window on disk; the files of one never change.
  base::TimestampMs min{};  // Of its samples, both inclusive.
  base::TimestampMs max;
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;
  std::uint64_t samples = 0;  // Those among them that are deleted count until the files are written anew.
  std::uint64_t bytes = 0;    // On disk.
  std::uint64_t merged = 1;   // Windows that it holds.
  bool has_deletions = false;
};

class StorageAdmin {
 public:
  virtual ~StorageAdmin() = default;

  // The samples of [min, max], both inclusive. Durable when it returns; after an error some of it may be in effect, and
  // repeating it is harmless. Errors: kUnavailable (disk full), kCorruption, kInternal (I/O).
  virtual base::Status DeleteSeries(base::TimestampMs min, base::TimestampMs max, SelectorSpan selectors) = 0;

  // Writes anew what is hidden in part, and forgets what is hidden whole. Disk space is free as soon as no reader needs
  // the old files. Errors as above; what was done stays done.
  virtual base::Status CleanTombstones() = 0;

  // Copies the store to <path>/snapshots/<name> while it runs, and returns the name: the time and a random number, as
  // Prometheus has it. Errors: kUnavailable (disk full), kExecution (nothing is on disk), kInternal (I/O).
  virtual base::Result<std::string> Snapshot(SnapshotContent content) = 0;

  // Reads and checks everything. Damage is in the report, not an error. Errors: kExecution (nothing is on disk),
  // kInternal (I/O).
  virtual base::Result<VerifyReport> Verify() = 0;

  // `limit` entries a list. Errors: kCorruption, kInternal (I/O).
  virtual base::Result<CardinalityReport> Analyze(std::size_t limit) = 0;

  // The windows on disk by time; cheap.
  [[nodiscard]] virtual std::vector<SealedWindowInfo> SealedWindows() const = 0;
};

// Makes the folder `target`, absent or empty, a store as `snapshot` has it. Errors: kNotFound (no snapshot), kConflict
// (not empty), kUnavailable (disk full, held by a process), kInternal.
[[nodiscard]] base::Status RestoreSnapshot(const std::string& snapshot, const std::string& target);

// Checks the folder of a store that nobody runs, and changes nothing. Errors: kNotFound (no store), kUnavailable (held:
// the message names the process), kInternal (I/O).
[[nodiscard]] base::Result<VerifyReport> VerifyStoreAt(const std::string& path, base::Clock& clock);

}  // namespace bellwether::storage
