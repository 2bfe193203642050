// storage/chunk/decimal.h
//
// Doubles as integers, where nothing is lost: most metrics are integers or decimals of few digits, m / 10^e. An
// exponent is tried by computing it both ways and comparing bits, so -0, NaN, infinities and full mantissas simply do
// not fit. Scaling by division, not by multiplication with 10^-e: the quotient of two exact doubles is the double
// nearest to the decimal, which is what the sender's parser or printer made of it.
#pragma once

#include <bit>
#include <cstdint>

namespace bellwether::storage::chunk {

inline constexpr int kMaxExponent = 15;
inline constexpr double kPowersOfTen[kMaxExponent + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                          1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
inline constexpr double kLargestScaled = 9007199254740992.0;  // 2^53.

[[nodiscard]] inline double FromScaled(std::int64_t m, int exponent) {
  const auto x = static_cast<double>(m);
  return exponent == 0 ? x : x / kPowersOfTen[exponent];
}

// True if `v` is exactly m / 10^exponent with |m| <= 2^53; then writes m.
[[nodiscard]] inline bool ToScaled(double v, int exponent, std::int64_t& m) {
  const double x = exponent == 0 ? v : v * kPowersOfTen[exponent];
  if (!(x >= -kLargestScaled && x <= kLargestScaled)) return false;  // Also NaN.
  const auto rounded = static_cast<std::int64_t>(x + (x < 0 ? -0.5 : 0.5));
  if (rounded > (std::int64_t{1} << 53) || rounded < -(std::int64_t{1} << 53)) return false;
  if (std::bit_cast<std::uint64_t>(FromScaled(rounded, exponent)) != std::bit_cast<std::uint64_t>(v)) return false;
  m = rounded;
  return true;
}

// The least exponent not below `from` by which `v` fits, or -1.
[[nodiscard]] inline int FindExponent(double v, int from, std::int64_t& m) {
  if (!(v >= -kLargestScaled && v <= kLargestScaled)) return -1;
  for (int e = from; e <= kMaxExponent; ++e) {
    if (ToScaled(v, e, m)) return e;
  }
  return -1;
}

}  // namespace bellwether::storage::chunk
