// promql/eval/folds.h
//
// How the cells of a group become one: a fold keeps columns of partial results for each group, takes in a row and in
// the end writes the group's row.
#pragma once

#include <cstddef>
#include <memory>

#include "promql/eval/query_context.h"
#include "promql/eval/row.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

class Fold {
 public:
  virtual ~Fold() = default;
  // `group` is at most one more than any before.
  virtual void Add(std::size_t group, const Row& row) = 0;
  // Fills the empty cells of `out`.
  virtual void Finish(std::size_t group, Row& out) = 0;
};

// For sum, avg, count, group, min, max, stddev, stdvar. Notes go to context.annotations.
[[nodiscard]] std::unique_ptr<Fold> MakeFold(const Aggregate& expr, std::size_t steps, QueryContext& context);

}  // namespace bellwether::promql
