// Whatever text comes: no crash, the same in pieces as in one, and labels that survive being written.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "ingest/text/text_reader_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string disagreement =
      bellwether::ingest::TextReaderDisagreement({reinterpret_cast<const char*>(data), size});
  if (!disagreement.empty()) {
    std::fprintf(stderr, "disagreement: %s\n", disagreement.c_str());
    std::abort();
  }
  return 0;
}
