// storage/head/window.h
//
// Windows: the time of the data cut into equal pieces, from the Unix epoch on. A window is sealed, kept and dropped as
// a whole, and no chunk crosses its bounds.
#pragma once

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace bellwether::storage::head {

struct WindowId {
  std::int64_t number = 0;  // Ascending with time; negative before 1970.
  friend constexpr auto operator<=>(WindowId, WindowId) = default;
};

[[nodiscard]] constexpr WindowId WindowOf(base::TimestampMs t, base::DurationMs length) {
  const std::int64_t cut = t.ms / length.ms;
  return {t.ms % length.ms < 0 ? cut - 1 : cut};
}
// Inclusive.
[[nodiscard]] constexpr base::TimestampMs WindowStart(WindowId w, base::DurationMs length) {
  return base::TimestampMs(w.number * length.ms);
}
// Exclusive.
[[nodiscard]] constexpr base::TimestampMs WindowEnd(WindowId w, base::DurationMs length) {
  return base::TimestampMs((w.number + 1) * length.ms);
}

}  // namespace bellwether::storage::head
