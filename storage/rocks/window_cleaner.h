// storage/rocks/window_cleaner.h
//
// Writes windows anew without what tombstones hide. Of two samples at one time that of the lower generation counts, so
// the generations behind one that is rewritten are rewritten too, in their order, and all change places at once.
#pragma once

#include "base/status.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

// Cleans one window, if there is one to be cleaned; false if there is none. The caller keeps maintenance out. A crash
// leaves files that no catalogue names: they are dropped at start. Errors: kUnavailable (disk full), kCorruption (a
// window cannot be read: it stays as it is), kInternal.
[[nodiscard]] base::Result<bool> CleanNextWindow(RocksCore& core);

}  // namespace bellwether::storage
