// api/http/http_metrics.h
//
// What the server counts about itself:
//   bellwether_http_requests_total{handler,code}, bellwether_http_request_duration_seconds{handler},
//   bellwether_http_connections, bellwether_http_refused_total{reason}.
// `handler` is the pattern of a route, "none" for requests that reached none. Duration: from the last byte of the
// request to the response handed to the socket.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "api/http/request_head.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace bellwether::api {

// The metrics of one handler. Thread-safe; a code's counter is looked up in the registry once.
class HandlerMetrics {
 public:
  HandlerMetrics(base::MetricsRegistry& registry, std::string handler);
  void Observe(int status, double seconds);

 private:
  base::MetricsRegistry& registry_;
  const std::string handler_;
  base::Histogram& duration_;
  std::array<std::atomic<base::Counter*>, 600> by_code_{};
};

class HttpMetrics {
 public:
  explicit HttpMetrics(base::MetricsRegistry& registry);

  [[nodiscard]] HandlerMetrics& Of(const std::string& handler);
  [[nodiscard]] HandlerMetrics& none() { return none_; }
  void CountRefused(RefusalReason reason) { refused_[static_cast<std::size_t>(reason)]->Add(); }
  [[nodiscard]] base::Gauge& connections() { return connections_; }

 private:
  base::MetricsRegistry& registry_;
  base::Gauge& connections_;
  std::array<base::Counter*, kRefusalReasons> refused_{};
  HandlerMetrics none_;
  std::map<std::string, std::unique_ptr<HandlerMetrics>> handlers_;
};

}  // namespace bellwether::api
