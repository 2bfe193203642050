// storage/chunk/float_columns.h
//
// A closed chunk of floats: all samples are known, so the best of a few encodings is chosen. Integers and decimals of a
// common exponent become scaled integers, then a constant, a line, deltas or changes of deltas; values that do not fit
// (stale markers, NaN payloads) stand beside as exceptions with all their bits; a column of full mantissas is XORed.
// Varints, not bit packing: they come out smaller once blocks of neighbouring chunks are compressed on disk. Long
// columns of noise come out smaller still when they are entropy coded for themselves; that is tried where there is
// time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "storage/chunk/chunk_view.h"
#include "storage/chunk/columns.h"

namespace bellwether::storage::chunk {

enum class Effort : std::uint8_t {
  kQuick,  // Tens of nanoseconds a sample at most.
  kSmall,  // Twice that, for chunks that are merged to be kept.
};

// Appends the chunk. 1..kMaxChunkSamples samples, times ascending; `starts` empty or as long. Lossless in every bit.
void EncodeFloatColumns(std::span<const base::TimestampMs> times, std::span<const double> values,
                        std::span<const base::TimestampMs> starts, std::string& out, Effort effort = Effort::kQuick);

// The view of a chunk whose first bytes say how many samples it has, and from when to when: columns of floats at a
// regular interval. Nothing for all others. The rest of the bytes is not looked at.
[[nodiscard]] std::optional<ChunkView> ViewRegularColumns(std::string_view bytes);

// `bytes` without the kind; appends to `out`. False on bytes that are no such chunk.
[[nodiscard]] bool DecodeFloatColumns(std::string_view bytes, Columns& out);

}  // namespace bellwether::storage::chunk
