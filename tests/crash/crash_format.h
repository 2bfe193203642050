// tests/crash/crash_format.h
//
// What the writer that gets killed and the test that kills it agree on: which samples step n writes. The steps are five
// minutes of data time apart, so that windows are sealed all along.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace bellwether::crash {

inline constexpr int kWriters = 2;
inline constexpr int kSeriesPerWriter = 3;
inline constexpr std::int64_t kFirstMs = 1'700'000'000'000;

inline base::TimestampMs TimeOfStep(std::int64_t step) { return base::TimestampMs(kFirstMs + step * 300'000); }
inline double ValueOf(int writer, int series, std::int64_t step) {
  return static_cast<double>(step * 100 + writer * 10 + series) / 4;
}

}  // namespace bellwether::crash
