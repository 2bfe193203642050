// Silences: /api/v2/silences, /api/v2/silence/{silenceID}.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/handlers/alertmanager/v2.h"
#include "api/json/envelope.h"
#include "base/quote.h"
#include "notify/dispatcher.h"

namespace bellwether::api {
namespace {

using notify::Silence;
using notify::SilenceState;

void WriteSilence(JsonWriter& json, const Silence& silence, base::TimestampMs now) {
  json.BeginObject().Key("id").String(silence.id).Key("status").BeginObject().Key("state");
  json.String(notify::SilenceStateText(notify::StateOf(silence, now))).EndObject();
  json.Key("updatedAt").String(base::FormatRfc3339Ms(silence.updated_at));
  if (!silence.annotations.empty()) {
    json.Key("annotations").BeginObject();
    for (const auto& [name, value] : silence.annotations) json.Key(name).String(value);
    json.EndObject();
  }
  json.Key("comment").String(silence.comment).Key("createdBy").String(silence.created_by);
  json.Key("endsAt").String(base::FormatRfc3339Ms(silence.ends_at)).Key("matchers").BeginArray();
  for (const metric::Matcher& m : silence.matchers) {
    const bool is_regex = m.op() == metric::MatchOp::kRegex || m.op() == metric::MatchOp::kNotRegex;
    const bool is_equal = m.op() == metric::MatchOp::kEqual || m.op() == metric::MatchOp::kRegex;
    json.BeginObject().Key("isEqual").Bool(is_equal).Key("isRegex").Bool(is_regex);
    json.Key("name").String(m.name()).Key("value").String(m.value()).EndObject();
  }
  json.EndArray().Key("startsAt").String(base::FormatRfc3339Ms(silence.starts_at)).EndObject();
}

// Active ones by their end, pending ones by their start, expired ones by their end from the last on.
void SortSilences(std::vector<const Silence*>& silences, base::TimestampMs now) {
  const auto key = [&](const Silence* s) {
    switch (notify::StateOf(*s, now)) {
      case SilenceState::kActive: return std::pair(0, s->ends_at.ms);
      case SilenceState::kPending: return std::pair(1, s->starts_at.ms);
      case SilenceState::kExpired: break;
    }
    return std::pair(2, -s->ends_at.ms);
  };
  std::stable_sort(silences.begin(), silences.end(),
                   [&](const Silence* a, const Silence* b) { return key(a) < key(b); });
}

base::Status ListSilences(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::vector<metric::Matcher> filter, V2Matchers(request, "filter"));
  const std::array<bool, 3> wanted = {V2Bool(request, "pending", true), V2Bool(request, "active", true),
                                      V2Bool(request, "expired", true)};  // In the order of SilenceState.
  const auto set = context.dispatcher->silences().Current();
  const base::TimestampMs now = context.clock.Now();
  std::vector<const Silence*> silences;
  for (const auto& [id, silence] : set->silences) {
    const auto& matchers = silence.matchers;
    const bool has_all = std::all_of(filter.begin(), filter.end(), [&](const metric::Matcher& m) {
      return std::find(matchers.begin(), matchers.end(), m) != matchers.end();
    });
    if (has_all && wanted[static_cast<std::size_t>(notify::StateOf(silence, now))]) silences.push_back(&silence);
  }
  SortSilences(silences, now);
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const Silence* silence : silences) WriteSilence(json, *silence, now);
    json.EndArray();
  });
  return base::OkStatus();
}

V2Fault SilenceTypeFault(std::string_view what) {
  return {400, 400, fmt::format("parsing silence body from \"\" failed, because {}", what)};
}

base::Result<metric::Matcher> ReadSilenceMatcher(const nlohmann::json& object) {
  const bool is_regex = object["isRegex"].get<bool>();
  const bool is_equal = object.value("isEqual", true);
  const metric::MatchOp op = is_regex ? (is_equal ? metric::MatchOp::kRegex : metric::MatchOp::kNotRegex)
                                      : (is_equal ? metric::MatchOp::kEqual : metric::MatchOp::kNotEqual);
  return metric::Matcher::Make(op, object["name"].get<std::string>(), object["value"].get<std::string>());
}

