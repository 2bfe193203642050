// rules/lint/value_bounds.h
//
// Between which values an expression can lie, whatever the data: rates are not negative, comparisons with bool are 0 or
// 1, quantiles of classic histograms end at the last finite bucket. Pure but for that last one, which is asked for.
#pragma once

#include <functional>
#include <limits>
#include <optional>

#include "promql/parser/ast.h"

namespace bellwether::rules {

struct ValueBounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  friend bool operator==(const ValueBounds&, const ValueBounds&) = default;
};

// The largest finite `le` of the buckets an expression selects; nothing: not known.
using LastBucket = std::function<std::optional<double>(const promql::Expr& buckets)>;

// NaN aside.
[[nodiscard]] ValueBounds BoundsOf(const promql::Expr& expr, const LastBucket& last_bucket);

// Whether the comparison `left op right` can hold for some values within the bounds.
[[nodiscard]] bool CanHold(const ValueBounds& left, promql::BinaryOp op, const ValueBounds& right);

}  // namespace bellwether::rules
