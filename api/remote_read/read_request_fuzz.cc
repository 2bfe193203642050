// Any bytes as a remote read request: refused or understood, never worse; and a snappy block of them likewise.
#include <cstdint>

#include "api/remote_read/read_request.h"
#include "api/remote_read/snappy_pieces.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)bellwether::api::remote_read::ParseReadRequest(bytes);
  constexpr std::size_t kBytesMax = 1u << 20;
  if (const auto opened = bellwether::api::remote_read::OpenSnappy(bytes, kBytesMax); opened.ok()) {
    (void)bellwether::api::remote_read::ParseReadRequest(*opened);
  }
  return 0;
}
