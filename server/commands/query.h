// server/commands/query.h
//
// bellwether query: PromQL, series and labels from a terminal, asked of a running server.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "base/time.h"

namespace CLI {
class App;
}

namespace bellwether::server {

void AddQueryCommand(CLI::App& app, std::function<int()>& run);

// Unix seconds, RFC 3339, "now", or a duration from now: "now-1h30m", "-5m". kInvalidArgument names the text.
[[nodiscard]] base::Result<base::TimestampMs> ParseTimeFlag(const std::string& text, base::TimestampMs now);

}  // namespace bellwether::server
