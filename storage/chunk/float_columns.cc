#include "storage/chunk/float_columns.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/chunk/decimal.h"
#include "storage/chunk/entropy_column.h"
#include "storage/chunk/kind.h"
#include "storage/chunk/level_jumps.h"
#include "storage/chunk/time_column.h"
#include "storage/chunk/varint.h"

namespace bellwether::storage::chunk {
namespace {

// On disk: frozen.
enum class ValueEncoding : std::uint8_t {
  kConstant = 0,      // 8 bytes.
  kLine = 1,          // Scaled: exponent, exceptions, first, delta.
  kDeltas = 2,        // Scaled: exponent, exceptions, first, deltas.
  kDeltaChanges = 3,  // Scaled: exponent, exceptions, first, delta, changes of the delta.
  kXored = 4,         // First, a control byte for each other, their significant bytes.
  kEntropyCoded = 5,  // Scaled: exponent, exceptions, entropy_column.h.
  kWithJumps = 6,     // The same of a column without its jumps: exponent, exceptions, level_jumps.h, entropy_column.h.
};

struct Exception {
  std::size_t position = 0;
  std::uint64_t bits = 0;
};

// A column as integers; at the exceptions the integer before is repeated.
struct ScaledColumn {
  int exponent = 0;
  std::vector<std::int64_t> integers;
  std::vector<Exception> exceptions;
};

constexpr std::size_t ExceptionsMax(std::size_t count) { return 1 + count / 8; }
constexpr std::int64_t kScaledLimit = std::int64_t{1} << 53;

// NaN and infinities, which no exponent scales.
bool IsNonFinite(std::uint64_t bits) { return (bits >> 52 & 0x7FF) == 0x7FF; }

// Scales values by the column's exponent from where the column ends. False if too many have to be exceptions.
bool ScaleOn(std::span<const double> values, std::size_t end, ScaledColumn& column) {
  std::int64_t m = column.integers.empty() ? 0 : column.integers.back();
  for (std::size_t i = column.integers.size(); i < end; ++i) {
    if (!ToScaled(values[i], column.exponent, m)) {
      if (column.exceptions.size() == ExceptionsMax(values.size())) return false;
      column.exceptions.push_back({i, std::bit_cast<std::uint64_t>(values[i])});
    }
    column.integers.push_back(m);
  }
  return true;
}

// Finds the least exponent by which all values but a few are integers. The first few values mostly need it already, so
// what was scaled by a lesser one is little.
bool ScaleColumn(std::span<const double> values, ScaledColumn& column) {
  column.exponent = 0;
  column.integers.clear();
  column.exceptions.clear();
  column.integers.reserve(values.size());
  std::size_t misses = 0;
  std::int64_t m = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    if (ToScaled(v, column.exponent, m)) {
      column.integers.push_back(m);
      continue;
    }
    std::int64_t by_greater = 0;
    const bool is_finite = !IsNonFinite(std::bit_cast<std::uint64_t>(v));
    const int needed = is_finite ? FindExponent(v, column.exponent + 1, by_greater) : -1;
    if (needed >= 0) {
      column.exponent = needed;
      column.integers.clear();
      column.exceptions.clear();
      if (!ScaleOn(values, i + 1, column)) return false;
      m = column.integers.back();
      continue;
    }
    if (is_finite && ++misses > ExceptionsMax(values.size())) return false;
    if (!ScaleOn(values, i + 1, column)) return false;
  }
  return true;
}

// A byte for each seven bits begun; 9/64 is as good as 1/7 up to 64 bits, and no division.
std::size_t VarintBytes(std::uint64_t v) { return (static_cast<std::size_t>(std::bit_width(v | 1)) * 9 + 64) / 64; }

struct IntegerSizes {
  std::size_t deltas = 0;
  std::size_t changes = 0;
  bool line = true;
};

IntegerSizes Measure(const std::vector<std::int64_t>& integers) {
  IntegerSizes sizes;
  std::int64_t delta_before = integers[1] - integers[0];
  for (std::size_t i = 1; i < integers.size(); ++i) {
    const std::int64_t delta = integers[i] - integers[i - 1];
    sizes.deltas += VarintBytes(base::ZigZag(delta));
    sizes.changes += VarintBytes(base::ZigZag(delta - delta_before));
    sizes.line = sizes.line && delta == delta_before;
    delta_before = delta;
  }
  return sizes;
}

void AppendEncoding(ValueEncoding encoding, std::string& out) { out.push_back(static_cast<char>(encoding)); }

void AppendExponentAndExceptions(const ScaledColumn& column, std::string& out) {
  out.push_back(static_cast<char>(column.exponent));
  base::AppendVarint(out, column.exceptions.size());
  std::size_t position = 0;
  for (const Exception& e : column.exceptions) {
    base::AppendVarint(out, e.position - position);
    base::AppendFixed64(out, e.bits);
    position = e.position;
  }
}

void AppendAsVarints(const ScaledColumn& column, ValueEncoding encoding, std::string& out) {
  const std::vector<std::int64_t>& integers = column.integers;
  AppendEncoding(encoding, out);
  AppendExponentAndExceptions(column, out);
  thread_local std::vector<char> varints;
  varints.resize(integers.size() * base::kMaxVarintBytes);
  char* end = PutVarint(varints.data(), base::ZigZag(integers[0]));
  std::int64_t delta_before = 0;
  for (std::size_t i = 1; i < integers.size(); ++i) {
    const std::int64_t delta = integers[i] - integers[i - 1];
    end = PutVarint(end, base::ZigZag(encoding == ValueEncoding::kDeltas ? delta : delta - delta_before));
    if (encoding == ValueEncoding::kLine) break;
    delta_before = delta;
  }
  out.append(varints.data(), static_cast<std::size_t>(end - varints.data()));
}

// Bytes that the disk's compressor would make of these.
std::size_t CompressedBytes(std::string_view bytes) {
  constexpr std::size_t kFrameBytes = 12;  // Around the bytes; a block of many chunks has it once.
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  thread_local std::string compressed;
  compressed.resize(ZSTD_compressBound(bytes.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), compressed.data(), compressed.size(), bytes.data(), bytes.size(), 1);
  return ZSTD_isError(size) != 0 ? bytes.size() : size - std::min(size, kFrameBytes);
}

constexpr std::size_t kEntropyCodedMin = 256;  // Samples, below which the table of probabilities always shows.

// Both replace `coded`; false if there is nothing to gain.
bool CodeEntropy(const ScaledColumn& column, std::string& coded) {
  coded.clear();
  AppendEncoding(ValueEncoding::kEntropyCoded, coded);
  AppendExponentAndExceptions(column, coded);
  return AppendEntropyCoded(column.integers, coded);
}

bool CodeWithJumps(const ScaledColumn& column, const LevelJumps& jumps, std::string& coded) {
  coded.clear();
  AppendEncoding(ValueEncoding::kWithJumps, coded);
  AppendExponentAndExceptions(column, coded);
  AppendJumps(jumps, coded);
  thread_local std::vector<std::int64_t> integers;
  integers = column.integers;
  TakeOutJumps(jumps, integers);
  return AppendEntropyCoded(integers, coded);
}

void AppendScaled(const ScaledColumn& column, Effort effort, std::string& out) {
  const IntegerSizes sizes = Measure(column.integers);
  const ValueEncoding encoding = sizes.line                     ? ValueEncoding::kLine
                                 : sizes.changes < sizes.deltas ? ValueEncoding::kDeltaChanges
                                                                : ValueEncoding::kDeltas;
  const std::size_t begin = out.size();
  AppendAsVarints(column, encoding, out);
  if (effort == Effort::kQuick || sizes.line || column.integers.size() < kEntropyCodedMin) return;
  thread_local std::string coded;
  std::size_t least = CompressedBytes(std::string_view(out).substr(begin));
  const auto keep_if_less = [&](bool is_coded) {
    if (!is_coded || coded.size() >= least) return;
    least = coded.size();
    out.replace(begin, std::string::npos, coded);
  };
  keep_if_less(CodeEntropy(column, coded));
  const std::vector<std::size_t> positions = FindJumpPositions(column.integers);
  if (positions.empty()) return;
  keep_if_less(CodeWithJumps(column, JumpsOfSteps(column.integers, positions), coded));
  keep_if_less(CodeWithJumps(column, JumpsOfMeans(column.integers, positions), coded));
}

void AppendXored(std::span<const double> values, std::string& out) {
  AppendEncoding(ValueEncoding::kXored, out);
  auto before = std::bit_cast<std::uint64_t>(values[0]);
  base::AppendFixed64(out, before);
  const std::size_t controls = out.size();
  out.resize(controls + values.size() - 1);
  for (std::size_t i = 1; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(values[i]);
    const std::uint64_t x = bits ^ before;
    before = bits;
    if (x == 0) continue;
    const unsigned low = static_cast<unsigned>(std::countr_zero(x)) / 8;
    const unsigned n = 8 - low - static_cast<unsigned>(std::countl_zero(x)) / 8;
    out[controls + i - 1] = static_cast<char>(low << 4 | n);
    const std::uint64_t significant = x >> (low * 8);
    out.append(reinterpret_cast<const char*>(&significant), n);
  }
}

bool IsConstant(std::span<const double> values) {
  for (const double v : values) {
    if (std::bit_cast<std::uint64_t>(v) != std::bit_cast<std::uint64_t>(values[0])) return false;
  }
  return true;
}

void AppendValues(std::span<const double> values, Effort effort, std::string& out) {
  if (IsConstant(values)) {
    AppendEncoding(ValueEncoding::kConstant, out);
    base::AppendFixed64(out, std::bit_cast<std::uint64_t>(values[0]));
    return;
  }
  thread_local ScaledColumn column;
  if (ScaleColumn(values, column)) {
    AppendScaled(column, effort, out);
  } else {
    AppendXored(values, out);
  }
}

bool ReadXored(std::string_view& in, std::span<double> values) {
  std::uint64_t bits = 0;
  if (!base::ReadFixed64(in, bits) || in.size() < values.size() - 1) return false;
  values[0] = std::bit_cast<double>(bits);
  const std::string_view controls = in.substr(0, values.size() - 1);
  in.remove_prefix(controls.size());
  for (std::size_t i = 1; i < values.size(); ++i) {
    const auto control = static_cast<unsigned char>(controls[i - 1]);
    const unsigned low = control >> 4;
    const unsigned n = control & 15;
    if (low + n > 8 || in.size() < n || (n == 0 && low != 0)) return false;
    std::uint64_t x = 0;
    std::memcpy(&x, in.data(), n);
    in.remove_prefix(n);
    if (n > 0) bits ^= x << (low * 8);
    values[i] = std::bit_cast<double>(bits);
  }
  return true;
}

bool ReadExceptions(std::string_view& in, std::size_t count, std::vector<Exception>& exceptions) {
  exceptions.clear();
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || n > ExceptionsMax(count)) return false;
  std::uint64_t position = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    std::uint64_t step = 0;
    Exception e;
    if (!base::ReadVarint(in, step) || step >= count || !base::ReadFixed64(in, e.bits)) return false;
    position += step;
    if (position >= count) return false;
    e.position = static_cast<std::size_t>(position);
    exceptions.push_back(e);
  }
  return true;
}

