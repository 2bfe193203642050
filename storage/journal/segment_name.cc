#include "storage/journal/segment_name.h"

#include <fmt/format.h>

#include <charconv>

namespace bellwether::storage {
namespace {

constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::size_t kSegmentDigits = 20;

}  // namespace

std::string SegmentName(std::uint64_t number) { return fmt::format("{:020}{}", number, kSegmentSuffix); }

std::optional<std::uint64_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kSegmentDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + kSegmentDigits;
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace bellwether::storage
