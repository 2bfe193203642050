// promql/functions/range_function.h
//
// Functions over range vectors: for one series, from its samples and the windows of all steps to a row of results. A
// kernel sees the whole column at once, so it may prepare what it likes (reset positions, running sums) once a series.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "promql/eval/operator.h"
#include "promql/eval/windows.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// What a kernel gets besides the samples. Lives as long as the operator.
struct RangeCall {
  QueryContext& context;
  WindowSpec window;
  bool from_storage = true;
  std::vector<ScalarColumn> scalars;  // The scalar arguments in order, one value a step.
  std::vector<PositionRange> scalar_positions;
  PositionRange position;  // Of the range vector argument.
  bool anchored = false;
  bool smoothed = false;

  // Calls visit(window) for each step with samples and does the counting.
  template <typename Visit>
  void Windows(const SeriesSamples& series, Visit&& visit) const {
    WindowTally tally(*context.counts, series, from_storage ? WindowSource::kStorage : WindowSource::kSubquery);
    ForEachWindow(window, series, tally, visit);
  }

  void Note(Annotation annotation) const { context.annotations.Add(std::move(annotation)); }
};

// Fills the cells of `out`, which is empty and has the grid's length. Labels are not its business.
using RangeKernel = base::Status (*)(const RangeCall& call, const SeriesSamples& series, Row& out);

// What a range function does to the name.
enum class NameRule : unsigned char { kDrop, kKeep };

struct RangeFunctionSpec {
  std::string_view name;
  RangeKernel kernel = nullptr;
  NameRule name_rule = NameRule::kDrop;
  bool anchored_ok = false;
  bool smoothed_ok = false;
};

}  // namespace bellwether::promql