// False where an integer is beyond what the writer scales.
bool Unscale(std::span<const std::int64_t> integers, int exponent, std::span<double> values) {
  std::uint64_t beyond = 0;
  for (std::size_t i = 0; i < integers.size(); ++i) {
    beyond |= static_cast<std::uint64_t>(integers[i] > kScaledLimit || integers[i] < -kScaledLimit);
    values[i] = static_cast<double>(integers[i]);
  }
  if (beyond != 0) return false;
  if (exponent == 0) return true;
  // Two divisions at a time.
  const double scale = kPowersOfTen[exponent];
  using Two = double __attribute__((vector_size(16), aligned(8), may_alias));
  std::size_t i = 0;
  for (; i + 2 <= values.size(); i += 2) *reinterpret_cast<Two*>(values.data() + i) /= Two{scale, scale};
  if (i < values.size()) values[i] /= scale;
  return true;
}

std::span<std::int64_t> IntegersFor(std::size_t count) {
  thread_local std::vector<std::int64_t> integers;
  if (integers.size() < count) integers.resize(count);
  return std::span(integers).first(count);
}

// Sums of deltas, or of changes of deltas, from integers[0] on.
template <bool kChanges>
bool SumVarints(std::string_view& in, std::span<std::int64_t> integers) {
  constexpr std::size_t kAtOnce = 8;
  constexpr std::uint64_t kContinued = 0x8080'8080'8080'8080u;
  auto m = static_cast<std::uint64_t>(integers[0]);
  std::uint64_t delta = 0;
  const auto add = [&](std::uint64_t z) {
    const auto read = static_cast<std::uint64_t>(base::UnZigZag(z));
    delta = kChanges ? delta + read : read;
    m += delta;
    return static_cast<std::int64_t>(m);
  };
  const std::size_t n = integers.size();
  for (std::size_t i = 1; i < n;) {
    if (n - i >= kAtOnce && in.size() >= kAtOnce) {
      std::uint64_t word = base::LoadFixed64(in.data());
      if ((word & kContinued) == 0) {  // Eight of one byte, as most are.
        for (std::size_t k = 0; k < kAtOnce; ++k, word >>= 8) integers[i + k] = add(word & 0x7f);
        in.remove_prefix(kAtOnce);
        i += kAtOnce;
        continue;
      }
    }
    // Some one by one, then eight are tried again.
    for (const std::size_t end = std::min(n, i + kAtOnce / 2); i < end; ++i) {
      std::uint64_t z = 0;
      if (in.size() >= 2 && static_cast<unsigned char>(in[0]) >= 0x80 && static_cast<unsigned char>(in[1]) < 0x80) {
        z = (static_cast<unsigned char>(in[0]) & 0x7fu) | static_cast<std::uint64_t>(in[1]) << 7;
        in.remove_prefix(2);
      } else if (!base::ReadVarint(in, z)) {
        return false;
      }
      integers[i] = add(z);
    }
  }
  return true;
}

