#include "template/encoding.h"

#include <cstdint>

namespace bellwether::templating {
namespace {

constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t block = 0;
    for (std::size_t k = 0; k < 3; ++k) block = block << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= n ? kBase64Url[block >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t block = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const bool is_padding = i + k >= text.size() - padding;
      const std::size_t digit = is_padding ? 0 : kBase64Url.find(text[i + k]);
      if (digit == std::string_view::npos) return std::nullopt;
      block = block << 6 | static_cast<std::uint32_t>(digit);
    }
    const std::size_t n = i + 4 == text.size() ? 3 - padding : 3;
    for (std::size_t k = 0; k < n; ++k) out.push_back(static_cast<char>(block >> (16 - 8 * k) & 0xFF));
  }
  return out;
}

}  // namespace bellwether::templating
