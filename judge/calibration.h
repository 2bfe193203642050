// judge/calibration.h
//
// Whether a score means what it says: of predictions with a score near 0.8, eight in ten should be right.
#pragma once

#include <span>

#include "judge/kolmogorov_smirnov.h"

namespace bellwether::judge {

// Predictions by score, on one set of bins.
struct ScoredCounts {
  std::span<const double> edges;            // One more than the rest.
  std::span<const double> counts;           // All predictions.
  std::span<const double> positives;        // Those that came true.
  std::span<const double> score_sums = {};  // Of the scores in each bin; empty where unknown.
};

// All NaN without predictions.
struct Calibration {
  double error = kUnknown;          // ECE with each bin's mean score; NaN without sums.
  double largest_error = kUnknown;  // Of a bin, likewise.
  double middle_error = kUnknown;   // ECE with the middle of each bin in place of its mean score.
  Bounds error_bounds;              // What the ECE is between, whatever the scores within bins.
  double middle_brier = kUnknown;   // Brier score, from middles.
  double mean_score = kUnknown;     // Mean predicted chance; NaN without sums.
  double base_rate = kUnknown;      // Share that came true.
  double ratio = kUnknown;          // base rate / mean score; 1 is ideal.
};

[[nodiscard]] Calibration CalibrationOf(const ScoredCounts& scored);

}  // namespace bellwether::judge
