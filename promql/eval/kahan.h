// promql/eval/kahan.h
//
// Compensated summation (Kahan's, in Neumaier's form), as Prometheus sums: a running sum and the error it has lost.
// Needs strict binary64 arithmetic: no contraction, no reassociation (cmake/flags.cmake).
#pragma once

#include <cmath>

namespace bellwether::promql {

struct KahanSum {
  double sum = 0;
  double lost = 0;

  void Add(double x) {
    const double t = sum + x;
    if (std::isinf(t)) {
      lost = 0;
    } else if (std::fabs(sum) >= std::fabs(x)) {
      lost += (sum - t) + x;
    } else {
      lost += (x - t) + sum;
    }
    sum = t;
  }
  // Adds another compensated sum; used where partial sums meet.
  void Add(const KahanSum& other) {
    Add(other.sum);
    if (!std::isinf(sum)) lost += other.lost;
  }
  [[nodiscard]] double Total() const { return sum + lost; }
};

// The mean of Prometheus's avg and avg_over_time: a compensated sum, and from the first addition that would overflow
// on, a running mean.
class KahanMean {
 public:
  void Add(double x) {
    n_ += 1;
    if (n_ == 1) {
      acc_ = {x, 0};
      return;
    }
    if (!incremental_) {
      KahanSum next = acc_;
      next.Add(x);
      if (!std::isinf(next.sum)) {
        acc_ = next;
        return;
      }
      incremental_ = true;
      acc_.sum /= n_ - 1;
      acc_.lost /= n_ - 1;
    }
    const double q = (n_ - 1) / n_;
    acc_ = {q * acc_.sum, q * acc_.lost};
    acc_.Add(x / n_);
  }
  [[nodiscard]] double Mean() const { return incremental_ ? acc_.sum + acc_.lost : acc_.sum / n_ + acc_.lost / n_; }
  [[nodiscard]] double count() const { return n_; }

 private:
  KahanSum acc_;
  double n_ = 0;
  bool incremental_ = false;
};

}  // namespace bellwether::promql
