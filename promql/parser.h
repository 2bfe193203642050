// promql/parser.h
//
// Query text to syntax tree, and back.
//
// The grammar is Prometheus 3.x's, complete; what is experimental there needs the same flag here. A tree that Parse
// returns is type-checked and immutable. Errors read as Prometheus's do: "1:7: parse error: unexpected ...", line and
// byte column from 1.
//
// A hand-written lexer and recursive descent: the grammar is small, and the error texts, which users search for, need
// to know what the parser was about to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

struct ParserOptions {
  bool experimental_functions = false;    // --enable-feature=promql-experimental-functions
  bool extended_range_selectors = false;  // promql-extended-range-selectors
  bool binop_fill_modifiers = false;      // promql-binop-fill-modifiers
};

// kInvalidArgument with position and reason; also for a query of more than 16 MiB or a tree of more than 1000 levels,
// so that whoever walks a tree recursively needs no limit of its own.
[[nodiscard]] base::Result<ExprPtr> Parse(std::string_view query, const ParserOptions& options = {});

// A vector selector without modifiers, as match[] takes it: `up{job="a"}`, `{__name__=~"a.*"}`.
// kInvalidArgument also if every matcher matches the empty string.
[[nodiscard]] base::Result<std::vector<metric::Matcher>> ParseMetricSelector(std::string_view text);

// A metric as it is written in tests and messages: `name{a="b"}`, `{"utf8 name", a="b"}`.
[[nodiscard]] base::Result<metric::Labels> ParseMetric(std::string_view text);

// The canonical text (Prometheus's String()), and the form for people (its Pretty(), lines of at most 100 characters
// where the tree allows).
[[nodiscard]] std::string Print(const Expr& expr);
[[nodiscard]] std::string PrettyPrint(const Expr& expr);

// "line:column" of a byte offset in `query`, from 1.
[[nodiscard]] std::string PositionText(std::string_view query, std::int32_t offset);

}  // namespace bellwether::promql
