// promql/functions/sliding.h
//
// Aggregates of a window [begin, end) of a column that only moves forward. Small windows are folded anew, which is
// quick and bit for bit what Prometheus computes. In large ones the samples that each step brings are folded into a
// block once, several lanes at a time, and the blocks go through a queue of two stacks: O(samples + steps) in all, and
// nothing is ever subtracted, so nothing drifts.
//
// Two stacks: the older half of the window keeps the fold of each of its suffixes, the newer half one running fold.
// When the older half is used up, the newer becomes it. A block that the window's begin cuts is folded anew.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "promql/eval/kahan.h"

namespace bellwether::promql {

// Monoid: a default-constructible State with Of(span of doubles) and Add(State), the older part being the one added to.
template <typename State>
class BlockQueue {
 public:
  explicit BlockQueue(std::span<const double> values) : values_(values) {}

  // The fold of [begin, end). Neither bound ever decreases.
  [[nodiscard]] State At(std::size_t begin, std::size_t end) {
    if (!std::exchange(any_, true)) return State::Of(values_.subspan(begin, end - begin));
    if (end_ < begin) end_ = begin;  // Samples between windows.
    while (end_ < end) {
      const std::size_t size = std::min(kBlockMax, end - end_);
      blocks_.push_back({end_, State::Of(values_.subspan(end_, size))});
      newer_.Add(blocks_.back().fold);
      end_ += size;
    }
    while (first_ < blocks_.size() && blocks_[first_].begin < begin) ++first_;
    const std::size_t whole = first_ < blocks_.size() ? blocks_[first_].begin : end;
    State all = begin < whole ? State::Of(values_.subspan(begin, whole - begin)) : State();
    if (first_ > split_) Refill();
    if (first_ < split_) all.Add(suffixes_[split_ - 1 - first_]);
    all.Add(newer_);
    return all;
  }

 private:
  // What a cut costs anew at most.
  static constexpr std::size_t kBlockMax = 32;
  struct Block {
    std::size_t begin = 0;
    State fold;
  };

  // Makes all blocks from first_ on the older half, and forgets those before.
  void Refill() {
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    split_ = blocks_.size();
    suffixes_.clear();
    State fold;
    for (std::size_t i = split_; i-- > 0;) {
      State longer = blocks_[i].fold;
      longer.Add(fold);
      fold = longer;
      suffixes_.push_back(fold);
    }
    newer_ = State();
  }

  std::span<const double> values_;
  std::vector<Block> blocks_;
  std::size_t first_ = 0;        // The first block that the window has whole.
  std::vector<State> suffixes_;  // [k]: the fold of the k + 1 blocks before split_.
  std::size_t split_ = 0;        // The first block of the newer half.
  std::size_t end_ = 0;
  State newer_;
  bool any_ = false;  // The first window is folded in one piece: a query at one time has no other.
};

// A compensated sum.
struct BlockSum {
  KahanSum sum;

  [[nodiscard]] static BlockSum Of(std::span<const double> values) {
    // Four sums side by side. The error of an addition is computed without comparing (Knuth's TwoSum): the same as
    // KahanSum's, unless something is infinite, which is left to KahanSum.
    Lanes sums[2] = {};
    Lanes lost[2] = {};
    std::size_t i = 0;
    for (; i + 4 <= values.size(); i += 4) {
      AddLanes(values.data() + i, sums[0], lost[0]);
      AddLanes(values.data() + i + 2, sums[1], lost[1]);
    }
    BlockSum all;
    for (std::size_t pair = 0; pair < 2; ++pair) {
      for (std::size_t lane = 0; lane < 2; ++lane) all.Add({{sums[pair][lane], lost[pair][lane]}});
    }
    for (; i < values.size(); ++i) all.sum.Add(values[i]);
    if (std::isfinite(all.sum.sum) && std::isfinite(all.sum.lost)) return all;
    all = {};
    for (const double x : values) all.sum.Add(x);
    return all;
  }
  void Add(const BlockSum& newer) { sum.Add(newer.sum); }

 private:
  using Lanes = double __attribute__((vector_size(16)));

  static void AddLanes(const double* values, Lanes& sums, Lanes& lost) {
    const Lanes x = {values[0], values[1]};
    const Lanes t = sums + x;
    const Lanes z = t - sums;
    lost += (sums - (t - z)) + (x - z);
    sums = t;
  }
};

// Up to this many samples a window is folded anew.
inline constexpr std::size_t kFoldAnewMax = 48;

class SlidingSum {
 public:
  explicit SlidingSum(std::span<const double> values) : values_(values), queue_(values) {}
  [[nodiscard]] double At(std::size_t begin, std::size_t end) {
    const KahanSum sum = Fold(begin, end);
    return std::isinf(sum.sum) ? sum.sum : sum.Total();
  }
  [[nodiscard]] KahanSum Fold(std::size_t begin, std::size_t end) {
    if (end - begin > kFoldAnewMax) return queue_.At(begin, end).sum;
    KahanSum sum;
    for (std::size_t i = begin; i < end; ++i) sum.Add(values_[i]);
    return sum;
  }

 private:
  std::span<const double> values_;
  BlockQueue<BlockSum> queue_;
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

// The least or greatest value, the first of equal ones; NaN only if all are.
template <typename Better>
struct BlockExtreme {
  double best = std::numeric_limits<double>::quiet_NaN();

  [[nodiscard]] static BlockExtreme Of(std::span<const double> values) {
    std::array<double, kLanes> lanes;
    lanes.fill(kWorst);
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        lanes[lane] = Better()(values[i + lane], lanes[lane]) ? values[i + lane] : lanes[lane];
      }
    }
    double best = kWorst;
    for (const double v : lanes) best = Better()(v, best) ? v : best;
    for (; i < values.size(); ++i) best = Better()(values[i], best) ? values[i] : best;
    // Lanes mix up the zeros, and the worst of all values may be there or not.
    if (best != 0 && best != kWorst) return {best};
    BlockExtreme all;
    for (const double v : values) all.Add({v});
    return all;
  }
  void Add(const BlockExtreme& newer) {
    if (std::isnan(best) || Better()(newer.best, best)) best = newer.best;
  }

 private:
  static constexpr std::size_t kLanes = 4;
  static constexpr double kWorst =
      Better()(0.0, 1.0) ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
};

template <typename Better>
class SlidingExtreme {
 public:
  explicit SlidingExtreme(std::span<const double> values) : values_(values), queue_(values) {}

  [[nodiscard]] double At(std::size_t begin, std::size_t end) {
    if (end - begin <= kFoldAnewMax / 2) return BlockExtreme<Better>::Of(values_.subspan(begin, end - begin)).best;
    return queue_.At(begin, end).best;
  }

 private:
  std::span<const double> values_;
  BlockQueue<BlockExtreme<Better>> queue_;
};

// The values of a window in order, NaN first, for quantiles. A step that changes little of the window moves what it
// changes; else the window is sorted anew.
class SlidingOrder {
 public:
  explicit SlidingOrder(std::span<const double> values) : values_(values) {}

  // Neither bound ever decreases; begin < end.
  void MoveTo(std::size_t begin, std::size_t end);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] double operator[](std::size_t rank) const;

 private:
  static constexpr std::size_t kReplacedShare = 2;

  std::span<const double> values_;
  std::vector<std::int64_t> keys_;  // Ascending. Integers that compare as the values do, -0 before 0.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace bellwether::promql
