// api/json/value_json.h
//
// PromQL values, label sets and query statistics as Prometheus's JSON.
//
// Source: Prometheus web/api/v1/json_codec.go, util/jsonutil, promql/value.go.
#pragma once

#include "api/json/json_writer.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "promql/engine.h"

namespace bellwether::api {

// {"__name__":"up","job":"a"}, in the order of names.
void WriteLabels(JsonWriter& json, const metric::Labels& labels);

// {"count":"2","sum":"3","buckets":[[0,"1","2","2"]]}; without buckets where none holds anything.
void WriteHistogram(JsonWriter& json, const metric::NativeHistogram& histogram);

// "matrix", "vector", "scalar" or "string".
[[nodiscard]] std::string_view ResultType(const promql::Value& value);
// What stands under "result".
void WriteValue(JsonWriter& json, const promql::Value& value);

// What stands under "stats".
void WriteQueryStats(JsonWriter& json, const promql::QueryStats& stats);

// Cuts a vector or matrix to `limit` entries; true if there were more. 0: no limit.
[[nodiscard]] bool TruncateValue(promql::Value& value, std::size_t limit);

}  // namespace bellwether::api
