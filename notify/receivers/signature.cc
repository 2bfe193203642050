#include "notify/receivers/signature.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/hmac.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kKeyPrefix = "whsec_";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;

base::Result<std::string> KeyBytes(std::string_view key) {
  if (key.starts_with(kKeyPrefix)) {
    auto bytes = base::DecodeBase64(key.substr(kKeyPrefix.size()));
    if (bytes && bytes->size() >= kKeyBytesMin && bytes->size() <= kKeyBytesMax) return *std::move(bytes);
  }
  return base::InvalidArgument("a signing key must be whsec_ followed by base64 of 24 to 64 bytes");
}

}  // namespace

base::Result<base::HttpHeaders> SignStandard(std::span<const std::string> keys, std::string_view id,
                                             base::TimestampMs now, std::string_view body) {
  const std::string seconds = std::to_string(now.ms / 1000);
  const std::string content = fmt::format("{}.{}.{}", id, seconds, body);
  std::string signatures;
  for (const std::string& key : keys) {
    BW_ASSIGN_OR_RETURN(const std::string bytes, KeyBytes(key));
    signatures += (signatures.empty() ? "v1," : " v1,") + base::EncodeBase64(base::HmacSha256(bytes, content));
  }
  return base::HttpHeaders{
      {"webhook-id", std::string(id)}, {"webhook-timestamp", seconds}, {"webhook-signature", signatures}};
}

std::string HubSignature(std::string_view secret, std::string_view body) {
  std::string out = "sha256=";
  for (const char c : base::HmacSha256(secret, body)) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace bellwether::notify
