// server/topology_series.h
//
// Writes the topology as series, bellwether_depends_info, again and again as a recording rule would, so that queries
// join by it. A pair that is no more ends with a stale marker.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "incidents/topology.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::server {

class TopologySeries {
 public:
  using Source = std::function<std::shared_ptr<const incidents::Topology>()>;

  // `storage` and `clock` outlive it; `source` is thread-safe.
  TopologySeries(storage::Storage& storage, base::Clock& clock, Source source)
      : storage_(storage), clock_(clock), source_(std::move(source)) {}

  // Writes each `interval` in a thread of its own.
  void Start(base::DurationMs interval);
  void Stop();

  // Writes once, in this thread. Errors: the storage's.
  base::Status Write();

 private:
  storage::Storage& storage_;
  base::Clock& clock_;
  const Source source_;
  std::set<metric::Labels> written_;  // Of whoever writes.
  std::jthread thread_;
};

}  // namespace bellwether::server
