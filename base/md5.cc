#include "base/md5.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace bellwether::base {

std::array<std::uint8_t, 16> Md5(std::string_view bytes) {
  std::array<std::uint8_t, 16> digest{};
  unsigned int size = 0;
  BW_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) == 1 &&
           size == digest.size());
  return digest;
}

}  // namespace bellwether::base
