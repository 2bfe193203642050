// api/remote_read/bit_writer.h
//
// Bits, the most significant first, appended to a string; the last byte is filled with zeros by Finish.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace bellwether::api::remote_read {

class BitWriter {
 public:
  // Appends to `out`, which nobody else touches until Finish.
  explicit BitWriter(std::string& out) : out_(out) {}

  // The low `n` bits of `v`; n is 1 to 64.
  void Bits(std::uint64_t v, unsigned n) {
    if (n < 64) v &= (std::uint64_t{1} << n) - 1;
    const unsigned left = 64 - used_;
    if (n < left) {
      word_ |= v << (left - n);
      used_ += n;
      return;
    }
    const unsigned over = n - left;
    base::AppendBigEndian64(out_, word_ | v >> over);
    word_ = over == 0 ? 0 : v << (64 - over);
    used_ = over;
  }
  void Bit(bool bit) { Bits(bit ? 1 : 0, 1); }
  void Byte(std::uint8_t byte) { Bits(byte, 8); }

  // Writes what is left. The next bits begin a new byte.
  void Finish() {
    for (; used_ > 0; used_ = used_ > 8 ? used_ - 8 : 0) {
      out_.push_back(static_cast<char>(word_ >> 56));
      word_ <<= 8;
    }
    word_ = 0;
  }

 private:
  std::string& out_;
  std::uint64_t word_ = 0;  // Bits not yet appended, from the top.
  unsigned used_ = 0;       // How many; less than 64.
};

}  // namespace bellwether::api::remote_read
