// api/json/envelope.h
//
// What every answer of /api/v1 is wrapped in:
//   {"status":"success","data":...,"warnings":[...],"infos":[...]}
//   {"status":"error","errorType":"bad_data","error":"...","warnings":[...]}
// Empty lists are left out. At most ten warnings and ten infos are listed, then how many more there are.
//
// Source: Prometheus web/api/v1/api.go, util/annotations.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/http/http_server.h"
#include "api/json/json_writer.h"
#include "base/status.h"

namespace bellwether::api {

// What is told beside the data. Of a query: the engine's annotations.
struct Notices {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// The first ten, and "N more KIND annotations omitted" if there are more.
[[nodiscard]] std::vector<std::string> FirstTen(const std::vector<std::string>& texts, std::string_view kind);

// Writes one JSON value.
using JsonBody = std::function<void(JsonWriter&)>;

// A success whose data `write` makes at once; for what is small.
void RespondData(HttpResponse& response, const JsonBody& write, const Notices& notices = {});
// The same, made while it is sent: `write` must own what it reads.
void RespondDataStreamed(HttpResponse& response, JsonBody write, Notices notices = {});
// A failure, by the error table. `error` is not OK.
void RespondError(HttpResponse& response, const base::Status& error, const Notices& notices = {});

// JSON without the envelope.
void RespondJson(HttpResponse& response, const JsonBody& write);
void RespondText(HttpResponse& response, int status, std::string text);

}  // namespace bellwether::api
