// promql/plan/durations.h
//
// Duration expressions, `foo[step() * 2] offset (5m - range())`: resolved once a query, when its times are known, in
// seconds as double, then cut to whole milliseconds.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "promql/eval/query_context.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

enum class DurationRule : unsigned char { kPositive, kAny };

// Errors: kInvalidArgument, "START:END: ..." in bytes of the query: not positive where it must be, NaN, infinite, out
// of range, division or modulo by zero.
[[nodiscard]] base::Result<base::DurationMs> ResolveDuration(const Expr& expr, const QuerySpan& span,
                                                             DurationRule rule);

}  // namespace bellwether::promql
