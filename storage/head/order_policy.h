// storage/head/order_policy.h
//
// Whether a sample is taken: the one decision of storage.h's contract, for every store. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

enum class Outcome : std::uint8_t {
  kTaken,      // Newer than the newest of its series.
  kTakenLate,  // Older, within the out-of-order window or back-fill; what is stored at its time already stays.
  kRepeat,     // The newest sample once more: a success without effect.
  kDuplicate,  // The refusals, see storage.h.
  kOutOfOrder,
  kTooOld,
  kTooFarInFuture,
};

[[nodiscard]] constexpr bool IsRefused(Outcome outcome) { return outcome >= Outcome::kDuplicate; }

[[nodiscard]] constexpr Refusal RefusalOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDuplicate: return Refusal::kDuplicate;
    case Outcome::kOutOfOrder: return Refusal::kOutOfOrder;
    case Outcome::kTooOld: return Refusal::kTooOld;
    case Outcome::kTooFarInFuture: return Refusal::kTooFarInFuture;
    default: return Refusal::kNone;
  }
}

// The bounds of one commit, both inclusive: made once from the clock and the options.
struct TimeBounds {
  base::TimestampMs oldest = base::TimestampMs::Min();
  base::TimestampMs newest = base::TimestampMs::Max();
  AppendMode mode = AppendMode::kLive;

  static constexpr TimeBounds At(base::TimestampMs now, base::DurationMs retention, base::DurationMs future_limit,
                                 AppendMode mode = AppendMode::kLive) {
    return {retention.ms > 0 ? now - retention : base::TimestampMs::Min(), now + future_limit, mode};
  }
};

// `newest` is the time of the newest sample of the series, kNoSample if it has none; `same` says whether the sample
// holds the same bits as that one, and is asked for only at equal times.
inline constexpr base::TimestampMs kNoSample = base::TimestampMs::Min();

template <typename SameBits>
[[nodiscard]] constexpr Outcome DecideOrder(base::TimestampMs t, base::TimestampMs newest, const TimeBounds& bounds,
                                            base::DurationMs out_of_order_window, SameBits&& same) {
  if (t > bounds.newest) return Outcome::kTooFarInFuture;
  if (t < bounds.oldest) return Outcome::kTooOld;
  if (newest == kNoSample || t > newest) return Outcome::kTaken;
  if (t == newest) return same() ? Outcome::kRepeat : Outcome::kDuplicate;
  if (bounds.mode == AppendMode::kBackfill) return Outcome::kTakenLate;
  const std::uint64_t lag_ms = static_cast<std::uint64_t>(newest.ms) - static_cast<std::uint64_t>(t.ms);
  return lag_ms <= static_cast<std::uint64_t>(out_of_order_window.ms) ? Outcome::kTakenLate : Outcome::kOutOfOrder;
}

}  // namespace bellwether::storage::head
