#include "server/topology_series.h"

#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "metric/sample.h"

namespace bellwether::server {

void TopologySeries::Start(base::DurationMs interval) {
  thread_ = std::jthread([this, interval](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        const base::Status status = Write();
        if (!status.ok()) {
          BW_LOG_EVERY(std::chrono::minutes(1), kWarning, "series of the topology not written", {"error", status});
        }
      } catch (const std::exception& e) {
        BW_LOG(kError, "internal error while the topology was written", {"error", std::string(e.what())});
      }
      clock_.SleepUntil(clock_.Now() + interval, stop);
    }
  });
}

void TopologySeries::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

base::Status TopologySeries::Write() {
  const std::vector<metric::Labels> present = incidents::DependsInfoSeries(*source_());
  std::set<metric::Labels> next(present.begin(), present.end());
  if (next.empty() && written_.empty()) return base::OkStatus();
  const base::TimestampMs now = clock_.Now();
  const std::unique_ptr<storage::Appender> appender = storage_.NewAppender();
  std::vector<storage::FloatSample> samples;
  const auto add = [&](const metric::Labels& labels, double value) {
    const auto ref = appender->FindOrCreate(labels);
    if (ref.ok()) samples.push_back({*ref, now, value, {}});
    return ref.status();
  };
  for (const metric::Labels& labels : next) BW_RETURN_IF_ERROR(add(labels, 1));
  for (const metric::Labels& labels : written_) {
    if (!next.contains(labels)) BW_RETURN_IF_ERROR(add(labels, metric::kStaleMarker));
  }
  appender->Append(samples);
  BW_RETURN_IF_ERROR(appender->Commit(storage::Durability::kVisible).status());
  written_ = std::move(next);
  return base::OkStatus();
}

}  // namespace bellwether::server
