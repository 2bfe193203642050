#include "api/remote_read/crc32c.h"

#include <array>

#include "base/bytes.h"

namespace bellwether::api::remote_read {
namespace {

// tables[k][b]: what byte b becomes k bytes further on, so that eight bytes are taken at once.
using Crc32cTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Crc32cTables MakeCrc32cTables() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Reflected.
  Crc32cTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Crc32cTables kCrc32cTables = MakeCrc32cTables();

}  // namespace

std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (std::uint64_t word = 0; base::ReadFixed64(bytes, word);) {
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kCrc32cTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kCrc32cTables[0][(crc ^ static_cast<std::uint8_t>(c)) & 0xff];
  }
  return ~crc;
}

}  // namespace bellwether::api::remote_read
