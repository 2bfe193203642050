// server/commands/server_answer.h
//
// Asks a running server, as the commands do: a form to a path, and the JSON that comes back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "base/time.h"
#include "server/commands/data_target.h"

namespace bellwether::server {

using FormFields = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=%22"
[[nodiscard]] std::string EncodeForm(const FormFields& fields);

// POSTs the form and returns the whole answer of a success: `data`, `warnings`, ... Errors carry the server's own
// words; kUnavailable and the like where there is no server.
[[nodiscard]] base::Result<nlohmann::json> AskServer(const DataTarget& target, std::string_view path,
                                                     const FormFields& fields, base::DurationMs timeout);
// The same for what takes no POST.
[[nodiscard]] base::Result<nlohmann::json> GetFromServer(const DataTarget& target, std::string_view path,
                                                         const FormFields& fields, base::DurationMs timeout);

// Asks Alertmanager's API v2, whose answers have no envelope: `path` is "/silences" and the like; `body` may be empty.
// What comes back, null where there is nothing. Errors carry the server's own words.
[[nodiscard]] base::Result<nlohmann::json> AskAlertmanagerApi(const DataTarget& target, const std::string& method,
                                                              std::string_view path, const std::string& body);

}  // namespace bellwether::server
