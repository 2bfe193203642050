#include "storage/head/exemplar_ring.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bellwether::storage::head {
namespace {

bool SortsBefore(const Exemplar& a, const Exemplar& b) {
  return std::make_tuple(a.value, a.labels.Hash()) < std::make_tuple(b.value, b.labels.Hash());
}

bool MatchesAll(const metric::Labels& labels, const std::vector<metric::Matcher>& selector) {
  return std::all_of(selector.begin(), selector.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

}  // namespace

bool ExemplarRing::Add(const metric::Labels& series, const Exemplar& exemplar) {
  if (max_ == 0) return false;
  const base::MutexLock lock(mu_);
  auto [it, is_new] = series_.try_emplace(series);
  Series& known = it->second;
  if (!is_new) {
    if (exemplar == known.newest) return true;
    const base::DurationMs lag = known.newest.timestamp - exemplar.timestamp;
    if (lag.ms > 0 && lag >= out_of_order_window_) return false;
    if (lag.ms == 0 && SortsBefore(exemplar, known.newest)) return false;
  }
  if (is_new || exemplar.timestamp >= known.newest.timestamp) known.newest = exemplar;
  known.arrived.push_back(exemplar);
  arrivals_.push_back(it);
  if (arrivals_.size() > max_) DropOldest();
  return true;
}

void ExemplarRing::DropOldest() {
  const SeriesMap::iterator oldest = arrivals_.front();
  arrivals_.pop_front();
  oldest->second.arrived.pop_front();
  if (oldest->second.arrived.empty()) series_.erase(oldest);
}

std::vector<ExemplarSeries> ExemplarRing::Select(base::TimestampMs min, base::TimestampMs max,
                                                 std::span<const std::vector<metric::Matcher>> selectors) const {
  std::vector<ExemplarSeries> result;
  const base::MutexLock lock(mu_);
  for (const auto& [labels, series] : series_) {
    if (std::none_of(selectors.begin(), selectors.end(), [&](const auto& s) { return MatchesAll(labels, s); }))
      continue;
    std::vector<Exemplar> found;
    std::copy_if(series.arrived.begin(), series.arrived.end(), std::back_inserter(found),
                 [&](const Exemplar& e) { return min <= e.timestamp && e.timestamp <= max; });
    if (found.empty()) continue;
    std::stable_sort(found.begin(), found.end(),
                     [](const Exemplar& a, const Exemplar& b) { return a.timestamp < b.timestamp; });
    result.push_back({labels, std::move(found)});
  }
  return result;
}

}  // namespace bellwether::storage::head
