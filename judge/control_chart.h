// judge/control_chart.h
//
// Charts for a value that should stay where it is: one number a step, an alarm where it has moved. State is a few
// numbers, so that a chart is a pure fold over samples. Missing samples change nothing; a NaN must not be fed.
//
// Independent samples are assumed. Samples that follow one another (15 s steps of a smooth metric) alarm far more often
// than the tables promise: aggregate, remove the season, or choose limits from clean history.
#pragma once

#include <span>

namespace bellwether::judge {

// Mean and standard deviation that a chart holds samples against.
struct Level {
  double mean = 0;
  double deviation = 1;
};
// Of clean samples (at least two), with n - 1.
[[nodiscard]] Level LevelOf(std::span<const double> samples);

enum class Direction : unsigned char { kNone, kUp, kDown };

// Sums up how far samples are above, and below, the level by more than `slack` deviations.
class Cusum {
 public:
  struct Options {
    double slack = 0.5;
    double limit = 5;  // Alarm above it; +Inf: never.
    double head_start = 0;
  };
  Cusum(Level level, Options options)
      : level_(level), options_(options), up_(options.head_start), down_(options.head_start) {}

  // Where to it has moved, if this sample brings the alarm; both sums then begin anew.
  Direction Add(double x);
  [[nodiscard]] double up() const { return up_; }
  [[nodiscard]] double down() const { return down_; }

 private:
  const Level level_;
  const Options options_;
  double up_;
  double down_;
};

// The exponentially weighted mean of samples, held against limits that widen with its age.
class EwmaChart {
 public:
  struct Options {
    double weight = 0.2;    // Of the newest sample, in (0, 1].
    double limits = 2.962;  // In deviations: with a weight of 0.2 one false alarm in 500 samples.
  };
  EwmaChart(Level level, Options options) : level_(level), options_(options), value_(level.mean) {}

  // Whether this sample brings the alarm; the mean then begins at the level again.
  bool Add(double x);
  [[nodiscard]] double value() const { return value_; }

 private:
  const Level level_;
  const Options options_;
  double value_;
  double age_ = 0;
};

}  // namespace bellwether::judge
