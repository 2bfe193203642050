#include "server/commands/server_answer.h"

#include <fmt/format.h>

#include "server/http_client.h"
#include "server/version.h"

namespace bellwether::server {
namespace {

using nlohmann::json;

void AppendFormText(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

base::Result<json> Exchange(const DataTarget& target, base::HttpClientRequest request) {
  BW_ASSIGN_OR_RETURN(base::HttpHeaders headers, TargetHeaders(target));
  for (auto& header : headers) request.headers.push_back(std::move(header));
  std::string body;
  request.on_body = [&](std::string_view piece) {
    body += piece;
    return true;
  };
  CurlHttpClient client(fmt::format("Bellwether/{}", kVersion));
  const auto answer = client.Send(request);
  if (!answer.ok()) return base::Status(answer.status()).WithContext("ask the server at " + target.server);
  json parsed = json::parse(body.empty() ? answer->body : body, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_object() && parsed.value("status", "") == "success" && parsed.contains("data")) return parsed;
  if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_string()) {
    const auto error = parsed["error"].get<std::string>();
    const bool is_disabled = error == "admin APIs disabled";
    return base::Internal(is_disabled ? error + ": start the server with --web.enable-admin-api" : error);
  }
  return base::Internal(fmt::format("{} answered {}, and not as Bellwether does", request.url, answer->status));
}

// The text of a failure: a JSON string, or an object with a message.
std::string ApiFailureText(const json& parsed, int status) {
  if (parsed.is_string()) return parsed.get<std::string>();
  if (parsed.is_object() && parsed.contains("message") && parsed["message"].is_string()) {
    return parsed["message"].get<std::string>();
  }
  return status == 404 ? "there is no such thing" : fmt::format("the server answered {}", status);
}

}  // namespace

base::Result<json> AskAlertmanagerApi(const DataTarget& target, const std::string& method, std::string_view path,
                                      const std::string& body) {
  base::HttpClientRequest request;
  request.method = method;
  request.url = TargetUrl(target, fmt::format("/api/v2{}", path));
  request.body = body;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  BW_ASSIGN_OR_RETURN(base::HttpHeaders headers, TargetHeaders(target));
  for (auto& header : headers) request.headers.push_back(std::move(header));
  std::string received;
  request.on_body = [&](std::string_view piece) {
    received += piece;
    return true;
  };
  CurlHttpClient client(fmt::format("Bellwether/{}", kVersion));
  const auto answer = client.Send(request);
  if (!answer.ok()) return base::Status(answer.status()).WithContext("ask the server at " + target.server);
  json parsed = json::parse(received.empty() ? answer->body : received, nullptr, /*allow_exceptions=*/false);
  if (answer->status < 200 || answer->status >= 300) return base::Internal(ApiFailureText(parsed, answer->status));
  return parsed.is_discarded() ? json() : parsed;
}

std::string EncodeForm(const FormFields& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form.push_back('&');
    AppendFormText(form, name);
    form.push_back('=');
    AppendFormText(form, value);
  }
  return form;
}

base::Result<json> AskServer(const DataTarget& target, std::string_view path, const FormFields& fields,
                             base::DurationMs timeout) {
  base::HttpClientRequest request;
  request.url = TargetUrl(target, path);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = EncodeForm(fields);
  request.timeout = timeout;
  return Exchange(target, std::move(request));
}

base::Result<json> GetFromServer(const DataTarget& target, std::string_view path, const FormFields& fields,
                                 base::DurationMs timeout) {
  base::HttpClientRequest request;
  request.method = "GET";
  request.url = fmt::format("{}?{}", TargetUrl(target, path), EncodeForm(fields));
  request.timeout = timeout;
  return Exchange(target, std::move(request));
}

}  // namespace bellwether::server
