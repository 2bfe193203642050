#include "notify/alertmanager/send_queue.h"

#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "notify/config/http_request.h"
#include "notify/receivers/alert_json.h"

namespace bellwether::notify {
namespace {

OrderedJson PostedAlert(const metric::AlertUpdate& update) {
  OrderedJson out = {{"annotations", AnnotationsJson(update.annotations)},
                     {"endsAt", base::FormatRfc3339Ms(update.ends_at)},
                     {"startsAt", base::FormatRfc3339Ms(update.starts_at)}};
  if (!update.generator_url.empty()) out["generatorURL"] = update.generator_url;
  out["labels"] = LabelsJson(update.labels);
  return out;
}

std::size_t CountAlerts(const std::vector<AlertParcel>& parcels) {
  std::size_t n = 0;
  for (const AlertParcel& parcel : parcels) n += parcel.size();
  return n;
}

base::MetricLabels UrlLabel(const std::string& url) { return {{"alertmanager", url}}; }

}  // namespace

std::string AlertsBody(const std::vector<AlertParcel>& parcels) {
  OrderedJson alerts = OrderedJson::array();
  for (const AlertParcel& parcel : parcels) {
    for (const metric::AlertUpdate& update : parcel) alerts.push_back(PostedAlert(update));
  }
  return JsonText(alerts);
}

SendQueue::SendQueue(std::string url, const AlertmanagerOptions& options, base::HttpClient& http, base::Clock& clock,
                     base::MetricsRegistry& metrics)
    : url_(std::move(url)),
      options_(options),
      http_(http),
      clock_(clock),
      sent_(metrics.AddCounter("prometheus_notifications_sent_total", "Alerts sent to an Alertmanager, taken or not.",
                               UrlLabel(url_))),
      errors_(metrics.AddCounter("prometheus_notifications_errors_total", "Alerts sent that were not taken.",
                                 UrlLabel(url_))),
      dropped_(metrics.AddCounter("prometheus_notifications_dropped_total",
                                  "Alerts dropped because they were not taken, or the queue was full.",
                                  UrlLabel(url_))),
      length_(
          metrics.AddGauge("prometheus_notifications_queue_length", "Alerts that wait to be sent.", UrlLabel(url_))),
      latency_(metrics.AddHistogram("prometheus_notifications_latency_histogram_seconds",
                                    "Time of a request to an Alertmanager.", {0.01, 0.1, 1, 10}, UrlLabel(url_))) {}

void SendQueue::SetSettings(SendSettings settings) {
  const base::MutexLock lock(mu_);
  settings_ = std::move(settings);
}

void SendQueue::Push(const std::vector<AlertParcel>& parcels) {
  const base::MutexLock lock(mu_);
  for (const AlertParcel& parcel : parcels) {
    waiting_alerts_ += parcel.size();
    waiting_.push_back(parcel);
  }
  DropOldest();
  length_.Set(static_cast<double>(waiting_alerts_));
  changed_.NotifyOne();
}

void SendQueue::DropOldest() {
  std::size_t dropped = 0;
  while (waiting_alerts_ > options_.queue_capacity) {
    dropped += waiting_.front().size();
    waiting_alerts_ -= waiting_.front().size();
    waiting_.pop_front();
  }
  if (dropped == 0) return;
  dropped_.Add(dropped);
}

std::vector<AlertParcel> SendQueue::TakeBatch() {
  std::vector<AlertParcel> batch;
  std::size_t alerts = 0;
  while (!waiting_.empty() && (batch.empty() || alerts + waiting_.front().size() <= options_.batch_size)) {
    alerts += waiting_.front().size();
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_alerts_ -= alerts;
  length_.Set(static_cast<double>(waiting_alerts_));
  return batch;
}

bool SendQueue::SendBatch() {
  std::vector<AlertParcel> batch;
  SendSettings settings;
  {
    const base::MutexLock lock(mu_);
    batch = TakeBatch();
    settings = settings_;
  }
  if (batch.empty()) return false;
  const std::size_t alerts = CountAlerts(batch);
  const std::int64_t begin = clock_.MonotonicNanos();
  const base::Status status = Post(batch, settings);
  latency_.Observe(static_cast<double>(clock_.MonotonicNanos() - begin) / 1e9);
  sent_.Add(alerts);
  if (!status.ok()) {
    errors_.Add(alerts);
    dropped_.Add(alerts);
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "alerts not taken by an Alertmanager", {"alertmanager", url_},
                 {"alerts", alerts}, {"error", status});
    const base::MutexLock lock(mu_);
    draining_ = false;
  }
  return true;
}

base::Status SendQueue::Post(const std::vector<AlertParcel>& batch, const SendSettings& settings) {
  base::HttpClientRequest request;
  request.url = url_;
  request.timeout = settings.timeout;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = AlertsBody(batch);
  BW_RETURN_IF_ERROR(ApplyHttpConfig(settings.http, request));
  BW_ASSIGN_OR_RETURN(const base::HttpClientResponse response, http_.Send(request));
  if (response.status / 100 == 2) return base::OkStatus();
  return base::Unavailable(fmt::format("bad response status {}: {:.200}", response.status, response.body));
}

void SendQueue::Start() {
  {
    const base::MutexLock lock(mu_);
    stopping_ = false;
  }
  thread_ = std::jthread([this] { Run(); });
}

void SendQueue::Stop(Drain drain) {
  {
    const base::MutexLock lock(mu_);
    stopping_ = true;
    draining_ = drain == Drain::kYes;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void SendQueue::Run() {
  for (;;) {
    {
      const base::MutexLock lock(mu_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mu_);
      if (stopping_ && (waiting_.empty() || !draining_)) return;
    }
    try {
      SendBatch();
    } catch (const std::exception& e) {
      BW_LOG(kError, "internal error while alerts were sent to an Alertmanager", {"error", std::string(e.what())});
    }
  }
}

}  // namespace bellwether::notify
