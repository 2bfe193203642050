// Any bytes as a deletion record: they are refused, or read as a deletion that encodes and reads back to the same.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "storage/journal/deletion_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bellwether::storage;
  const auto deletion = DecodeDeletion({reinterpret_cast<const char*>(data), size});
  if (!deletion.ok()) return 0;
  const auto again = DecodeDeletion(EncodeDeletion(deletion->range, deletion->selectors));
  BW_CHECK(again.ok());
  BW_CHECK(again->range == deletion->range && again->selectors == deletion->selectors);
  return 0;
}
