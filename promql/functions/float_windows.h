// promql/functions/float_windows.h
//
// The frame of functions that know floats only: histograms in a window are ignored, with a note if floats are there
// too; a window without floats has no result.
#pragma once

#include <span>

#include "promql/functions/range_function.h"

namespace bellwether::promql {

// `evaluate(window, values)` returns the result of a window with at least one float.
template <typename Evaluate>
base::Status FloatWindows(const RangeCall& call, const SeriesSamples& series, Row& out, Evaluate&& evaluate) {
  call.Windows(series, [&](const Window& w) {
    if (w.floats() == 0) return;
    if (w.histograms() > 0) call.Note(HistogramsIgnoredInRange(series.labels.Name(), call.position));
    out.SetFloat(w.step, evaluate(w, std::span(series.floats.values).subspan(w.float_begin, w.floats())));
  });
  return base::OkStatus();
}

}  // namespace bellwether::promql
