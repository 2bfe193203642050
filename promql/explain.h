// promql/explain.h
//
// How a query was evaluated: its operators as a tree, with what each of them took. A plan is made and measured only
// where QueryOptions::explain asks for it; other queries pay one comparison a series for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace bellwether::promql {

struct PlanNode {
  // What it is, in the words of docs/api.md: "selector", "range function", ...
  std::string kind;
  std::string expr;       // The part of the query, as it was written.
  std::size_t steps = 0;  // At which it was evaluated.

  std::uint64_t series_read = 0;   // From storage.
  std::uint64_t samples_read = 0;  // Decoded, each once.
  std::uint64_t rows = 0;          // Series, or scalars, handed to the operator above.
  double self_s = 0;               // Without its inputs, and without what those above do with its rows.
  std::uint64_t peak_bytes = 0;    // Of the query's memory budget, held at once.

  std::vector<PlanNode> inputs;
};

}  // namespace bellwether::promql
