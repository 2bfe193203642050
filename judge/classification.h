// judge/classification.h
//
// Quality of a classifier from how often each class was predicted for each actual one.
//
// A ratio without cases (precision of a class that was never predicted) is NaN for the class, and counts as 0 in a mean
// over classes, which is over those seen at all: scikit-learn's convention.
#pragma once

#include <cstddef>
#include <vector>

#include "judge/kolmogorov_smirnov.h"

namespace bellwether::judge {

class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::size_t classes) : classes_(classes), cells_(classes * classes) {}

  [[nodiscard]] std::size_t classes() const { return classes_; }
  [[nodiscard]] double at(std::size_t actual, std::size_t predicted) const {
    return cells_[actual * classes_ + predicted];
  }
  void Add(std::size_t actual, std::size_t predicted, double count) { cells_[actual * classes_ + predicted] += count; }

 private:
  const std::size_t classes_;
  std::vector<double> cells_;
};

struct ClassQuality {
  double precision = kUnknown;
  double recall = kUnknown;
  double f1 = kUnknown;
  double specificity = kUnknown;
  double support = 0;  // Cases of the class.
};

// All NaN without cases.
struct Quality {
  double accuracy = kUnknown;
  Bounds accuracy_interval;  // Wilson's, 95 %.
  double balanced_accuracy = kUnknown;
  double kappa = kUnknown;  // Agreement beyond chance.
  double mcc = kUnknown;    // Matthews' correlation; 0 where it is undefined.
  double macro_precision = kUnknown;
  double macro_recall = kUnknown;
  double macro_f1 = kUnknown;
  double weighted_f1 = kUnknown;
  std::vector<ClassQuality> of_class;
};

[[nodiscard]] Quality QualityOf(const ConfusionMatrix& matrix);

}  // namespace bellwether::judge
