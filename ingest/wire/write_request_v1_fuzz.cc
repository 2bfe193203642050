// Our reader and libprotobuf must agree on every message, and skimming it with reading it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "ingest/wire/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Oracle = bellwether::ingest::WriteRequestOracle;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string disagreement = Oracle::Disagreement(bytes);
  if (disagreement.empty()) disagreement = Oracle::SkimDisagreement(bytes, Oracle::AliasesOf(bytes));
  if (!disagreement.empty()) {
    std::fprintf(stderr, "disagreement: %s\n", disagreement.c_str());
    std::abort();
  }
  return 0;
}
