#include "api/remote_read/read_request.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/proto_reader.h"

namespace bellwether::api::remote_read {
namespace {

using base::ProtoReader;
using base::WireType;

base::Status MalformedRequest() { return base::InvalidArgument("remote read request is not a valid message"); }

base::Result<metric::Matcher> ReadMatcher(std::string_view body) {
  constexpr metric::MatchOp kOps[] = {metric::MatchOp::kEqual, metric::MatchOp::kNotEqual, metric::MatchOp::kRegex,
                                      metric::MatchOp::kNotRegex};
  std::uint64_t type = 0;
  std::string_view name;
  std::string_view value;
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kVarint)) type = reader.varint();
    if (reader.Is(2, WireType::kBytes)) name = reader.bytes();
    if (reader.Is(3, WireType::kBytes)) value = reader.bytes();
  }
  if (!reader.ok()) return MalformedRequest();
  if (type >= std::size(kOps)) return base::InvalidArgument("invalid matcher type");
  return metric::Matcher::Make(kOps[type], std::string(name), std::string(value));
}

// Whether the hints say that the query is for /api/v1/series or the like.
base::Result<bool> ReadHints(std::string_view body) {
  bool labels_only = false;
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(2, WireType::kBytes)) labels_only = reader.bytes() == "series";
  }
  if (!reader.ok()) return MalformedRequest();
  return labels_only;
}

base::Result<ReadQuery> ReadOneQuery(std::string_view body) {
  ReadQuery query;
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kVarint)) query.min = base::TimestampMs(reader.int64());
    if (reader.Is(2, WireType::kVarint)) query.max = base::TimestampMs(reader.int64());
    if (reader.Is(3, WireType::kBytes)) {
      BW_ASSIGN_OR_RETURN(metric::Matcher matcher, ReadMatcher(reader.bytes()));
      query.matchers.push_back(std::move(matcher));
    }
    if (reader.Is(4, WireType::kBytes)) {
      BW_ASSIGN_OR_RETURN(query.labels_only, ReadHints(reader.bytes()));
    }
  }
  if (!reader.ok()) return MalformedRequest();
  return query;
}

// Enumerators come one a field or packed.
bool ReadResponseTypes(const ProtoReader& field, std::vector<std::uint64_t>& types) {
  if (field.type() == WireType::kVarint) {
    types.push_back(field.varint());
    return true;
  }
  if (field.type() != WireType::kBytes) return true;
  for (std::string_view packed = field.bytes(); !packed.empty();) {
    std::uint64_t type = 0;
    if (!base::ReadProtoVarint(packed, type)) return false;
    types.push_back(type);
  }
  return true;
}

base::Result<ResponseType> ChooseResponseType(const std::vector<std::uint64_t>& accepted) {
  if (accepted.empty()) return ResponseType::kSamples;
  for (const std::uint64_t type : accepted) {
    if (type <= 1) return static_cast<ResponseType>(type);
  }
  return base::InvalidArgument(
      fmt::format("server does not support any of the requested response types: [{}]; supported: "
                  "[SAMPLES STREAMED_XOR_CHUNKS]",
                  fmt::join(accepted, " ")));
}

}  // namespace

base::Result<ReadRequest> ParseReadRequest(std::string_view message) {
  ReadRequest request;
  std::vector<std::uint64_t> accepted;
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kBytes)) {
      BW_ASSIGN_OR_RETURN(ReadQuery query, ReadOneQuery(reader.bytes()));
      request.queries.push_back(std::move(query));
    } else if (reader.number() == 2 && !ReadResponseTypes(reader, accepted)) {
      return MalformedRequest();
    }
  }
  if (!reader.ok()) return MalformedRequest();
  BW_ASSIGN_OR_RETURN(request.response_type, ChooseResponseType(accepted));
  return request;
}

std::vector<metric::Matcher> WithoutExternal(const std::vector<metric::Matcher>& matchers,
                                             const metric::Labels& external) {
  std::vector<metric::Matcher> rewritten;
  for (const metric::Matcher& matcher : matchers) {
    const bool meant = matcher.op() == metric::MatchOp::kEqual && external.Has(matcher.name()) &&
                       external.Get(matcher.name()) == matcher.value();
    rewritten.push_back(meant ? metric::Matcher::Equal(matcher.name(), "") : matcher);
  }
  return rewritten;
}

metric::Labels WithExternal(const metric::Labels& labels, const metric::Labels& external) {
  if (external.empty()) return labels;
  metric::LabelsBuilder builder(external);
  for (const auto [name, value] : labels) builder.Set(name, value);
  return builder.Build();
}

}  // namespace bellwether::api::remote_read
