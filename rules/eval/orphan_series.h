// rules/eval/orphan_series.h
//
// Series whose rule is gone. They get a stale marker right behind the time their rule went, but only two intervals
// later, and only those that nobody goes on writing: a rule that moved to another group or file continues its series
// without a gap.
#pragma once

#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::rules {

// Thread-safe.
class OrphanSeries {
 public:
  void Add(std::vector<metric::Labels> series, base::TimestampMs removed_at, base::TimestampMs due);

  // Ends the series whose time has come.
  void EndDue(storage::Storage& storage, base::TimestampMs now);

  // When the next ones are due; Max if there are none.
  [[nodiscard]] base::TimestampMs NextDue() const;

 private:
  struct Orphans {
    std::vector<metric::Labels> series;
    base::TimestampMs removed_at;
    base::TimestampMs due;
  };

  mutable base::Mutex mu_;
  std::vector<Orphans> waiting_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::rules
