#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace bellwether::base {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "BUG: %s does not hold at %s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace bellwether::base
