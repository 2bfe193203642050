#include "rules/eval/orphan_series.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "rules/eval/series_writer.h"

namespace bellwether::rules {
namespace {

// Those of `series` that have no sample after `removed_at`.
std::vector<metric::Labels> Ended(storage::Storage& storage, const std::vector<metric::Labels>& series,
                                  base::TimestampMs removed_at, base::TimestampMs now) {
  std::set<std::string> names;
  for (const metric::Labels& labels : series) names.emplace(labels.Name());
  SeriesMemory continued;
  const auto querier = storage.NewQuerier(removed_at + base::Milliseconds(1), now);
  for (const std::string& name : names) {
    const std::vector<metric::Matcher> matchers = {metric::Matcher::Equal(std::string(metric::kMetricName), name)};
    const auto set = querier->Select(matchers);
    while (set->Next()) {
      storage::SampleBatch batch;
      if (set->samples().Next(batch)) continued.insert(set->labels());
    }
  }
  std::vector<metric::Labels> ended;
  for (const metric::Labels& labels : series) {
    if (!continued.contains(labels)) ended.push_back(labels);
  }
  return ended;
}

}  // namespace

void OrphanSeries::Add(std::vector<metric::Labels> series, base::TimestampMs removed_at, base::TimestampMs due) {
  if (series.empty()) return;
  const base::MutexLock lock(mu_);
  waiting_.push_back({std::move(series), removed_at, due});
}

void OrphanSeries::EndDue(storage::Storage& storage, base::TimestampMs now) {
  std::vector<Orphans> due;
  {
    const base::MutexLock lock(mu_);
    const auto first_due =
        std::partition(waiting_.begin(), waiting_.end(), [&](const Orphans& orphans) { return orphans.due > now; });
    due.assign(std::make_move_iterator(first_due), std::make_move_iterator(waiting_.end()));
    waiting_.erase(first_due, waiting_.end());
  }
  for (const Orphans& orphans : due) {
    const auto ended = Ended(storage, orphans.series, orphans.removed_at, now);
    const WriteOutcome written = WriteStaleMarkers(storage, ended, orphans.removed_at + base::Milliseconds(1));
    if (!written.status.ok()) BW_LOG(kWarning, "series of removed rules are not ended", {"error", written.status});
  }
}

base::TimestampMs OrphanSeries::NextDue() const {
  const base::MutexLock lock(mu_);
  base::TimestampMs next = base::TimestampMs::Max();
  for (const Orphans& orphans : waiting_) next = std::min(next, orphans.due);
  return next;
}

}  // namespace bellwether::rules
