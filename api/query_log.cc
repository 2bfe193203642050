#include "api/query_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "api/json/json_writer.h"
#include "api/json/value_json.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

void WriteLoggedRequest(JsonWriter& json, const LoggedQuery& logged) {
  json.Key("httpRequest").BeginObject();
  if (!logged.client_address.empty()) json.Key("clientIP").String(logged.client_address);
  if (!logged.method.empty()) json.Key("method").String(logged.method);
  json.Key("path").String(logged.path).EndObject();
}

}  // namespace

std::string QueryLogLine(const LoggedQuery& logged) {
  std::string line;
  StringSink sink(line);
  JsonWriter json(sink);
  // Releases 2 and 3 of Prometheus call the time by these two names.
  json.BeginObject().Key("ts").String(base::FormatRfc3339Ms(logged.now));
  json.Key("time").String(base::FormatRfc3339Ms(logged.now)).Key("level").String("INFO");
  json.Key("msg").String("promql query logged").Key("params").BeginObject();
  json.Key("end").String(base::FormatRfc3339Ms(logged.end)).Key("query").String(logged.query);
  json.Key("start").String(base::FormatRfc3339Ms(logged.start));
  json.Key("step").Integer(logged.step.ms / 1000).EndObject();
  if (!logged.error.empty()) json.Key("error").String(logged.error);
  if (logged.stats != nullptr) {
    json.Key("stats");
    WriteQueryStats(json, *logged.stats);
  }
  if (!logged.path.empty()) WriteLoggedRequest(json, logged);
  json.EndObject().Flush();
  return line;
}

base::Result<std::shared_ptr<const QueryLog::File>> QueryLog::File::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return base::Unavailable(fmt::format("open query log {}: {}", path, std::strerror(errno)));
  }
  return std::make_shared<const File>(descriptor);
}

QueryLog::File::~File() { close(descriptor_); }

bool QueryLog::File::Append(std::string_view line) const {
  // One call, so that lines of several queries do not mix.
  return write(descriptor_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

void QueryLog::Use(std::shared_ptr<const File> file) {
  const base::MutexLock lock(mu_);
  file_.swap(file);
}

void QueryLog::Note(const LoggedQuery& logged) const {
  if (slow_.ms > 0 && logged.took_s >= slow_.seconds()) {
    BW_LOG(kWarning, "slow query", {"seconds", logged.took_s}, {"query", logged.query}, {"start", logged.start},
           {"end", logged.end}, {"step", logged.step}, {"client", logged.client_address}, {"path", logged.path},
           {"error", logged.error});
  }
  std::shared_ptr<const File> file;
  {
    const base::MutexLock lock(mu_);
    file = file_;
  }
  if (file == nullptr || file->Append(QueryLogLine(logged) + "\n")) return;
  BW_LOG_EVERY(std::chrono::seconds(10), kError, "cannot write to the query log", {"error", std::strerror(errno)});
}

}  // namespace bellwether::api
