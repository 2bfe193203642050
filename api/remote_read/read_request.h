// api/remote_read/read_request.h
//
// What a remote read asks for: a protobuf message, walked in place.
//
// Source: Prometheus prompb/remote.proto, storage/remote/codec.go.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "metric/matcher.h"

namespace bellwether::api::remote_read {

enum class ResponseType : std::uint8_t { kSamples = 0, kStreamedChunks = 1 };  // As on the wire.

struct ReadQuery {
  base::TimestampMs min;  // Both inclusive; min may lie behind max, and then there is nothing.
  base::TimestampMs max;
  std::vector<metric::Matcher> matchers;
  bool labels_only = false;  // The hint says that no samples will be looked at.
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  ResponseType response_type = ResponseType::kSamples;  // The first that we know of those the client takes.
};

// `message` is what was in the snappy block. kInvalidArgument: malformed, a matcher of an unknown type or with a bad
// regular expression, none of the response types known.
[[nodiscard]] base::Result<ReadRequest> ParseReadRequest(std::string_view message);

// What selects the series of a store whose series would carry `external` labels: a matcher that asks for one of them
// asks for a series without that label.
[[nodiscard]] std::vector<metric::Matcher> WithoutExternal(const std::vector<metric::Matcher>& matchers,
                                                           const metric::Labels& external);
// `labels` and those of `external` whose names they do not have.
[[nodiscard]] metric::Labels WithExternal(const metric::Labels& labels, const metric::Labels& external);

}  // namespace bellwether::api::remote_read
