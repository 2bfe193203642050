#include "api/http/http_metrics.h"

#include <algorithm>
#include <utility>

namespace bellwether::api {
namespace {

constexpr const char* kHttpRequestsName = "bellwether_http_requests_total";

}  // namespace

HandlerMetrics::HandlerMetrics(base::MetricsRegistry& registry, std::string handler)
    : registry_(registry),
      handler_(std::move(handler)),
      duration_(registry.AddHistogram("bellwether_http_request_duration_seconds",
                                      "Time from the last byte of a request to its response.",
                                      {0.001, 0.005, 0.025, 0.1, 0.4, 1, 3, 8, 20, 60, 120}, {{"handler", handler_}})) {
}

void HandlerMetrics::Observe(int status, double seconds) {
  auto& slot = by_code_[static_cast<std::size_t>(std::clamp(status, 0, 599))];
  base::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &registry_.AddCounter(kHttpRequestsName, "HTTP requests answered.",
                                    {{"handler", handler_}, {"code", std::to_string(status)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->Add();
  duration_.Observe(seconds);
}

HttpMetrics::HttpMetrics(base::MetricsRegistry& registry)
    : registry_(registry),
      connections_(registry.AddGauge("bellwether_http_connections", "Open HTTP connections.")),
      none_(registry, "none") {
  for (int i = 0; i < kRefusalReasons; ++i) {
    const auto reason = static_cast<RefusalReason>(i);
    refused_[static_cast<std::size_t>(i)] =
        &registry.AddCounter("bellwether_http_refused_total", "HTTP requests and connections that reached no handler.",
                             {{"reason", std::string(RefusalReasonName(reason))}});
  }
}

HandlerMetrics& HttpMetrics::Of(const std::string& handler) {
  auto& metrics = handlers_[handler];
  if (!metrics) metrics = std::make_unique<HandlerMetrics>(registry_, handler);
  return *metrics;
}

}  // namespace bellwether::api
