// server/commands/data_target.h
//
// Where a command that needs data finds it: a running server (--server, --token-file), or the directory of a stopped
// one (--storage.path).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/open.h"

namespace CLI {
class App;
}

namespace bellwether::server {

struct DataTarget {
  std::string server = "http://127.0.0.1:9598";
  std::string token_file;    // Empty: no token.
  std::string storage_path;  // Empty: the server.
};

void AddDataTargetFlags(CLI::App& command, DataTarget& target);

// The headers of a request to the server: the bearer token, if there is one. Errors: kNotFound (the token file).
[[nodiscard]] base::Result<base::HttpHeaders> TargetHeaders(const DataTarget& target);
// The URL of a path ("/api/v1/...") of the server.
[[nodiscard]] std::string TargetUrl(const DataTarget& target, std::string_view path);

// A store that stands on a directory for as long as this lives.
struct OfflineStore {
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  storage::OpenedStorage opened;
};
// Only whoever writes has the store seal windows in the background, and may make it.
enum class Access : unsigned char { kRead, kWrite };
// With retention 0 nothing is refused or dropped for its age. Errors: kNotFound, and those of OpenRocksStorage, which
// name the process that holds the lock.
[[nodiscard]] base::Result<std::unique_ptr<OfflineStore>> OpenOffline(const std::string& path, Access access,
                                                                      base::DurationMs retention);

}  // namespace bellwether::server
