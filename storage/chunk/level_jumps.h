// storage/chunk/level_jumps.h
//
// A few steps of a column may dwarf all others: where a counter began anew, where a gauge went to another level. Each
// makes the range of what is entropy coded hundreds of times wider and the whole chunk up to half as large again. So
// they are taken out and kept beside the column, which is then as narrow as it is between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether::storage::chunk {

// From `position` on all integers are higher by `by`.
struct LevelJump {
  std::size_t position = 0;
  std::int64_t by = 0;
};
using LevelJumps = std::vector<LevelJump>;

inline constexpr std::size_t kLevelJumpsMax = 16;  // More than these are the nature of the column.

// The positions of steps that dwarf the others, ascending; none if there are too many. Integers are within +-2^53.
[[nodiscard]] std::vector<std::size_t> FindJumpPositions(std::span<const std::int64_t> integers);

// What to take out at these positions: so that steps go on as between jumps (counters), or so that the means of what
// lies between jumps become equal (gauges). Which is the better one, the size of the result tells.
[[nodiscard]] LevelJumps JumpsOfSteps(std::span<const std::int64_t> integers, std::span<const std::size_t> positions);
[[nodiscard]] LevelJumps JumpsOfMeans(std::span<const std::int64_t> integers, std::span<const std::size_t> positions);

void TakeOutJumps(const LevelJumps& jumps, std::span<std::int64_t> integers);
void PutBackJumps(const LevelJumps& jumps, std::span<std::int64_t> integers);

// jumps = count:varint (step:varint by:zigzag)*, step from the position before, 0 for the first.
void AppendJumps(const LevelJumps& jumps, std::string& out);
// False on bytes that are no such list of a column of `count`.
[[nodiscard]] bool ReadJumps(std::string_view& in, std::size_t count, LevelJumps& jumps);

}  // namespace bellwether::storage::chunk
