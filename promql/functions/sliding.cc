#include "promql/functions/sliding.h"

#include <bit>

namespace bellwether::promql {
namespace {

constexpr std::int64_t kNanKey = std::numeric_limits<std::int64_t>::min();

// Of negative doubles a greater one has lesser bits.
std::int64_t OrderKey(double v) {
  if (std::isnan(v)) return kNanKey;
  const auto bits = std::bit_cast<std::int64_t>(v);
  return bits >= 0 ? bits : bits ^ std::numeric_limits<std::int64_t>::max();
}

double FromOrderKey(std::int64_t key) {
  if (key == kNanKey) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>(key >= 0 ? key : key ^ std::numeric_limits<std::int64_t>::max());
}

// Exchanges one of the keys that equal `old` for another.
void Replace(std::vector<std::int64_t>& keys, std::int64_t old, std::int64_t key) {
  const auto from = std::lower_bound(keys.begin(), keys.end(), old);
  const auto to = std::lower_bound(keys.begin(), keys.end(), key);
  if (to > from) {
    std::move(from + 1, to, from);
    *(to - 1) = key;
  } else {
    std::move_backward(to, from, from + 1);
    *to = key;
  }
}

}  // namespace

void SlidingOrder::MoveTo(std::size_t begin, std::size_t end) {
  const std::size_t gone = begin - begin_;
  const std::size_t come = end - end_;
  if (begin >= end_ || (gone + come) * kReplacedShare > end - begin) {
    keys_.clear();
    for (const double v : values_.subspan(begin, end - begin)) keys_.push_back(OrderKey(v));
    std::sort(keys_.begin(), keys_.end());
  } else {
    for (std::size_t i = 0; i < std::max(gone, come); ++i) {
      if (i >= gone) {
        const std::int64_t key = OrderKey(values_[end_ + i]);
        keys_.insert(std::lower_bound(keys_.begin(), keys_.end(), key), key);
      } else if (i >= come) {
        keys_.erase(std::lower_bound(keys_.begin(), keys_.end(), OrderKey(values_[begin_ + i])));
      } else {
        Replace(keys_, OrderKey(values_[begin_ + i]), OrderKey(values_[end_ + i]));
      }
    }
  }
  begin_ = begin;
  end_ = end;
}

double SlidingOrder::operator[](std::size_t rank) const { return FromOrderKey(keys_[rank]); }

}  // namespace bellwether::promql
