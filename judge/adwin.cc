#include "judge/adwin.h"

#include <cmath>

namespace bellwether::judge {
namespace {

double SamplesOf(std::size_t row) { return std::ldexp(1.0, static_cast<int>(row)); }

}  // namespace

bool Adwin::Add(double x) {
  ++seen_;
  Insert(x);
  if (seen_ % options_.clock != 0 || size_ <= options_.window_min) return false;
  bool changed = false;
  while (HasCut()) {
    DropOldest();
    changed = true;
  }
  if (changed) Forget();
  return changed;
}

void Adwin::Insert(double x) {
  if (rows_.empty()) rows_.emplace_back();
  rows_[0].push_back({.total = x, .squares = 0});
  ++size_;
  if (size_ > 1) {
    const double from_mean = x - total_ / (size_ - 1);
    squares_ += (size_ - 1) * from_mean * from_mean / size_;
  }
  total_ += x;
  Compress();
}

void Adwin::Compress() {
  for (std::size_t r = 0; r < rows_.size() && rows_[r].size() > options_.buckets_max; ++r) {
    if (r + 1 == rows_.size()) rows_.emplace_back();
    const Bucket a = rows_[r][0];
    const Bucket b = rows_[r][1];
    const double n = SamplesOf(r);
    const double apart = (a.total - b.total) / n;
    rows_[r + 1].push_back({.total = a.total + b.total, .squares = a.squares + b.squares + n * apart * apart / 2});
    rows_[r].pop_front();
    rows_[r].pop_front();
  }
}

bool Adwin::HasCut() const {
  double size_old = 0, total_old = 0;
  for (std::size_t r = rows_.size(); r-- > 0;) {
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      if (r == 0 && i + 1 == rows_[r].size()) break;  // Behind the newest bucket nothing is left.
      size_old += SamplesOf(r);
      total_old += rows_[r][i].total;
      const double size_new = size_ - size_old;
      if (size_old < options_.part_min || size_new < options_.part_min) continue;
      if (IsCut(size_old, total_old / size_old, size_new, (total_ - total_old) / size_new)) return true;
    }
  }
  return false;
}

bool Adwin::IsCut(double size_old, double mean_old, double size_new, double mean_new) const {
  const double d = std::log(2 * std::log(size_) / options_.delta);
  const double inverse = 1 / (size_old - options_.part_min + 1) + 1 / (size_new - options_.part_min + 1);
  const double epsilon = std::sqrt(2 * inverse * (squares_ / size_) * d) + 2.0 / 3 * d * inverse;
  return std::fabs(mean_old - mean_new) > epsilon;
}

void Adwin::DropOldest() {
  while (rows_.back().empty()) rows_.pop_back();
  const Bucket oldest = rows_.back().front();
  const double n = SamplesOf(rows_.size() - 1);
  rows_.back().pop_front();
  if (rows_.back().empty()) rows_.pop_back();
  size_ -= n;
  total_ -= oldest.total;
  const double apart = oldest.total / n - total_ / size_;
  squares_ -= oldest.squares + n * size_ * apart * apart / (n + size_);
}

void Adwin::Forget() {
  rows_.clear();
  seen_ = 0;
  size_ = total_ = squares_ = 0;
}

}  // namespace bellwether::judge
