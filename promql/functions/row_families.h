// promql/functions/row_families.h
//
// Rows that agree on all labels but some: found once a call.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "promql/eval/row.h"

namespace bellwether::promql {

struct RowFamily {
  metric::Labels labels;  // What its rows agree on; without name.
  std::vector<Row*> rows;
};

// In order of their first rows.
[[nodiscard]] std::vector<RowFamily> FamiliesOf(Rows& rows, std::span<const std::string> without);

}  // namespace bellwether::promql
