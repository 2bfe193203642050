// tests/promql/loading.h
//
// What a `load` command brings into a storage.
#pragma once

#include "base/status.h"
#include "storage/storage.h"
#include "tests/promql/script.h"

namespace bellwether::promqltest {

// All samples in one commit. kInvalidArgument if a histogram is not valid or classic buckets are not cumulative,
// kConflict if the storage refuses a sample.
[[nodiscard]] base::Status Load(const LoadCommand& load, storage::Storage& storage);

}  // namespace bellwether::promqltest
