#include "rules/state/signal_memory.h"

#include <algorithm>
#include <set>

namespace bellwether::rules {
namespace {

Truth Holds(const SeriesClock& series, Truth condition, base::TimestampMs now, base::DurationMs hold) {
  return condition == Truth::kTrue ? TruthOf(HasHeld(series.clock, now, hold)) : condition;
}

}  // namespace

std::vector<SeriesStanding> SignalMemory::Advance(const std::string& signal, std::span<const SeriesFinding> findings,
                                                  base::TimestampMs now, const SignalPolicy& policy) {
  Series& remembered = signals_[signal];
  std::vector<SeriesStanding> standings;
  standings.reserve(findings.size());
  std::set<metric::Labels> came;
  const auto advance = [&](const metric::Labels& labels, SeriesClock& series, Truth condition, bool is_here) {
    const ConditionClock before = series.clock;
    rules::Advance(series.clock, condition, now, policy.reset_after);
    if (series.clock != before) series.dirty = true;
    standings.push_back({labels, series.value, Holds(series, condition, now, policy.hold), series.clock, is_here});
  };
  for (const SeriesFinding& finding : findings) {
    const auto known = remembered.find(finding.labels);
    SeriesClock series = known == remembered.end() ? SeriesClock() : known->second;
    series.value = finding.value;
    advance(finding.labels, series, Latched(finding.begins, finding.ends, series.clock.running()), true);
    if (known != remembered.end()) came.insert(finding.labels);
    if (series.clock.running()) {
      came.insert(finding.labels);
      remembered.insert_or_assign(finding.labels, series);
    } else if (known != remembered.end()) {
      known->second = series;
    }
  }
  for (auto it = remembered.begin(); it != remembered.end();) {
    if (!came.contains(it->first)) advance(it->first, it->second, policy.absent, false);
    if (it->second.clock.running()) {
      ++it;
      continue;
    }
    forgotten_.emplace_back(signal, it->first);
    it = remembered.erase(it);
  }
  return standings;
}

void SignalMemory::KeepOnly(std::span<const std::string> signals) {
  for (auto it = signals_.begin(); it != signals_.end();) {
    if (std::find(signals.begin(), signals.end(), it->first) != signals.end()) {
      ++it;
      continue;
    }
    for (const auto& [labels, series] : it->second) forgotten_.emplace_back(it->first, labels);
    it = signals_.erase(it);
  }
}

void SignalMemory::RestartUnheldClocks(const std::string& signal, base::TimestampMs last_seen, base::DurationMs hold) {
  const auto found = signals_.find(signal);
  if (found == signals_.end()) return;
  std::erase_if(found->second, [&](const auto& series) {
    if (HasHeld(series.second.clock, last_seen, hold)) return false;
    forgotten_.emplace_back(signal, series.first);
    return true;
  });
}

void SignalMemory::MarkClean() {
  for (auto& [signal, remembered] : signals_) {
    for (auto& [labels, series] : remembered) series.dirty = false;
  }
}

}  // namespace bellwether::rules
