// storage/rocks/backup.h
//
// Copies of a store, made while it runs, and stores made from copies. A copy is a folder of the same layout:
//
//   FORMAT    docs/formats/folder.md
//   db/       a RocksDB checkpoint: table files are second names for those of the store
//   journal/  what is not in sealed windows; absent segments: the copy was made without the head
//   head/     snapshots of the head, where the journal alone is not enough
//
// It holds everything acknowledged before it was begun. It is made under another name, synced, and renamed, so what is
// there is whole. Files that share their bytes with the store's are never changed again by either.
#pragma once

#include <string>

#include "base/status.h"
#include "storage/admin.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

// Makes <path>/snapshots/<name>. The caller keeps maintenance out. Errors: kUnavailable (disk full), kInternal.
[[nodiscard]] base::Status WriteBackup(RocksCore& core, const std::string& name, SnapshotContent content);

}  // namespace bellwether::storage
