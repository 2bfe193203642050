// api/json/error_table.h
//
// The one table from a status code to what HTTP and Prometheus's clients understand. It matters: a sender drops its
// data on 4xx and tries again on 5xx, and Grafana reads a body only under 400, 422 and 503.
#pragma once

#include <string_view>

#include "base/status.h"

namespace bellwether::api {

struct ErrorKind {
  int http_status = 500;
  std::string_view error_type;  // Prometheus's `errorType`.
};

[[nodiscard]] ErrorKind ErrorKindOf(base::StatusCode code);

}  // namespace bellwether::api
