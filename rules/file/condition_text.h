// rules/file/condition_text.h
//
// What a value is held against, in the few words that a person who is woken up reads: "> 0.2", "above 0.2". Pure.
#pragma once

#include <optional>
#include <string>

#include "promql/parser/ast.h"
#include "rules/state/threshold.h"

namespace bellwether::rules {

// "above 0.2"
[[nodiscard]] std::string ConditionText(const Threshold& threshold);

// A comparison of series with a number, seen from the series: `0.2 < x` is x > 0.2.
struct NumberComparison {
  promql::BinaryOp op = promql::BinaryOp::kGreater;
  double bound = 0;

  [[nodiscard]] std::string Text() const;  // "> 0.2"
  // Which values are the worse ones; nothing for == and !=.
  [[nodiscard]] std::optional<Side> BadSide() const;
};
// Of the outermost operation; nothing if it is another one.
[[nodiscard]] std::optional<NumberComparison> FindNumberComparison(const promql::Expr& expr);

// The same comparison with its sides exchanged.
[[nodiscard]] promql::BinaryOp Mirrored(promql::BinaryOp op);

}  // namespace bellwether::rules
