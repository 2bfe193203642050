// storage/rocks/catalogue.h
//
// Which sealed windows there are. On disk it is the column family `meta`, in memory a list that readers hold while a
// newer one takes its place. A window counts from the moment the catalogue names it, and only then.
//
// Thread-safe; changes are made by one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/rocks/database.h"
#include "storage/rocks/sealed_window.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

using WindowList = std::vector<std::shared_ptr<const SealedWindow>>;  // By window, then generation.

// Of windows that were sealed: the journal segment that began when they were sealed last. What was journalled below it
// is in the sealed window.
using SealedThrough = std::map<head::WindowId, std::uint64_t>;

class Catalogue {
 public:
  // Reads what is on disk and removes the files of generations it does not name: remains of a seal that was cut short.
  // `window_length` is the length of windows; a database made with another length is refused (kInvalidArgument).
  [[nodiscard]] static base::Result<std::unique_ptr<Catalogue>> Load(std::shared_ptr<Database> database,
                                                                     base::DurationMs window_length);

  // The list as it is now. Windows in it stay readable as long as it is held.
  [[nodiscard]] std::shared_ptr<const WindowList> windows() const;
  // Goes up with each change. All readers of lists older than `version` are gone:
  [[nodiscard]] bool OlderReadersGone(std::uint64_t version) const;

  // The number for a further generation that begins with this window. A reserved one is nobody else's.
  [[nodiscard]] std::uint32_t NextGeneration(head::WindowId window) const;
  [[nodiscard]] WindowKey ReserveGeneration(head::WindowId window);
  void Unreserve(const WindowKey& key);
  // The files of these generations stay until they are released, also if they are forgotten meanwhile. For long work on
  // a few windows: a list that is held keeps back what was sealed since, and the head cannot give its memory back.
  void Hold(const std::vector<WindowKey>& keys);
  void Release(const std::vector<WindowKey>& keys);
  // Some generation holds this window, alone or with others.
  [[nodiscard]] bool Contains(head::WindowId window) const;

  // Names a generation whose files are in the database and have all of the window that was journalled below segment
  // `journal_end` (0: not known). Synced. Returns the version that has it.
  [[nodiscard]] base::Result<std::uint64_t> Add(const WindowEntry& entry, std::uint64_t journal_end = 0) {
    return Swap({entry}, {}, journal_end);
  }
  // The same, and forgets those that it was merged from.
  [[nodiscard]] base::Result<std::uint64_t> Merge(const WindowEntry& entry, const std::vector<WindowKey>& inputs) {
    return Swap({entry}, inputs);
  }
  // Forgets generations and their tombstones. Synced. Their files go with DropRemoved.
  [[nodiscard]] base::Status Remove(const std::vector<WindowKey>& keys) { return Swap({}, keys).status(); }
  // Names some and forgets others, all at once.
  [[nodiscard]] base::Result<std::uint64_t> Swap(const std::vector<WindowEntry>& added,
                                                 const std::vector<WindowKey>& forgotten,
                                                 std::uint64_t journal_end = 0);
  // Hides samples of generations, beside what is hidden of them already. Synced, all at once.
  [[nodiscard]] base::Status SetTombstones(const std::vector<std::pair<WindowKey, Tombstones>>& deleted);
  // Removes the files of forgotten generations that no reader can reach any more and nobody holds.
  [[nodiscard]] base::Status DropRemoved();
  // Files of forgotten generations are still there.
  [[nodiscard]] bool HasRemoved() const;

  // Where the journal is to be read from, and metadata as of then; written together. Synced.
  [[nodiscard]] base::Status SetMark(std::uint64_t segment, std::string_view metadata);
  [[nodiscard]] std::uint64_t mark() const;
  // Only windows for which it matters to somebody who reads the journal from the mark on.
  [[nodiscard]] SealedThrough sealed_through() const;
  [[nodiscard]] const std::string& loaded_metadata() const { return loaded_metadata_; }

 private:
  struct Removed {
    WindowKey key;
    std::uint64_t version;  // The first list without it.
  };

  Catalogue(std::shared_ptr<Database> database, base::DurationMs window_length)
      : database_(std::move(database)), window_length_(window_length) {}
  [[nodiscard]] base::Status ReadAll();
  [[nodiscard]] base::Status CheckFormat();
  [[nodiscard]] base::Status DropOrphans();
  std::uint64_t Publish(WindowList list) BW_REQUIRES(mu_);

  const std::shared_ptr<Database> database_;
  const base::DurationMs window_length_;
  std::string loaded_metadata_;

  mutable base::Mutex mu_;
  std::shared_ptr<const WindowList> current_ BW_GUARDED_BY(mu_);
  std::uint64_t version_ BW_GUARDED_BY(mu_) = 0;
  // Lists that were replaced, with the version they had.
  std::deque<std::pair<std::uint64_t, std::weak_ptr<const WindowList>>> replaced_ BW_GUARDED_BY(mu_);
  std::vector<Removed> removed_ BW_GUARDED_BY(mu_);
  std::vector<WindowKey> reserved_ BW_GUARDED_BY(mu_);
  std::multiset<WindowKey> held_ BW_GUARDED_BY(mu_);
  std::uint64_t mark_ BW_GUARDED_BY(mu_) = 1;
  SealedThrough sealed_through_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::storage