bool ReadVarintColumn(ValueEncoding encoding, std::string_view& in, int exponent, std::span<double> values) {
  const std::span<std::int64_t> integers = IntegersFor(values.size());
  std::uint64_t z = 0;
  if (!base::ReadVarint(in, z)) return false;
  integers[0] = base::UnZigZag(z);
  if (encoding == ValueEncoding::kLine) {
    if (!base::ReadVarint(in, z)) return false;
    const auto first = static_cast<std::uint64_t>(integers[0]);
    const auto delta = static_cast<std::uint64_t>(base::UnZigZag(z));
    for (std::size_t i = 1; i < integers.size(); ++i) integers[i] = static_cast<std::int64_t>(first + i * delta);
  } else if (!(encoding == ValueEncoding::kDeltas ? SumVarints<false>(in, integers) : SumVarints<true>(in, integers))) {
    return false;
  }
  return Unscale(integers, exponent, values);
}

bool ReadEntropyColumn(ValueEncoding encoding, std::string_view& in, int exponent, std::span<double> values) {
  const std::span<std::int64_t> integers = IntegersFor(values.size());
  thread_local LevelJumps jumps;
  jumps.clear();
  if (encoding == ValueEncoding::kWithJumps && !ReadJumps(in, values.size(), jumps)) return false;
  if (!ReadEntropyCoded(in, integers)) return false;
  in = {};
  PutBackJumps(jumps, integers);
  return Unscale(integers, exponent, values);
}

