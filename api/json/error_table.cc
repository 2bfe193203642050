#include "api/json/error_table.h"

namespace bellwether::api {

ErrorKind ErrorKindOf(base::StatusCode code) {
  using base::StatusCode;
  switch (code) {
    case StatusCode::kOk: return {200, ""};
    case StatusCode::kInvalidArgument: return {400, "bad_data"};
    case StatusCode::kNotFound: return {404, "not_found"};
    case StatusCode::kConflict: return {409, "conflict"};
    case StatusCode::kLimitExceeded: return {422, "execution"};
    case StatusCode::kCancelled: return {499, "canceled"};
    case StatusCode::kDeadlineExceeded: return {503, "timeout"};
    case StatusCode::kExecution: return {422, "execution"};
    case StatusCode::kUnavailable: return {503, "unavailable"};
    case StatusCode::kOverloaded: return {429, "unavailable"};
    case StatusCode::kUnauthenticated: return {401, "unauthorized"};
    case StatusCode::kForbidden: return {403, "forbidden"};
    case StatusCode::kCorruption: return {500, "internal"};
    case StatusCode::kInternal: return {500, "internal"};
  }
  return {500, "internal"};
}

}  // namespace bellwether::api
