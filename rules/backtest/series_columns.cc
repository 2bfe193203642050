#include "rules/backtest/series_columns.h"

#include <algorithm>
#include <utility>

namespace bellwether::rules {

ColumnsSet::ColumnsSet(std::vector<const SeriesColumns*> series, base::TimestampMs min, base::TimestampMs max,
                       const storage::SelectHints& hints)
    : series_(std::move(series)),
      min_(min),
      max_(max),
      newest_only_(hints.newest_only),
      left_(hints.limit == 0 ? series_.size() : hints.limit) {}

bool ColumnsSet::Next() {
  while (left_ > 0 && next_ < series_.size()) {
    current_ = series_[next_++];
    const auto& times = current_->timestamps;
    const auto end = std::upper_bound(times.begin(), times.end(), max_);
    auto begin = std::lower_bound(times.begin(), end, min_);
    if (begin == end) continue;
    if (newest_only_) begin = end - 1;
    begin_ = static_cast<std::size_t>(begin - times.begin());
    end_ = static_cast<std::size_t>(end - times.begin());
    --left_;
    return true;
  }
  return false;
}

storage::SampleCursor& ColumnsSet::samples() {
  cursor_.Point(*current_, begin_, end_);
  return cursor_;
}

void ColumnsSet::SliceCursor::Point(const SeriesColumns& series, std::size_t begin, std::size_t end) {
  batch_ = {};
  batch_.timestamps = std::span(series.timestamps).subspan(begin, end - begin);
  batch_.values = std::span(series.values).subspan(begin, end - begin);
  if (!series.starts.empty()) batch_.start_timestamps = std::span(series.starts).subspan(begin, end - begin);
  given_ = false;
}

bool ColumnsSet::SliceCursor::Next(storage::SampleBatch& batch) {
  if (std::exchange(given_, true)) return false;
  batch = batch_;
  return true;
}

}  // namespace bellwether::rules