bool ReadScaled(ValueEncoding encoding, std::string_view& in, std::span<double> values) {
  if (in.empty()) return false;
  const int exponent = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  thread_local std::vector<Exception> exceptions;
  if (exponent > kMaxExponent || !ReadExceptions(in, values.size(), exceptions)) return false;
  const bool is_coded = encoding == ValueEncoding::kEntropyCoded || encoding == ValueEncoding::kWithJumps;
  const bool is_read =
      is_coded ? ReadEntropyColumn(encoding, in, exponent, values) : ReadVarintColumn(encoding, in, exponent, values);
  if (!is_read) return false;
  for (const Exception& e : exceptions) values[e.position] = std::bit_cast<double>(e.bits);
  return true;
}

bool ReadValues(std::string_view& in, std::span<double> values) {
  if (in.empty()) return false;
  const auto encoding = static_cast<ValueEncoding>(in[0]);
  in.remove_prefix(1);
  switch (encoding) {
    case ValueEncoding::kConstant: {
      std::uint64_t bits = 0;
      if (!base::ReadFixed64(in, bits)) return false;
      for (double& v : values) v = std::bit_cast<double>(bits);
      return true;
    }
    case ValueEncoding::kLine:
    case ValueEncoding::kDeltas:
    case ValueEncoding::kDeltaChanges:
    case ValueEncoding::kEntropyCoded:
    case ValueEncoding::kWithJumps: return ReadScaled(encoding, in, values);
    case ValueEncoding::kXored: return ReadXored(in, values);
  }
  return false;
}

}  // namespace

void EncodeFloatColumns(std::span<const base::TimestampMs> times, std::span<const double> values,
                        std::span<const base::TimestampMs> starts, std::string& out, Effort effort) {
  BW_CHECK(!times.empty() && times.size() == values.size() && times.size() <= kMaxChunkSamples);
  out.push_back(static_cast<char>(Kind::kFloatColumns));
  base::AppendVarint(out, times.size());
  AppendTimes(times, out);
  AppendStarts(starts, out);
  AppendValues(values, effort, out);
}

std::optional<ChunkView> ViewRegularColumns(std::string_view bytes) {
  ChunkView view{bytes, {}, {}, 0};
  if (bytes.empty() || static_cast<Kind>(bytes[0]) != Kind::kFloatColumns) return std::nullopt;
  bytes.remove_prefix(1);
  std::uint64_t count = 0;
  if (!base::ReadVarint(bytes, count) || count == 0 || count > kMaxChunkSamples) return std::nullopt;
  const std::optional<TimeRange> range = RangeOfRegularTimes(bytes, static_cast<std::size_t>(count));
  if (!range) return std::nullopt;
  view.min = range->min;
  view.max = range->max;
  view.count = static_cast<std::uint32_t>(count);
  return view;
}

bool DecodeFloatColumns(std::string_view bytes, Columns& out) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(bytes, count) || count == 0 || count > kMaxChunkSamples) return false;
  const auto n = static_cast<std::size_t>(count);
  if (!ReadTimes(bytes, n, out.timestamps) || !ReadStarts(bytes, n, out.start_timestamps)) return false;
  const std::size_t before = out.values.size();
  out.values.resize(before + n);
  return ReadValues(bytes, std::span(out.values).subspan(before)) && bytes.empty();
}

}  // namespace bellwether::storage::chunk
