// promql/eval/info.h
//
// info(v, {selector}): adds to each series of v the labels of the info series (target_info and its like) that describe
// the same instance and job. They are looked up at each step, as of the time that v's own @ and offset say.
//
// Source: Prometheus promql/info.go.
#pragma once

#include <vector>

#include "metric/matcher.h"
#include "promql/eval/operator.h"

namespace bellwether::promql {

struct InfoSpec {
  VectorOperatorPtr base;
  std::vector<metric::Matcher> selector;  // Of the second argument; empty for the default, target_info.
  Grid grid;
  TimeShift shift;  // Of the info series.
  base::DurationMs lookback;
};

// Errors when run: kExecution if two info series describe one target at one time, two info metrics contradict each
// other in a label, an info sample is a histogram, or equal label sets come out.
[[nodiscard]] VectorOperatorPtr MakeInfo(InfoSpec spec);

}  // namespace bellwether::promql
