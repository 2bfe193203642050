// storage/rocks/head_snapshots.h
//
// Snapshots of the head in <path>/head: what bounds the time of a start. One is taken when so much was journalled that
// reading it again would cost more than a start may, after a while, and at a clean end. It is named for its mark: a
// start reads the newest good one and the journal from its mark on.
//
// Taking one: the journal begins a new segment (the mark); every series is written to a file with another name, which
// is synced and renamed; the directory is synced. Then, and only then, the catalogue's mark moves to that of the
// snapshot before, the journal is let go below it, and older snapshots are removed. So there are always two ways back:
// the newest snapshot, or the one before and more of the journal.
//
// When nothing has been journalled for some seconds and what is kept of the journal is worth it, two are taken at once,
// with nothing of the journal between them: a store at rest has no journal.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

class HeadSnapshots {
 public:
  HeadSnapshots(RocksCore& core, FileSystem& files);

  // Where the journal goes on, and what it calls the series that the head has: refs[i] is Head::LoadedRef(i) in commits
  // that say `since`.
  struct Loaded {
    std::uint64_t read_from = 0;  // Segment.
    std::uint64_t since = 0;
    std::vector<SeriesRef> refs;
  };
  // Fills the core's head from the newest snapshot that is whole, if there is one. What a bad one costs is reported.
  // Errors: those of the file system.
  [[nodiscard]] base::Result<Loaded> Load();
  // Tells how much of the journal had to be read after Load.
  void NoteReplayed(std::uint64_t bytes) { replayed_bytes_ = bytes; }

  // So much was journalled since the last one, or it is so old, or the store is at rest. To be asked several times a
  // second for the latter.
  [[nodiscard]] bool IsDue();
  // Anything was journalled since the last one.
  [[nodiscard]] bool HasNews() const { return BytesSince() > 0; }
  // Of the last one taken or read; 0 if there is none.
  [[nodiscard]] std::uint64_t newest_bytes() const { return newest_bytes_; }
  // Takes one, or two of a store at rest. `handed_over` as Head::Save has it. Errors: kUnavailable (disk full),
  // kInternal; the last one stays good.
  [[nodiscard]] base::Status Take(std::span<const head::WindowId> handed_over);

 private:
  [[nodiscard]] std::uint64_t BytesSince() const;
  [[nodiscard]] base::Result<Loaded> LoadFrom(std::uint64_t mark);
  [[nodiscard]] bool IsAtRest();
  [[nodiscard]] std::uint64_t KeptBytes() const;
  // One or two that the next is to have; none: there is one of all there is.
  struct Marks {
    std::vector<std::uint64_t> segments;
    std::uint64_t since = 0;
  };
  [[nodiscard]] base::Result<Marks> ChooseMarks(bool at_rest);
  [[nodiscard]] base::Result<std::uint64_t> Write(const Marks& marks, std::span<const head::WindowId> handed_over);
  [[nodiscard]] base::Status LetGo(std::uint64_t mark);
  [[nodiscard]] base::Status RemoveBelow(std::uint64_t mark);
  [[nodiscard]] std::string PathOf(std::uint64_t mark) const;
  [[nodiscard]] std::string TemporaryPath(std::size_t number) const;

  RocksCore& core_;
  FileSystem& files_;
  const std::string path_;
  std::optional<std::uint64_t> newest_;  // Its mark.
  std::uint64_t newest_bytes_ = 0;
  std::uint64_t journalled_then_ = 0;
  std::uint64_t replayed_bytes_ = 0;  // Journalled before this start, and since the newest.
  base::TimestampMs taken_at_;
  std::uint64_t seen_journalled_ = 0;  // When IsAtRest last looked,
  std::int64_t unchanged_since_ns_;    // and since when it was that.
};

}  // namespace bellwether::storage
