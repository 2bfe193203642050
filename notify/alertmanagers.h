// notify/alertmanagers.h
//
// Alerts to Alertmanagers, Prometheus's own way: the part of a configuration under `alerting`. An update of the rules
// gets the external labels it lacks, goes through the relabelling of all Alertmanagers and of each group of them, and
// waits in a queue of each Alertmanager's URL, which a thread empties in batches: POST .../api/v2/alerts.
//
// Nothing here is durable, and nothing is tried twice. The rules say again what still fires, and for a quarter of an
// hour what was resolved; that is the retry, and each update says itself until when it is good. So a full queue drops
// its oldest alerts, and a batch that is not taken is dropped and counted. (An outbox was the road not taken: what it
// keeps would be out of date before it is sent.)
//
// The two updates of one change of level travel in one request, the new level first.
//
// Source: Prometheus notifier/; its metrics have its names, prometheus_notifications_*.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "base/status.h"
#include "metric/alert_update.h"
#include "metric/labels.h"

namespace bellwether::notify {

struct AlertingConfig;  // notify/alertmanager/alerting_config.h; made by ParseAlerting below.

// Reads Prometheus's keys from the YAML document `text`, found at the key `path` ("alerting"). `file` is for messages
// and for relative paths. Errors name FILE:LINE:COLUMN, what is wrong and what was probably meant; ways of discovery
// that are not here are refused by name, because leaving them out would lose alerts.
[[nodiscard]] base::Result<std::shared_ptr<const AlertingConfig>> ParseAlerting(const std::string& file,
                                                                                std::string_view text,
                                                                                std::string_view path);

struct AlertmanagerOptions {
  std::size_t queue_capacity = 10'000;  // Alerts that wait for one Alertmanager; beyond it the oldest go.
  std::size_t batch_size = 256;         // Alerts of one request, at most.
  bool drain_on_stop = true;            // Stop sends what waits, as long as the Alertmanager takes it.
};

// What is sent to, and what relabelling dropped, as URLs; sorted.
struct AlertmanagerUrls {
  std::vector<std::string> active;
  std::vector<std::string> dropped;
};

// Thread-safe.
class AlertmanagerSender {
 public:
  // `http`, `clock` and `metrics` outlive the sender.
  AlertmanagerSender(AlertmanagerOptions options, base::HttpClient& http, base::Clock& clock,
                     base::MetricsRegistry& metrics);
  ~AlertmanagerSender();  // Stops.

  // Puts a configuration in force; a null one means that nothing is sent. Queues of Alertmanagers that stay are kept.
  void Configure(std::shared_ptr<const AlertingConfig> config, metric::Labels external_labels);

  // Queues the updates and returns at once. Updates up to the last sequence taken are repetitions and are ignored.
  void Take(std::span<const metric::AlertUpdate> updates);

  // Sends in the background from now on.
  void Start();
  // Returns when nothing is being sent any more.
  void Stop();
  // Sends what waits, in this thread; for tests, instead of Start.
  void SendQueued();

  [[nodiscard]] AlertmanagerUrls Urls();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::notify
