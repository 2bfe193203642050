// judge/baseline_source.h
//
// Stored references as queries see them: the seam between whoever keeps baselines and PromQL's baseline().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/histogram.h"
#include "metric/labels.h"

namespace bellwether::judge {

// One count, or a native histogram.
struct BaselineSeries {
  metric::Labels labels;  // As stored, and `baseline` and `baseline_version`.
  double value = 0;
  std::shared_ptr<const metric::NativeHistogram> histogram;
};

// One version of a baseline. Immutable.
struct Baseline {
  std::string name;
  std::string version;
  std::vector<BaselineSeries> series;
};

// Thread-safe.
class BaselineSource {
 public:
  virtual ~BaselineSource() = default;
  // The version of this name, or if `version` is empty the one that was promoted at `at`; null if there is none.
  [[nodiscard]] virtual std::shared_ptr<const Baseline> Find(std::string_view name, std::string_view version,
                                                             base::TimestampMs at) const = 0;
};

}  // namespace bellwether::judge
