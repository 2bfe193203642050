// storage/rocks/analyze.h
//
// What the embedded store is full of: every series table is read, no samples are.
#pragma once

#include <cstddef>

#include "storage/admin.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

// See StorageAdmin::Analyze.
[[nodiscard]] base::Result<CardinalityReport> AnalyzeStore(RocksCore& core, std::size_t limit);

}  // namespace bellwether::storage
