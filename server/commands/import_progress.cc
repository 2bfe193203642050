#include "server/commands/import_progress.h"

#include <cstdio>
#include <fstream>

#include <fmt/format.h>

namespace bellwether::server {
namespace {

std::string Megabytes(std::uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

}  // namespace

std::string DescribeProgress(std::uint64_t bytes, std::uint64_t total, std::uint64_t samples, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(samples) / seconds : 0;
  std::string text = Megabytes(bytes);
  if (total > 0) text += fmt::format(" of {} ({}%)", Megabytes(total), bytes * 100 / total);
  text += fmt::format(", {} samples, {:.2f} M/s", samples, rate / 1e6);
  if (total > bytes && bytes > 0 && seconds > 0) {
    text += fmt::format(", {:.0f} s left", seconds * static_cast<double>(total - bytes) / static_cast<double>(bytes));
  }
  return text;
}

base::Result<ImportState> ImportState::Load(std::string path) {
  ImportState state;
  state.path_ = std::move(path);
  if (state.path_.empty()) return state;
  std::ifstream file(state.path_);
  std::string line;
  while (std::getline(file, line)) {
    unsigned long long offset = 0;
    unsigned long long size = 0;
    int used = 0;
    if (std::sscanf(line.c_str(), "%llu\t%llu\t%n", &offset, &size, &used) != 2 || used == 0) {
      return base::InvalidArgument(fmt::format("read {}: not a state file of an import: {}", state.path_, line));
    }
    state.files_[line.substr(static_cast<std::size_t>(used))] = {size, offset};
  }
  return state;
}

std::uint64_t ImportState::OffsetOf(const std::string& file, std::uint64_t size) const {
  const auto found = files_.find(file);
  return found != files_.end() && found->second.first == size ? found->second.second : 0;
}

base::Status ImportState::Set(const std::string& file, std::uint64_t size, std::uint64_t offset) {
  if (path_.empty()) return {};
  files_[file] = {size, offset};
  const std::string fresh = path_ + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  for (const auto& [name, place] : files_) out << place.second << '\t' << place.first << '\t' << name << '\n';
  out.close();
  if (!out || std::rename(fresh.c_str(), path_.c_str()) != 0) {
    return base::Internal(fmt::format("write {}: the state of the import cannot be kept", path_));
  }
  return {};
}

}  // namespace bellwether::server
