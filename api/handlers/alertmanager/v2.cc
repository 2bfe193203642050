#include "api/handlers/alertmanager/v2.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include <fmt/format.h>

#include "api/json/envelope.h"
#include "base/quote.h"

namespace bellwether::api {
namespace {

bool IsTrueWord(std::string word) {
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view kTrue[] = {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"};
  return std::find(std::begin(kTrue), std::end(kTrue), word) != std::end(kTrue);
}

int StatusOfV2(base::StatusCode code) {
  if (code == base::StatusCode::kNotFound) return 404;
  return code == base::StatusCode::kInvalidArgument ? 400 : 500;
}

std::string_view MediaTypeOf(const HttpRequest& request) {
  std::string_view type = request.Header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

}  // namespace

RouteEntry V2Route(const HandlerContext& context, std::vector<std::string> methods, std::string_view path,
                   ContextFunction function) {
  return ApiRoute(context, std::move(methods), fmt::format("/api/v2{}", path),
                  [function = std::move(function)](const HandlerContext& of_family, const HttpRequest& request,
                                                   HttpResponse& response) {
                    response.headers.emplace_back("Cache-Control", "no-store");
                    if (of_family.dispatcher == nullptr) {
                      RespondJsonString(response, 503, "this server notifies nobody");
                      return base::OkStatus();
                    }
                    const base::Status status = function(of_family, request, response);
                    if (!status.ok()) RespondJsonString(response, StatusOfV2(status.code()), status.message());
                    return base::OkStatus();
                  });
}

void RespondFault(HttpResponse& response, const V2Fault& fault) {
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginObject().Key("code").Integer(fault.code).Key("message").String(fault.message).EndObject();
  });
  response.status = fault.status;
}

void RespondJsonString(HttpResponse& response, int status, std::string_view text) {
  RespondJson(response, [&](JsonWriter& json) { json.String(text); });
  response.status = status;
}

void FillV2Error(const HttpRequest& request, std::string_view allow, HttpResponse& response) {
  const int status = response.status;
  std::string message = response.body;
  if (status == 404) message = fmt::format("path {} was not found", request.path);
  if (status == 405) message = fmt::format("method {} is not allowed, but [{}] are", request.method, allow);
  RespondFault(response, {status, status, std::move(message)});
}

void AddAlertmanagerRoutes(const HandlerContext& context, RouteTable& routes) {
  AddV2AlertRoutes(context, routes);
  AddV2SilenceRoutes(context, routes);
  AddV2StatusRoutes(context, routes);
}

std::string V2Text(const HttpRequest& request, std::string_view name) {
  const std::vector<std::string> values = request.ParamAll(name);
  return values.empty() ? "" : values.back();
}

bool V2Bool(const HttpRequest& request, std::string_view name, bool absent) {
  const std::string text = V2Text(request, name);
  return text.empty() ? absent : IsTrueWord(text);
}

base::Result<std::vector<metric::Matcher>> V2Matchers(const HttpRequest& request, std::string_view name) {
  std::vector<metric::Matcher> matchers;
  for (const std::string& text : request.ParamAll(name)) {
    BW_ASSIGN_OR_RETURN(metric::Matcher matcher, notify::ParseMatcher(text));
    matchers.push_back(std::move(matcher));
  }
  return matchers;
}

V2Body ReadV2Body(const HttpRequest& request, std::string_view name) {
  V2Body body;
  const std::string_view type = MediaTypeOf(request);
  if (type != "application/json") {
    body.fault = {415, 415,
                  fmt::format("unsupported media type {}, only [application/json] are allowed", base::Quote(type))};
  } else if (request.body.empty()) {
    body.fault = {422, kV2RequiredCode, fmt::format("{} in body is required", name)};
  } else {
    body.json = nlohmann::json::parse(request.body, nullptr, false);
    if (body.json.is_discarded()) {
      body.fault = {400, 400, fmt::format("parsing {} body from \"\" failed, because it is not JSON", name)};
    }
  }
  return body;
}

bool ReadV2Time(const nlohmann::json& object, const char* key, std::string_view body,
                std::optional<base::TimestampMs>& out, std::optional<V2Fault>& fault) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return true;
  const std::string text = it->is_string() ? it->get<std::string>() : "";
  if (it->is_string() && (text.empty() || text.starts_with("0001-01-01T00:00:00"))) return true;
  const auto time = base::ParseRfc3339(text);
  if (!it->is_string() || !time.ok()) {
    fault = {400, 400,
             fmt::format("parsing {} body from \"\" failed, because {} must be a time as in 2026-08-22T14:04:18.000Z, "
                         "not {}",
                         body, key, it->dump())};
    return false;
  }
  out = *time;
  return true;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

}  // namespace bellwether::api
