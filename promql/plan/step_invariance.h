// promql/plan/step_invariance.h
//
// Whether an expression has the same value at every step: it is made of literals and selectors pinned with @, and no
// function in it asks for the time.
#pragma once

#include "promql/parser/ast.h"

namespace bellwether::promql {

[[nodiscard]] bool IsStepInvariant(const Expr& expr);

}  // namespace bellwether::promql
