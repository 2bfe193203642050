// api/query_log.h
//
// The queries that were asked of this server over HTTP: each as a JSON line in a file, as Prometheus's query_log_file
// has them, and slow ones as lines of the server's log. Thread-safe.
//
// Source: Prometheus promql/engine.go (queryLogger), docs/guides/query-log.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"

namespace bellwether::api {

struct LoggedQuery {
  base::TimestampMs now{};
  std::string_view query{};
  base::TimestampMs start{};
  base::TimestampMs end{};
  base::DurationMs step{};                    // 0: instant.
  const promql::QueryStats* stats = nullptr;  // Null where the query failed.
  std::string_view error{};                   // Empty: it did not.
  double took_s = 0;
  std::string_view client_address{};  // Of the HTTP request; what is empty is left out.
  std::string_view method{};
  std::string_view path{};
};

// The line, without its end.
[[nodiscard]] std::string QueryLogLine(const LoggedQuery& logged);

class QueryLog {
 public:
  // Queries that take as long as `slow` are logged as slow; 0: none are.
  explicit QueryLog(base::DurationMs slow = {}) : slow_(slow) {}

  // A file that lines are appended to.
  class File {
   public:
    // Errors: kUnavailable, naming the file and the reason.
    static base::Result<std::shared_ptr<const File>> Open(const std::string& path);
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] bool Append(std::string_view line) const;

   private:
    const int descriptor_;
  };

  // From now on lines go there; null: nowhere.
  void Use(std::shared_ptr<const File> file);
  void Note(const LoggedQuery& logged) const;

 private:
  const base::DurationMs slow_;
  mutable base::Mutex mu_;
  std::shared_ptr<const File> file_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::api
