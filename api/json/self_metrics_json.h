// api/json/self_metrics_json.h
//
// The server's own metrics as JSON: the list of io.prometheus.client.MetricFamily messages in protobuf's JSON form, in
// which 64-bit numbers are strings.
#pragma once

#include <functional>
#include <string_view>

#include "api/json/json_writer.h"

namespace bellwether::api {

// `text`: what base::MetricsRegistry::WriteText gives. Families that are not `wanted` by name are left out.
void WriteMetricFamilies(JsonWriter& json, std::string_view text, const std::function<bool(std::string_view)>& wanted);

}  // namespace bellwether::api
