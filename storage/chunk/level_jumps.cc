#include "storage/chunk/level_jumps.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "base/bytes.h"

namespace bellwether::storage::chunk {
namespace {

constexpr std::uint64_t kDwarfs = 32;  // Times the mean of the other steps.

std::uint64_t Magnitude(std::int64_t step) {
  return step < 0 ? 0 - static_cast<std::uint64_t>(step) : static_cast<std::uint64_t>(step);
}

std::int64_t StepAt(std::span<const std::int64_t> integers, std::size_t i) { return integers[i] - integers[i - 1]; }

// Jumps in whole units, so that a column of multiples stays one.
std::int64_t CommonStep(std::span<const std::int64_t> integers) {
  std::uint64_t unit = 0;
  for (std::size_t i = 1; i < integers.size() && unit != 1; ++i) unit = std::gcd(unit, Magnitude(StepAt(integers, i)));
  return static_cast<std::int64_t>(std::max<std::uint64_t>(unit, 1));
}

std::int64_t Rounded(double value, std::int64_t unit) {
  const double units = value / static_cast<double>(unit);
  return static_cast<std::int64_t>(units + (units < 0 ? -0.5 : 0.5)) * unit;
}

double MeanOf(std::span<const std::int64_t> integers) {
  double sum = 0;
  for (const std::int64_t m : integers) sum += static_cast<double>(m);
  return sum / static_cast<double>(integers.size());
}

void Shift(const LevelJumps& jumps, std::span<std::int64_t> integers, bool up) {
  std::uint64_t level = 0;
  for (std::size_t j = 0; j < jumps.size(); ++j) {
    level += static_cast<std::uint64_t>(jumps[j].by);
    const std::size_t end = j + 1 < jumps.size() ? jumps[j + 1].position : integers.size();
    const std::uint64_t by = up ? level : 0 - level;
    for (std::size_t i = jumps[j].position; i < end; ++i) {
      integers[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(integers[i]) + by);
    }
  }
}

}  // namespace

std::vector<std::size_t> FindJumpPositions(std::span<const std::int64_t> integers) {
  std::vector<std::size_t> positions;
  if (integers.size() < 3) return positions;
  double sum = 0;
  std::uint64_t largest = 0;
  for (std::size_t i = 1; i < integers.size(); ++i) {
    const std::uint64_t step = Magnitude(StepAt(integers, i));
    sum += static_cast<double>(step);
    largest = std::max(largest, step);
  }
  const auto steps = static_cast<double>(integers.size() - 1);
  // Jumps that are worth their bytes are a good part of all steps together; most columns end here.
  if (static_cast<double>(largest) * static_cast<double>(kLevelJumpsMax + 1) < sum) return positions;

  std::vector<std::pair<std::uint64_t, std::size_t>> top;
  for (std::size_t i = 1; i < integers.size(); ++i) top.emplace_back(Magnitude(StepAt(integers, i)), i);
  const auto last = static_cast<std::ptrdiff_t>(std::min(kLevelJumpsMax + 1, top.size()));
  std::partial_sort(top.begin(), top.begin() + last, top.end(), std::greater<>());
  double rest = sum;
  for (std::ptrdiff_t k = 0; k < last; ++k) rest -= static_cast<double>(top[static_cast<std::size_t>(k)].first);
  const double limit = (rest / steps + 1) * static_cast<double>(kDwarfs);
  for (std::ptrdiff_t k = 0; k < last; ++k) {
    const auto& [step, position] = top[static_cast<std::size_t>(k)];
    if (static_cast<double>(step) > limit) positions.push_back(position);
  }
  if (positions.size() > kLevelJumpsMax) positions.clear();
  std::sort(positions.begin(), positions.end());
  return positions;
}

LevelJumps JumpsOfSteps(std::span<const std::int64_t> integers, std::span<const std::size_t> positions) {
  const std::int64_t unit = CommonStep(integers);
  double others = static_cast<double>(integers.back()) - static_cast<double>(integers.front());
  for (const std::size_t p : positions) others -= static_cast<double>(StepAt(integers, p));
  const double usual = others / static_cast<double>(integers.size() - 1);
  LevelJumps jumps;
  for (const std::size_t p : positions) jumps.push_back({p, StepAt(integers, p) - Rounded(usual, unit)});
  return jumps;
}

LevelJumps JumpsOfMeans(std::span<const std::int64_t> integers, std::span<const std::size_t> positions) {
  const std::int64_t unit = CommonStep(integers);
  LevelJumps jumps;
  double before = MeanOf(integers.first(positions[0]));
  for (std::size_t j = 0; j < positions.size(); ++j) {
    const std::size_t end = j + 1 < positions.size() ? positions[j + 1] : integers.size();
    const double after = MeanOf(integers.subspan(positions[j], end - positions[j]));
    jumps.push_back({positions[j], Rounded(after - before, unit)});
    before = after;
  }
  return jumps;
}

void TakeOutJumps(const LevelJumps& jumps, std::span<std::int64_t> integers) { Shift(jumps, integers, false); }

void PutBackJumps(const LevelJumps& jumps, std::span<std::int64_t> integers) { Shift(jumps, integers, true); }

void AppendJumps(const LevelJumps& jumps, std::string& out) {
  base::AppendVarint(out, jumps.size());
  std::size_t position = 0;
  for (const LevelJump& jump : jumps) {
    base::AppendVarint(out, jump.position - position);
    base::AppendVarint(out, base::ZigZag(jump.by));
    position = jump.position;
  }
}

bool ReadJumps(std::string_view& in, std::size_t count, LevelJumps& jumps) {
  jumps.clear();
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || n > kLevelJumpsMax) return false;
  std::size_t position = 0;
  for (std::uint64_t j = 0; j < n; ++j) {
    std::uint64_t step = 0;
    std::uint64_t by = 0;
    if (!base::ReadVarint(in, step) || step == 0 || step >= count - position || !base::ReadVarint(in, by)) return false;
    position += static_cast<std::size_t>(step);
    jumps.push_back({position, base::UnZigZag(by)});
  }
  return true;
}

}  // namespace bellwether::storage::chunk
