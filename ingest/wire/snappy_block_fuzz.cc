// Our reader of blocks and libsnappy must agree on all bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "ingest/wire/snappy_block_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string disagreement = bellwether::ingest::SnappyDisagreement({reinterpret_cast<const char*>(data), size});
  if (!disagreement.empty()) {
    std::fprintf(stderr, "disagreement: %s\n", disagreement.c_str());
    std::abort();
  }
  return 0;
}
