// storage/rocks/standing_samples.h
//
// What stands already of a back-fill, in the head or in sealed windows. An import that is sent twice then neither grows
// the store nor the journal, and one that contradicts what is stored is told so, sample by sample.
//
// Looked up is only what can stand: series whose samples are all in order have none, nor those of whose times no chunk
// in the head and no sealed window has any. So a back-fill into empty times costs one look at each of its series a
// commit.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "storage/rocks/rocks_core.h"
#include "storage/storage.h"

namespace bellwether::storage {

struct StandingSamples {
  std::uint64_t repeats = 0;         // Taken out: the same bits are on disk.
  std::uint64_t contradictions = 0;  // Taken out: other bits stand, in the head or on disk.
  std::optional<CommitResult::First> first_contradiction;
};

// Takes samples that need not, or must not, be written out of `floats`; the order of the others stays. Repeats of what
// is in the head remain: what they repeat may not have reached the journal. So do those out of bounds, for the head to
// refuse. The caller holds the pin of the refs. Errors: those of reading sealed windows.
[[nodiscard]] base::Result<StandingSamples> TakeOutStanding(RocksCore& core, std::vector<FloatSample>& floats,
                                                            const head::TimeBounds& bounds);

}  // namespace bellwether::storage
