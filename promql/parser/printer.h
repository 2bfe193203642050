// promql/parser/printer.h
//
// The pieces of the canonical form that the printer and the pretty printer share. Entered through promql/parser.h.
#pragma once

#include <string>

#include "promql/parser/ast.h"

namespace bellwether::promql {

// Appends the canonical form of `expr`.
void AppendCanonical(std::string& out, const Expr& expr);

// "sum by (a) ", "== bool on (x) group_left (y)", "[5m:1m] @ 1.000 offset 5m": what stands around the children.
void AppendAggregateHead(std::string& out, const Aggregate& aggregate);
void AppendOperator(std::string& out, const Binary& binary);
void AppendSubqueryTail(std::string& out, const Subquery& subquery);

}  // namespace bellwether::promql
