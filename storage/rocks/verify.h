// storage/rocks/verify.h
//
// Reads everything below the path of a store and checks it: FORMAT, every record of the journal, every block of every
// file, every window against its entry (verify_window.h), catalogue and files against each other, every state, every
// snapshot of the head. Changes nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "storage/admin.h"
#include "storage/journal/file_system.h"
#include "storage/rocks/database.h"

namespace bellwether::storage {

// The journal's segments in [from, end).
struct JournalRange {
  std::uint64_t from = 1;
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
};
[[nodiscard]] base::Status VerifyJournal(const std::string& path, FileSystem& files, const JournalRange& range,
                                         VerifyReport& report);

// The files of <path>/head, of which nobody makes or removes one meanwhile.
[[nodiscard]] base::Status VerifyHeadSnapshots(const std::string& path, FileSystem& files, VerifyReport& report);

// The database, its windows and states; returns the journal's mark. The caller keeps maintenance out.
[[nodiscard]] base::Result<std::uint64_t> VerifyDatabase(Database& database, VerifyReport& report);

}  // namespace bellwether::storage
