#include "server/commands/data_target.h"

#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/read_file.h"

namespace bellwether::server {

void AddDataTargetFlags(CLI::App& command, DataTarget& target) {
  CLI::Option* server = command.add_option("--server", target.server, "URL of the running server");
  server->capture_default_str();
  CLI::Option* token = command.add_option("--token-file", target.token_file, "File with the server's bearer token");
  command.add_option("--storage.path", target.storage_path, "Directory of a stopped server, instead of a running one")
      ->excludes(server)
      ->excludes(token);
}

base::Result<base::HttpHeaders> TargetHeaders(const DataTarget& target) {
  base::HttpHeaders headers;
  if (target.token_file.empty()) return headers;
  base::Result<std::string> file = base::ReadFile(target.token_file);
  if (!file.ok()) {
    return base::NotFound(fmt::format("read token file {}: {}", target.token_file, file.status().message()));
  }
  std::string token = *std::move(file);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
  headers.emplace_back("Authorization", "Bearer " + token);
  return headers;
}

std::string TargetUrl(const DataTarget& target, std::string_view path) {
  std::string url = target.server;
  while (url.ends_with('/')) url.pop_back();
  return url.append(path);
}

base::Result<std::unique_ptr<OfflineStore>> OpenOffline(const std::string& path, Access access,
                                                        base::DurationMs retention) {
  std::error_code error;
  if (access == Access::kRead && !std::filesystem::exists(path + "/db", error)) {
    return base::NotFound(fmt::format("open storage {}: there is no store", path));
  }
  auto store = std::make_unique<OfflineStore>();
  storage::StorageOptions options;
  options.path = path;
  options.retention = retention;
  options.background_thread = access == Access::kWrite;
  BW_ASSIGN_OR_RETURN(store->opened, storage::OpenRocksStorage(options, store->clock, store->metrics));
  return store;
}

}  // namespace bellwether::server
