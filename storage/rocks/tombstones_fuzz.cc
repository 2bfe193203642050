// Any bytes as the tombstones of a generation: they are refused, or read as such that encode and read back to the same.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "storage/rocks/tombstones.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bellwether::storage::Tombstones;
  const auto tombstones = Tombstones::Decode({reinterpret_cast<const char*>(data), size});
  if (!tombstones) return 0;
  const std::string once = tombstones->Encode();
  const auto again = Tombstones::Decode(once);
  BW_CHECK(again.has_value() && again->Encode() == once);
  for (std::uint32_t ordinal = 0; ordinal < 4; ++ordinal)
    BW_CHECK(again->RangesOf(ordinal) == tombstones->RangesOf(ordinal));
  return 0;
}
