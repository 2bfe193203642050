// api/handlers/grafana/grafana_frames.h
//
// The value of a query in the shapes that Grafana's JSON data source draws:
//   time series  {"refId","target","datapoints":[[value,ms],...],"tags":{...},"title"?}, one a series
//   table        {"refId","type":"table","columns":[{"text","type"},...],"rows":[[...],...]}
//   frame        {"schema":{"refId","name","meta","fields"},"data":{"values","entities"}}, the only one that carries
//   NaN
// JSON has no NaN and no infinities: they are null in the first two and named in `entities` in the third.
#pragma once

#include <string>
#include <vector>

#include "api/handlers/grafana/grafana_input.h"
#include "api/json/json_writer.h"
#include "promql/engine.h"

namespace bellwether::api {

struct GrafanaNotice {
  std::string severity;  // "info", "warning", "error"
  std::string text;
};

struct GrafanaResult {
  std::string ref_id;
  GrafanaFormat format = GrafanaFormat::kTimeSeries;
  std::string legend;
  std::string executed;  // The query as it was evaluated.
  promql::Value value = promql::Matrix();
  std::vector<GrafanaNotice> notices;  // Shown in the corner of the panel.
};

// Writes the elements of the answer's array: none where there is nothing to tell.
void WriteGrafanaFrames(JsonWriter& json, const GrafanaResult& result);

// The name of a series: the legend with {{label}} replaced, or the metric's own notation.
[[nodiscard]] std::string GrafanaSeriesName(const metric::Labels& labels, const std::string& legend,
                                            const std::string& executed);

}  // namespace bellwether::api
