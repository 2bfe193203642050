#include "judge/control_chart.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "judge/distribution.h"

namespace bellwether::judge {

Level LevelOf(std::span<const double> samples) {
  const auto n = static_cast<double>(samples.size());
  Level level{.mean = TotalOf(samples) / n, .deviation = 0};
  double squares = 0;
  for (const double x : samples) squares += (x - level.mean) * (x - level.mean);
  level.deviation = std::sqrt(squares / (n - 1));
  return level;
}

Direction Cusum::Add(double x) {
  const double z = (x - level_.mean) / level_.deviation;
  up_ = std::max(0.0, up_ + z - options_.slack);
  down_ = std::max(0.0, down_ - z - options_.slack);
  const Direction moved = up_ > options_.limit     ? Direction::kUp
                          : down_ > options_.limit ? Direction::kDown
                                                   : Direction::kNone;
  if (moved != Direction::kNone) up_ = down_ = options_.head_start;
  return moved;
}

bool EwmaChart::Add(double x) {
  const double w = options_.weight;
  ++age_;
  value_ = (1 - w) * value_ + w * x;
  const double deviation = level_.deviation * std::sqrt(w / (2 - w) * (1 - std::pow(1 - w, 2 * age_)));
  if (std::fabs(value_ - level_.mean) <= options_.limits * deviation) return false;
  value_ = level_.mean;
  age_ = 0;
  return true;
}

}  // namespace bellwether::judge