// The first fault in the form of the body, in the order in which Alertmanager looks.
std::optional<V2Fault> SilenceFault(const nlohmann::json& body) {
  if (!body.is_object()) return SilenceTypeFault("it must be an object");
  for (const char* key : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
    const auto it = body.find(key);
    if (it == body.end() || it->is_null())
      return V2Fault{422, kV2RequiredCode, fmt::format("{} in body is required", key)};
    const bool fits = std::string_view(key) == "matchers" ? it->is_array() : it->is_string();
    if (!fits) return SilenceTypeFault(fmt::format("{} is of a wrong type", key));
    if (it->is_array() && it->empty()) {
      return V2Fault{422, kV2TooFewCode, "matchers in body should have at least 1 items"};
    }
  }
  for (std::size_t i = 0; i < body["matchers"].size(); ++i) {
    const nlohmann::json& matcher = body["matchers"][i];
    if (!matcher.is_object()) return SilenceTypeFault("a matcher must be an object");
    for (const char* key : {"isRegex", "name", "value"}) {
      const auto it = matcher.find(key);
      if (it == matcher.end() || it->is_null()) {
        return V2Fault{422, kV2RequiredCode, fmt::format("matchers.{}.{} in body is required", i, key)};
      }
      if (std::string_view(key) == "isRegex" ? !it->is_boolean() : !it->is_string()) {
        return SilenceTypeFault(fmt::format("matchers.{}.{} is of a wrong type", i, key));
      }
    }
    if (matcher.contains("isEqual") && !matcher["isEqual"].is_boolean()) {
      return SilenceTypeFault(fmt::format("matchers.{}.isEqual is of a wrong type", i));
    }
  }
  return std::nullopt;
}

base::Status ReadSilence(const nlohmann::json& body, Silence& silence, std::optional<V2Fault>& fault) {
  std::optional<base::TimestampMs> starts_at, ends_at;
  if (!ReadV2Time(body, "startsAt", "silence", starts_at, fault) ||
      !ReadV2Time(body, "endsAt", "silence", ends_at, fault)) {
    return base::OkStatus();
  }
  silence.starts_at = starts_at.value_or(base::TimestampMs(0));
  silence.ends_at = ends_at.value_or(base::TimestampMs(0));
  if (const auto id = body.find("id"); id != body.end() && id->is_string()) silence.id = id->get<std::string>();
  silence.created_by = body["createdBy"].get<std::string>();
  silence.comment = body["comment"].get<std::string>();
  if (const auto annotations = body.find("annotations"); annotations != body.end() && annotations->is_object()) {
    for (const auto& [name, value] : annotations->items()) {
      if (value.is_string()) silence.annotations.emplace(name, value.get<std::string>());
    }
  }
  for (std::size_t i = 0; i < body["matchers"].size(); ++i) {
    auto matcher = ReadSilenceMatcher(body["matchers"][i]);
    if (!matcher.ok()) {
      return base::InvalidArgument(
          fmt::format("invalid silence: invalid label matcher {}: invalid regular expression {}: {}", i,
                      base::Quote(body["matchers"][i]["value"].get<std::string>()), matcher.status().message()));
    }
    silence.matchers.push_back(*std::move(matcher));
  }
  return base::OkStatus();
}

base::Status PostSilence(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  V2Body body = ReadV2Body(request, "silence");
  if (!body.fault) body.fault = SilenceFault(body.json);
  Silence silence;
  base::Status status;
  if (!body.fault) status = ReadSilence(body.json, silence, body.fault);
  if (body.fault) {
    RespondFault(response, *body.fault);
    return base::OkStatus();
  }
  if (silence.starts_at >= silence.ends_at) {
    return base::InvalidArgument("Failed to create silence: start time must be before end time");
  }
  if (silence.ends_at < context.clock.Now()) {
    return base::InvalidArgument("Failed to create silence: end time can't be in the past");
  }
  BW_RETURN_IF_ERROR(status);
  BW_ASSIGN_OR_RETURN(const std::string id, context.dispatcher->silences().Set(std::move(silence)));
  RespondJson(response, [&](JsonWriter& json) { json.BeginObject().Key("silenceID").String(id).EndObject(); });
  return base::OkStatus();
}

base::Status AllSilences(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  return request.method == "POST" ? PostSilence(context, request, response) : ListSilences(context, request, response);
}

base::Status OneSilence(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const std::string id(request.PathParam("silenceID"));
  if (!IsUuid(id)) {
    RespondFault(response,
                 {422, kV2TypeCode, fmt::format("silenceID in path must be of type uuid: {}", base::Quote(id))});
    return base::OkStatus();
  }
  const auto set = context.dispatcher->silences().Current();
  const auto it = set->silences.find(id);
  if (it == set->silences.end()) {
    response.status = 404;
    return base::OkStatus();
  }
  if (request.method == "DELETE") return context.dispatcher->silences().Expire(id);
  RespondJson(response, [&](JsonWriter& json) { WriteSilence(json, it->second, context.clock.Now()); });
  return base::OkStatus();
}

}  // namespace

void AddV2SilenceRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(V2Route(context, {"GET", "POST"}, "/silences", AllSilences));
  routes.push_back(V2Route(context, {"GET", "DELETE"}, "/silence/{silenceID}", OneSilence));
}

}  // namespace bellwether::api
