// api/json/explain_json.h
//
// How a query was evaluated, as docs/api.md describes it.
#pragma once

#include "api/json/json_writer.h"
#include "promql/engine.h"

namespace bellwether::api {

// What stands under "data"; without a plan that is null.
void WriteExplanation(JsonWriter& json, const promql::QueryResult& result);

}  // namespace bellwether::api
