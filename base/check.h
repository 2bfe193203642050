// base/check.h
//
// BW_CHECK(condition) ends the process on a broken invariant, in every build. BW_DCHECK does so in debug and sanitizer
// builds only, for truths that cost too much to test. Both are for bugs: bytes from network or disk are judged and
// refused with a Status, never asserted.
#pragma once

namespace bellwether::base {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace bellwether::base

#define BW_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::bellwether::base::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef BW_DCHECKS
#define BW_DCHECK(condition) BW_CHECK(condition)
#else
#define BW_DCHECK(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#endif
