// tests/promql/pinned.h
//
// Every instant evaluation is run again with its time written into the query: whatever the evaluation time then is, the
// result must be the same.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "promql/parser/ast.h"

namespace bellwether::promqltest {

// The canonical text of `expr` with `@ at` on every selector and subquery that has no timestamp and is not inside a
// subquery that has one (`@ start()` and `@ end()` count as none). Nothing if a function in it depends on the
// evaluation time itself.
[[nodiscard]] std::optional<std::string> PinTimes(const promql::Expr& expr, base::TimestampMs at);

}  // namespace bellwether::promqltest
