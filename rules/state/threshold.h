// rules/state/threshold.h
//
// A bound on a value with hysteresis: the condition begins beyond the bound and ends beyond another one, which lies on
// the near side. Between the two it stays what it was, so a value that rests there changes nothing. Pure.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "rules/state/truth.h"

namespace bellwether::rules {

enum class Side : std::uint8_t { kAbove, kBelow };

struct Threshold {
  Side side = Side::kAbove;
  double bound = 0;
  double clear = 0;  // The bound itself without hysteresis.
  friend bool operator==(const Threshold&, const Threshold&) = default;
};

// Whether `value` is on the `side` of `bound`, not on it; NaN is unknown.
[[nodiscard]] inline Truth IsBeyond(double value, Side side, double bound) {
  if (std::isnan(value)) return Truth::kUnknown;
  return TruthOf(side == Side::kAbove ? value > bound : value < bound);
}

// Whether the condition has ended for one that held: beyond `clear` on the other side, or, without hysteresis, whatever
// is not beyond the bound.
[[nodiscard]] inline Truth HasCleared(double value, const Threshold& threshold) {
  if (threshold.clear == threshold.bound) return Not(IsBeyond(value, threshold.side, threshold.bound));
  return IsBeyond(value, threshold.side == Side::kAbove ? Side::kBelow : Side::kAbove, threshold.clear);
}

// A condition that begins when `begins` and, once it is `on`, lasts until `ends`.
[[nodiscard]] constexpr Truth Latched(Truth begins, Truth ends, bool on) {
  return begins == Truth::kFalse && on ? Not(ends) : begins;
}

}  // namespace bellwether::rules
