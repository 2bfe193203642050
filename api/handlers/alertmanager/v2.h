// api/handlers/alertmanager/v2.h
//
// What the handlers of Alertmanager's API v2 share: how it reads parameters and bodies, and how it says what is wrong.
// A handler's own errors are JSON strings; faults in the form of a request have a code and a message, in the words of
// the framework that Alertmanager is made with, because clients show them as they are.
//
// Source: Alertmanager's openapi.yaml and the answers of a running one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/handlers/routes.h"
#include "api/json/json_writer.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "notify/shown_alert.h"

namespace bellwether::api {

// Faults in the form of a request.
struct V2Fault {
  int status = 400;
  int code = 400;
  std::string message;
};
inline constexpr int kV2TypeCode = 601;
inline constexpr int kV2RequiredCode = 602;
inline constexpr int kV2TooFewCode = 612;

// `function` at /api/v2PATH. A status that it returns becomes a JSON string: 404 for kNotFound, 400 for
// kInvalidArgument, else 500. Without a dispatcher the answer is 503.
[[nodiscard]] RouteEntry V2Route(const HandlerContext& context, std::vector<std::string> methods, std::string_view path,
                                 ContextFunction function);

void RespondFault(HttpResponse& response, const V2Fault& fault);
void RespondJsonString(HttpResponse& response, int status, std::string_view text);

// true, 1, yes, ok, y, on, selected, checked, t and enabled are true, anything else is false; of several the last
// counts, and an empty one not at all.
[[nodiscard]] bool V2Bool(const HttpRequest& request, std::string_view name, bool absent);
// The last value; empty if there is none.
[[nodiscard]] std::string V2Text(const HttpRequest& request, std::string_view name);
// Each value of `name` is one matcher. kInvalidArgument "bad matcher format: ...".
[[nodiscard]] base::Result<std::vector<metric::Matcher>> V2Matchers(const HttpRequest& request, std::string_view name);

// The body. `name` is what messages call it ("alerts").
struct V2Body {
  nlohmann::json json;
  std::optional<V2Fault> fault;
};
[[nodiscard]] V2Body ReadV2Body(const HttpRequest& request, std::string_view name);

// RFC 3339; nothing for an absent, empty or zero time. False: it is no time, and `fault` says so.
[[nodiscard]] bool ReadV2Time(const nlohmann::json& object, const char* key, std::string_view body,
                              std::optional<base::TimestampMs>& out, std::optional<V2Fault>& fault);

[[nodiscard]] bool IsUuid(std::string_view text);

// What the router answers by itself, a path that is unknown or a method that is not allowed (`allow`: those that are),
// in the framework's form.
void FillV2Error(const HttpRequest& request, std::string_view allow, HttpResponse& response);

// The families.
void AddV2AlertRoutes(const HandlerContext& context, RouteTable& routes);
void AddV2SilenceRoutes(const HandlerContext& context, RouteTable& routes);
void AddV2StatusRoutes(const HandlerContext& context, RouteTable& routes);

}  // namespace bellwether::api
