// storage/rocks/verify.h
//
// Reads everything below the path of a store and checks it: FORMAT, every record of the journal, every block of every
// file, every window against its entry (verify_window.h), catalogue and files against each other, every state, every
// snapshot of the head. Changes nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/admin.h"
#include "storage/journal/file_system.h"
#include "storage/rocks/database.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

// What the catalogue says, and what is said of it and the files there are.
struct CheckedCatalogue {
  std::uint64_t mark = 1;  // Of the journal.
  base::DurationMs window_length = base::Hours(2);
  std::vector<WindowEntry> windows;
};
// Nobody changes the catalogue meanwhile. Quick: no window is read.
[[nodiscard]] CheckedCatalogue VerifyCatalogue(Database& database, VerifyReport& report);

// Every block of every table that stays, every state, and what is known of idle series.
void VerifyTables(Database& database, VerifyReport& report);

// The journal's segments in [from, end).
struct JournalRange {
  std::uint64_t from = 1;
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
};
// What snapshots of the head define for the journal: refs by the `since` of their commits.
using SavedRefs = std::map<std::uint64_t, std::unordered_set<SeriesRef>>;
// Segments that go meanwhile are left out, and so are snapshots of the head below. `saved`: null if it is not known;
// then nothing is said of refs that other segments define.
[[nodiscard]] base::Status VerifyJournal(const std::string& path, FileSystem& files, const JournalRange& range,
                                         const SavedRefs* saved, VerifyReport& report);

// The files of <path>/head.
[[nodiscard]] base::Status VerifyHeadSnapshots(const std::string& path, FileSystem& files, SavedRefs& saved,
                                               VerifyReport& report);

}  // namespace bellwether::storage
