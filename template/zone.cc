// Time zones, from the machine's compiled zone files (RFC 8536).
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/quote.h"
#include "template/go_time.h"

namespace bellwether::templating {
namespace {

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kZoneFileBytesMax = 1u << 20;

std::uint64_t BigEndian(const char* p, std::size_t n) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < n; ++i) v = v << 8 | static_cast<unsigned char>(p[i]);
  return v;
}

struct Counts {
  std::size_t isut, isstd, leap, time, type, chars;
  [[nodiscard]] std::size_t BlockBytes(std::size_t time_bytes) const {
    return time * (time_bytes + 1) + type * 6 + chars + leap * (time_bytes + 4) + isstd + isut;
  }
};

bool ReadCounts(std::string_view header, Counts& c) {
  if (header.size() < kHeaderBytes || !header.starts_with("TZif")) return false;
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(BigEndian(header.data() + 20 + 4 * i, 4)); };
  c = {at(0), at(1), at(2), at(3), at(4), at(5)};
  return c.time < 10'000 && c.type > 0 && c.type < 256 && c.chars < 10'000 && c.leap < 1000 && c.isut < 256 &&
         c.isstd < 256;
}

// Offset and abbreviation in force at `seconds`, from a version 2 file's second block.
bool Lookup(std::string_view block, const Counts& c, std::int64_t seconds, Moment& out) {
  if (block.size() < c.BlockBytes(8)) return false;
  const char* times = block.data();
  const char* indexes = times + c.time * 8;
  const char* types = indexes + c.time;
  const char* names = types + c.type * 6;
  std::size_t type = 0;
  for (std::size_t i = 0; i < c.time; ++i) {
    if (static_cast<std::int64_t>(BigEndian(times + 8 * i, 8)) > seconds) break;
    type = static_cast<unsigned char>(indexes[i]);
  }
  if (type >= c.type) return false;
  const char* entry = types + type * 6;
  const auto name = static_cast<std::size_t>(static_cast<unsigned char>(entry[5]));
  if (name >= c.chars) return false;
  out.offset_s = static_cast<std::int32_t>(BigEndian(entry, 4));
  out.zone = std::string(names + name, strnlen(names + name, c.chars - name));
  return true;
}

bool IsZoneName(const std::string& name) {
  return !name.empty() && name[0] != '/' && name.find("..") == std::string::npos &&
         name.find_first_of(std::string_view("\\\0", 2)) == std::string::npos;
}

}  // namespace

base::Result<Moment> InZone(const Moment& time, const std::string& zone) {
  Moment out = time;
  if (zone.empty() || zone == "UTC") {
    out.offset_s = 0;
    out.zone = "UTC";
    return out;
  }
  const base::Status unknown = base::InvalidArgument("unknown time zone " + zone);
  if (!IsZoneName(zone)) return unknown;
  std::ifstream file(kZoneFolder + zone, std::ios::binary);
  if (!file) return unknown;
  std::string bytes(kZoneFileBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  // The first block has 32-bit times; readers of version 2 and later skip it.
  std::string_view in = bytes;
  Counts first{}, second{};
  if (!ReadCounts(in, first) || in[4] < '2' || in.size() < kHeaderBytes + first.BlockBytes(4)) return unknown;
  in.remove_prefix(kHeaderBytes + first.BlockBytes(4));
  if (!ReadCounts(in, second)) return unknown;
  if (!Lookup(in.substr(kHeaderBytes), second, time.at.ms / 1000, out)) return unknown;
  return out;
}

}  // namespace bellwether::templating
