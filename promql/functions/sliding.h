// promql/functions/sliding.h
//
// Aggregates of a window [begin, end) of a column that only moves forward. Small windows are folded anew, which is
// quick and bit for bit what Prometheus computes; large ones use a queue of two stacks, O(1) a step whatever the
// window, which only ever adds (never subtracts), so nothing drifts.
//
// Two stacks: the older half of the window keeps the fold of each of its suffixes, the newer half one running fold.
// When the older half is used up, the newer becomes it.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "promql/eval/kahan.h"

namespace bellwether::promql {

// Monoid: a default-constructible State with Add(double) and Add(State), the older part being the one added to.
template <typename State>
class TwoStackQueue {
 public:
  explicit TwoStackQueue(std::span<const double> values) : values_(values) {}

  // The fold of [begin, end). Neither bound ever decreases.
  [[nodiscard]] State At(std::size_t begin, std::size_t end) {
    if (begin >= split_) Refill(begin, end);
    for (; end_ < end; ++end_) newer_.Add(values_[end_]);
    State all = begin < split_ ? suffixes_[split_ - 1 - begin] : State();
    all.Add(newer_);
    return all;
  }

 private:
  // Makes all of [begin, end) the older half.
  void Refill(std::size_t begin, std::size_t end) {
    suffixes_.clear();
    State fold;
    for (std::size_t i = end; i > begin; --i) {
      fold.Add(values_[i - 1]);
      suffixes_.push_back(fold);
    }
    split_ = end_ = end;
    newer_ = State();
  }

  std::span<const double> values_;
  std::vector<State> suffixes_;  // [k]: the fold of the last k + 1 values before split_.
  std::size_t split_ = 0;
  std::size_t end_ = 0;
  State newer_;
};

// Below this many samples a window is folded anew.
inline constexpr std::size_t kFoldAnewMax = 48;

class SlidingSum {
 public:
  explicit SlidingSum(std::span<const double> values) : values_(values), queue_(values) {}
  [[nodiscard]] double At(std::size_t begin, std::size_t end) {
    const KahanSum sum = Fold(begin, end);
    return std::isinf(sum.sum) ? sum.sum : sum.Total();
  }
  [[nodiscard]] KahanSum Fold(std::size_t begin, std::size_t end) {
    if (end - begin > kFoldAnewMax) return queue_.At(begin, end);
    KahanSum sum;
    for (std::size_t i = begin; i < end; ++i) sum.Add(values_[i]);
    return sum;
  }

 private:
  std::span<const double> values_;
  TwoStackQueue<KahanSum> queue_;
};

class SlidingMean {
 public:
  explicit SlidingMean(std::span<const double> values) : values_(values), sum_(values) {}
  [[nodiscard]] double At(std::size_t begin, std::size_t end) {
    if (end - begin > kFoldAnewMax) {
      const KahanSum sum = sum_.Fold(begin, end);
      const auto n = static_cast<double>(end - begin);
      if (std::isfinite(sum.sum)) return sum.sum / n + sum.lost / n;
    }
    // A sum that overflows needs the running mean, an infinite value its rules.
    KahanMean mean;
    for (std::size_t i = begin; i < end; ++i) mean.Add(values_[i]);
    return mean.Mean();
  }

 private:
  std::span<const double> values_;
  SlidingSum sum_;
};

// The least or greatest value; NaN only if all are. A queue of candidates, each better than those behind it.
template <typename Better>
class SlidingExtreme {
 public:
  explicit SlidingExtreme(std::span<const double> values) : values_(values) {}

  [[nodiscard]] double At(std::size_t begin, std::size_t end) {
    for (; end_ < end; ++end_) {
      if (std::isnan(values_[end_])) continue;
      while (candidates_.size() > head_ && !better_(values_[candidates_.back()], values_[end_])) candidates_.pop_back();
      candidates_.push_back(end_);
    }
    while (head_ < candidates_.size() && candidates_[head_] < begin) ++head_;
    return head_ < candidates_.size() ? values_[candidates_[head_]] : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  std::span<const double> values_;
  std::vector<std::size_t> candidates_;  // From head_ on: indices, ascending; values from best to newest.
  std::size_t head_ = 0;
  std::size_t end_ = 0;
  Better better_;
};

}  // namespace bellwether::promql
