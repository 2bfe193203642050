#include "storage/rocks/data_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/log.h"
#include "storage/rocks/durable_files.h"

namespace bellwether::storage {
namespace {

constexpr std::string_view kFormatIntro = "bellwether data ";
constexpr int kBeforeTheFile = 1;

std::string FormatPath(const std::string& path) { return path + "/FORMAT"; }

base::Status WriteFormat(const std::string& path, int version) {
  return WriteFileDurably(FormatPath(path), fmt::format("{}{}\n", kFormatIntro, version));
}

base::Result<int> ParseFormat(const std::string& path, std::string_view text) {
  int version = 0;
  const char* end = text.data() + text.size();
  if (text.starts_with(kFormatIntro)) {
    const auto [stop, error] = std::from_chars(text.data() + kFormatIntro.size(), end, version);
    if (error == std::errc() && version > 0 && std::string_view(stop, end) == "\n") return version;
  }
  return base::Corruption(fmt::format("read {}: it does not say which version the data have", FormatPath(path)));
}

base::Status WrongFormat(const std::string& path, int found, int wanted) {
  return base::InvalidArgument(fmt::format(
      "the data in {} have format {}, this version of bellwether writes format {}: {}", path, found, wanted,
      found > wanted ? "run a newer one, restore a snapshot that was made before the newer one ran, or give "
                       "another --storage.path"
                     : "there is no way up from there; give another --storage.path, and import what an "
                       "older bellwether dumps"));
}

}  // namespace

// Formats 1 and 2 were never released, so nothing leads up from them.
std::span<const DataUpgrade> DataUpgrades() { return {}; }

base::Result<int> ReadDataFormat(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(FormatPath(path), error)) {
    BW_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(FormatPath(path)));
    return ParseFormat(path, text);
  }
  const bool has_data =
      std::filesystem::exists(path + "/db", error) || std::filesystem::exists(path + "/journal", error);
  return has_data ? kBeforeTheFile : 0;
}

base::Status PrepareDataFormat(const std::string& path, int wanted, std::span<const DataUpgrade> upgrades) {
  BW_ASSIGN_OR_RETURN(int version, ReadDataFormat(path));
  if (version == 0) return WriteFormat(path, wanted);
  const int found = version;
  while (version < wanted) {
    const auto upgrade =
        std::find_if(upgrades.begin(), upgrades.end(), [&](const DataUpgrade& u) { return u.from == version; });
    if (upgrade == upgrades.end()) return WrongFormat(path, found, wanted);
    BW_LOG(kInfo, "upgrading the data", {"path", path}, {"from", version}, {"to", version + 1});
    if (base::Status done = upgrade->run(path); !done.ok()) {
      return done.WithContext(fmt::format("upgrade the data in {} from format {}", path, version));
    }
    BW_RETURN_IF_ERROR(WriteFormat(path, ++version));
  }
  return version == wanted ? base::OkStatus() : WrongFormat(path, found, wanted);
}

}  // namespace bellwether::storage
