// rules/state/truth.h
//
// Kleene's three values: what is known of a condition. Unknown is neither true nor false: a query failed, or there are
// no data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace bellwether::rules {

enum class Truth : std::uint8_t { kFalse = 0, kUnknown = 1, kTrue = 2 };  // In the order that And and Or take.

[[nodiscard]] constexpr Truth TruthOf(bool holds) { return holds ? Truth::kTrue : Truth::kFalse; }
[[nodiscard]] constexpr Truth Not(Truth a) { return static_cast<Truth>(2 - static_cast<int>(a)); }
[[nodiscard]] constexpr Truth And(Truth a, Truth b) { return std::min(a, b); }
[[nodiscard]] constexpr Truth Or(Truth a, Truth b) { return std::max(a, b); }

// A bound that is reached at both ends of a range, at neither, or at one alone.
[[nodiscard]] constexpr Truth TruthOfRange(bool at_least_possible, bool at_most_possible) {
  return at_least_possible == at_most_possible ? TruthOf(at_least_possible) : Truth::kUnknown;
}

// "false", "unknown", "true"
[[nodiscard]] constexpr std::string_view TruthName(Truth t) {
  return t == Truth::kTrue ? "true" : t == Truth::kFalse ? "false" : "unknown";
}

}  // namespace bellwether::rules
