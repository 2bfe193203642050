// notify/alertmanager/send_queue.h
//
// The alerts that wait for one Alertmanager, and the thread that sends them in batches. Bounded: when it is full the
// oldest alerts go, because what is newer says more. A batch that is not taken is dropped; see notify/alertmanagers.h.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "notify/alertmanagers.h"
#include "notify/config/config.h"

namespace bellwether::notify {

// Alerts that are sent in one request or not at all.
using AlertParcel = std::vector<metric::AlertUpdate>;

// How an Alertmanager is reached.
struct SendSettings {
  base::DurationMs timeout = base::Seconds(10);
  HttpConfig http;
};

// The body of a request to /api/v2/alerts.
[[nodiscard]] std::string AlertsBody(const std::vector<AlertParcel>& parcels);

// Thread-safe, but for Start and Stop, which the owner calls.
class SendQueue {
 public:
  // The references outlive the queue.
  SendQueue(std::string url, const AlertmanagerOptions& options, base::HttpClient& http, base::Clock& clock,
            base::MetricsRegistry& metrics);
  ~SendQueue() { Stop(Drain::kNo); }

  void SetSettings(SendSettings settings);
  void Push(const std::vector<AlertParcel>& parcels);

  enum class Drain : bool { kNo, kYes };
  void Start();
  // With Drain::kYes what waits is sent first, up to the first request that fails.
  void Stop(Drain drain);
  // Sends one batch; false if nothing waits.
  bool SendBatch();

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  void Run();
  [[nodiscard]] std::vector<AlertParcel> TakeBatch() BW_REQUIRES(mu_);
  void DropOldest() BW_REQUIRES(mu_);
  base::Status Post(const std::vector<AlertParcel>& batch, const SendSettings& settings);

  const std::string url_;
  const AlertmanagerOptions options_;
  base::HttpClient& http_;
  base::Clock& clock_;
  base::Counter& sent_;
  base::Counter& errors_;
  base::Counter& dropped_;
  base::Gauge& length_;
  base::Histogram& latency_;

  base::Mutex mu_;
  base::CondVar changed_;
  SendSettings settings_ BW_GUARDED_BY(mu_);
  std::deque<AlertParcel> waiting_ BW_GUARDED_BY(mu_);
  std::size_t waiting_alerts_ BW_GUARDED_BY(mu_) = 0;
  bool stopping_ BW_GUARDED_BY(mu_) = false;
  bool draining_ BW_GUARDED_BY(mu_) = false;

  std::jthread thread_;
};

}  // namespace bellwether::notify
