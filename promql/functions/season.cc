#include "promql/functions/season.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "judge/seasonal.h"

namespace bellwether::promql {
namespace {

class Season {
 public:
  Season(std::span<const base::TimestampMs> times, std::span<const double> values, base::DurationMs period)
      : times_(times), values_(values), period_(period), tolerance_(HalfOfUsualGap()) {}

  // What was counted in the same phase of earlier periods than that of sample i.
  void HistoryOf(std::size_t i, std::vector<double>& out) const {
    out.clear();
    for (base::TimestampMs at = times_[i] - period_; at + tolerance_ >= times_.front(); at = at - period_) {
      const std::size_t nearest = NearestTo(at);
      const bool in_phase = std::abs((times_[nearest] - at).ms) <= tolerance_.ms;
      if (in_phase && !std::isnan(values_[nearest])) out.push_back(values_[nearest]);
    }
  }

 private:
  [[nodiscard]] base::DurationMs HalfOfUsualGap() const {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < times_.size(); ++i) gaps.push_back(static_cast<double>((times_[i] - times_[i - 1]).ms));
    const double usual = gaps.empty() ? 0 : judge::MedianOf(gaps);
    return base::DurationMs(std::min(static_cast<std::int64_t>(usual / 2), (period_.ms - 1) / 2));
  }

  [[nodiscard]] std::size_t NearestTo(base::TimestampMs at) const {
    const auto after = std::lower_bound(times_.begin(), times_.end(), at);
    if (after == times_.begin()) return 0;
    const auto i = static_cast<std::size_t>(after - times_.begin());
    return i == times_.size() || at - times_[i - 1] <= times_[i] - at ? i - 1 : i;
  }

  const std::span<const base::TimestampMs> times_;
  const std::span<const double> values_;
  const base::DurationMs period_;
  const base::DurationMs tolerance_;
};

}  // namespace

double SeasonalScoreOfLast(std::span<const base::TimestampMs> times, std::span<const double> values,
                           base::DurationMs period) {
  // More periods than samples: there are none in most phases.
  if ((times.back() - times.front()).ms / period.ms > static_cast<std::int64_t>(times.size())) return judge::kUnknown;
  const Season season(times, values, period);
  const std::size_t last = times.size() - 1;
  std::vector<double> history;
  std::vector<double> deviations;
  for (std::size_t i = last + 1; i-- > 0 && times[i] + period > times[last];) {
    season.HistoryOf(i, history);
    if (history.size() >= judge::kSeasonalHistoryMin) deviations.push_back(judge::RobustLevelOf(history).deviation);
  }
  season.HistoryOf(last, history);
  const double floor = deviations.empty() ? 0 : judge::MedianOf(deviations);
  return judge::SeasonalScore(values[last], history, floor);
}

}  // namespace bellwether::promql
