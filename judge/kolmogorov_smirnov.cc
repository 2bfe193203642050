#include "judge/kolmogorov_smirnov.h"

#include <algorithm>
#include <cmath>

#include "judge/special_functions.h"

namespace bellwether::judge {
namespace {

// A cumulative curve that is walked from left to right: what is known of it at, and between, the edges of others.
class KnownCurve {
 public:
  explicit KnownCurve(const Bins& bins) : bins_(bins), total_(TotalOf(bins.counts)) {}

  [[nodiscard]] bool empty() const { return !(total_ > 0); }
  [[nodiscard]] bool AtEnd() const { return next_ == bins_.size(); }
  [[nodiscard]] double NextEdge() const { return bins_.edges[next_ + 1]; }
  // The share at or below the last edge passed, and at or below the edge to come.
  [[nodiscard]] double Low() const { return low_; }
  [[nodiscard]] double High() const {
    if (AtEnd()) return 1;
    return next_ + 1 == bins_.size() ? 1 : (below_ + bins_.counts[next_]) / total_;
  }
  void Pass() {
    low_ = High();
    below_ += bins_.counts[next_++];
  }

 private:
  const Bins& bins_;
  const double total_;
  std::size_t next_ = 0;
  double below_ = 0;
  double low_ = 0;
};

}  // namespace

double KsDistance(Counts reference, Counts current) {
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  if (!(n > 0) || !(m > 0)) return kUnknown;
  double below_reference = 0, below_current = 0, largest = 0;
  for (std::size_t i = 0; i + 1 < reference.size(); ++i) {
    below_reference += reference[i];
    below_current += current[i];
    largest = std::max(largest, std::fabs(below_reference / n - below_current / m));
  }
  return largest;
}

Bounds KsBounds(const Bins& reference, const Bins& current) {
  KnownCurve f(reference), g(current);
  if (f.empty() || g.empty()) return {};
  Bounds out{0, 0};
  while (!f.AtEnd() || !g.AtEnd()) {
    // Up to the next edge of either, each curve is between its last known value and its next.
    out.upper = std::max({out.upper, f.High() - g.Low(), g.High() - f.Low()});
    const bool pass_f = !f.AtEnd() && (g.AtEnd() || f.NextEdge() <= g.NextEdge());
    const bool pass_g = !g.AtEnd() && (f.AtEnd() || g.NextEdge() <= f.NextEdge());
    const double f_high_here = f.High();
    const double g_high_here = g.High();
    if (pass_f) f.Pass();
    if (pass_g) g.Pass();
    out.lower =
        std::max({out.lower, f.Low() - (pass_g ? g.Low() : g_high_here), g.Low() - (pass_f ? f.Low() : f_high_here)});
  }
  out.upper = std::min(out.upper, 1.0);
  return out;
}

double KsTail(double d, double n, double m) {
  const double root = std::sqrt(EffectiveSize(n, m));
  return KolmogorovTail(d * (root + 0.12 + 0.11 / root));
}

double KsLimitTail(double d, double n, double m) { return KolmogorovTail(d * std::sqrt(EffectiveSize(n, m))); }

}  // namespace bellwether::judge
