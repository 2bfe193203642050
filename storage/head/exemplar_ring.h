// storage/head/exemplar_ring.h
//
// Exemplars of all series, the newest `max` of them. In memory only: they are hints for people, not data. Every store
// of this folder has one. Source: Prometheus's circular exemplar storage, with the order measured as for samples.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

class ExemplarRing {
 public:
  ExemplarRing(std::size_t max, base::DurationMs out_of_order_window)
      : max_(max), out_of_order_window_(out_of_order_window) {}

  // True if it was taken, or is the newest of its series once more. Not taken: one older than the newest of its series
  // by the out-of-order window or more; one of the same time that sorts before it (by value, then hash of its labels).
  bool Add(const metric::Labels& series, const Exemplar& exemplar);

  // Exemplars in [min, max] of series that match any of the selectors; series by label set, exemplars by time.
  [[nodiscard]] std::vector<ExemplarSeries> Select(base::TimestampMs min, base::TimestampMs max,
                                                   std::span<const std::vector<metric::Matcher>> selectors) const;

 private:
  struct Series {
    std::deque<Exemplar> arrived;  // In order of arrival.
    Exemplar newest;
  };
  using SeriesMap = std::map<metric::Labels, Series>;

  void DropOldest() BW_REQUIRES(mu_);

  const std::size_t max_;
  const base::DurationMs out_of_order_window_;

  mutable base::Mutex mu_;
  SeriesMap series_ BW_GUARDED_BY(mu_);
  std::deque<SeriesMap::iterator> arrivals_ BW_GUARDED_BY(mu_);  // Whose exemplar came, oldest first.
};

}  // namespace bellwether::storage::head
