// promql/functions/histogram_input.h
//
// An instant vector as the histograms in it: native ones row by row, and classic ones put together from the rows that
// agree on all labels but `le`.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "promql/eval/operator.h"
#include "promql/histogram/classic.h"

namespace bellwether::promql {

class HistogramInput {
 public:
  // Runs `op` and sorts out its rows. Errors: those of `op`.
  [[nodiscard]] static base::Result<HistogramInput> Read(VectorOperator& op, QueryContext& context,
                                                         PositionRange position);

  // One histogram, native or classic, over all steps.
  struct Source {
    metric::Labels labels;  // With the name; without `le` if it is classic.
    std::string metric;     // For annotations: the name, empty where names are dropped at once.
    std::optional<std::size_t> native_row;
    std::vector<std::pair<double, std::size_t>> bucket_rows;  // Upper bound and row of a classic one.
    std::optional<std::size_t> rival;                         // The source with the same labels of the other kind.
  };
  [[nodiscard]] const std::vector<Source>& sources() const { return sources_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }

  // What `source` is at `step`: a native histogram, or classic buckets. Neither if it is absent, or there is a rival of
  // the other kind, which is noted.
  struct At {
    const metric::NativeHistogram* native = nullptr;
    std::vector<histogram::ClassicBucket> classic;
    [[nodiscard]] bool present() const { return native != nullptr || !classic.empty(); }
  };
  [[nodiscard]] At Get(const Source& source, std::size_t step, QueryContext& context) const;

 private:
  explicit HistogramInput(CollectedRows all) : all_(std::move(all)) {}
  void SortOut(QueryContext& context);
  [[nodiscard]] bool PresentAt(const Source& source, std::size_t step) const;

  CollectedRows all_;
  std::vector<Source> sources_;
  std::size_t steps_ = 0;
  PositionRange position_;
};

}  // namespace bellwether::promql
