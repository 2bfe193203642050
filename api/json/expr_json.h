// api/json/expr_json.h
//
// A PromQL syntax tree as JSON, for /api/v1/parse_query: editors draw trees from it.
//
// Source: Prometheus web/api/v1/translate_ast.go.
#pragma once

#include "api/json/json_writer.h"
#include "promql/parser/ast.h"

namespace bellwether::api {

void WriteExpr(JsonWriter& json, const promql::Expr& expr);

}  // namespace bellwether::api
