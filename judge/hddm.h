// judge/hddm.h
//
// HDDM_A (Frías-Blanco and others 2014): alarms when the mean of error bits (1 = error) is above that of the best
// stretch from the beginning by more than Hoeffding's bound allows. The quiet choice for error rates.
//
// Source: River 0.26's HDDM_A, whose alarms it reproduces.
#pragma once

namespace bellwether::judge {

class Hddm {
 public:
  enum class Verdict : unsigned char { kNone, kWarning, kDrift };
  struct Options {
    double delta = 0.001;  // How sure an alarm must be: smaller is surer.
    double warning_delta = 0.005;
    bool two_sided = false;  // Also alarms when errors become fewer.
  };
  explicit Hddm(Options options) : options_(options) {}

  // After kDrift it begins anew with the next sample. Values lie in [0, 1].
  Verdict Add(double x);
  // A two-sided test may warn of one side with an alarm on the other.
  [[nodiscard]] bool warns() const { return warns_; }

 private:
  struct Mean {
    double count = 0;
    double value = 0;
    void Add(double x) {
      ++count;
      value += (x - value) / count;
    }
  };
  [[nodiscard]] double BoundOf(const Mean& mean) const;
  // Whether the mean of all has moved up from `from` (sign 1), or down (-1), surely enough.
  [[nodiscard]] bool Moved(const Mean& from, double sign, double delta) const;

  const Options options_;
  Mean all_;
  Mean lowest_;
  Mean highest_;
  bool warns_ = false;
};

}  // namespace bellwether::judge
