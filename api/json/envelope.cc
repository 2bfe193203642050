#include "api/json/envelope.h"

#include <fmt/format.h>

#include <utility>

#include "api/json/error_table.h"

namespace bellwether::api {
namespace {

constexpr std::size_t kNoticesMax = 10;

void WriteNotices(JsonWriter& json, std::string_view key, std::string_view kind,
                  const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.Key(key).BeginArray();
  for (const std::string& text : FirstTen(texts, kind)) json.String(text);
  json.EndArray();
}

void WriteSuccess(JsonWriter& json, const JsonBody& write, const Notices& notices) {
  json.BeginObject().Key("status").String("success").Key("data");
  write(json);
  WriteNotices(json, "warnings", "warning", notices.warnings);
  WriteNotices(json, "infos", "info", notices.infos);
  json.EndObject();
}

}  // namespace

std::vector<std::string> FirstTen(const std::vector<std::string>& texts, std::string_view kind) {
  if (texts.size() <= kNoticesMax) return texts;
  std::vector<std::string> first(texts.begin(), texts.begin() + kNoticesMax);
  first.push_back(fmt::format("{} more {} annotations omitted", texts.size() - kNoticesMax, kind));
  return first;
}

void RespondData(HttpResponse& response, const JsonBody& write, const Notices& notices) {
  RespondJson(response, [&](JsonWriter& json) { WriteSuccess(json, write, notices); });
}

void RespondDataStreamed(HttpResponse& response, JsonBody write, Notices notices) {
  response.status = 200;
  response.content_type = "application/json";
  response.stream = [write = std::move(write), notices = std::move(notices)](BodySink& sink) {
    JsonWriter json(sink);
    WriteSuccess(json, write, notices);
  };
}

void RespondError(HttpResponse& response, const base::Status& error, const Notices& notices) {
  const ErrorKind kind = ErrorKindOf(error.code());
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginObject().Key("status").String("error").Key("errorType").String(kind.error_type);
    json.Key("error").String(error.message());
    WriteNotices(json, "warnings", "warning", notices.warnings);
    WriteNotices(json, "infos", "info", notices.infos);
    json.EndObject();
  });
  response.status = kind.http_status;
}

void RespondJson(HttpResponse& response, const JsonBody& write) {
  response.status = 200;
  response.content_type = "application/json";
  response.stream = nullptr;
  response.body.clear();
  StringSink sink(response.body);
  JsonWriter json(sink);
  write(json);
}

void RespondText(HttpResponse& response, int status, std::string text) {
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.stream = nullptr;
  response.body = std::move(text);
}

}  // namespace bellwether::api
