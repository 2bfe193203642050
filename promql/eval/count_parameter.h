// promql/eval/count_parameter.h
//
// The k of topk, bottomk and limitk: a scalar at each step, to be a count.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "promql/eval/row.h"

namespace bellwether::promql {

// Counts for each step, at most `rows`, 0 where k < 1; empty if k is below 1 everywhere.
// Errors: kExecution if any k is NaN or no int64.
[[nodiscard]] base::Result<std::vector<std::size_t>> CountsOf(const ScalarColumn& k, std::size_t rows);

}  // namespace bellwether::promql
