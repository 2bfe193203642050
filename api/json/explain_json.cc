#include "api/json/explain_json.h"

#include <cstdint>

#include "api/json/value_json.h"
#include "promql/explain.h"

namespace bellwether::api {
namespace {

struct ResultSize {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
};

ResultSize SizeOf(const promql::Value& value) {
  ResultSize size;
  if (const auto* vector = std::get_if<promql::Vector>(&value)) size = {vector->size(), vector->size()};
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    size.series = matrix->size();
    for (const promql::MatrixSeries& series : *matrix) size.samples += series.floats.size() + series.histograms.size();
  }
  return size;
}

void WritePlanNode(JsonWriter& json, const promql::PlanNode& node) {
  json.BeginObject().Key("operator").String(node.kind).Key("expr").String(node.expr);
  json.Key("steps").Unsigned(node.steps);
  json.Key("seriesRead").Unsigned(node.series_read);
  json.Key("samplesRead").Unsigned(node.samples_read);
  json.Key("rows").Unsigned(node.rows);
  json.Key("seconds").Number(node.self_s);
  json.Key("peakBytes").Unsigned(node.peak_bytes);
  json.Key("inputs").BeginArray();
  for (const promql::PlanNode& input : node.inputs) WritePlanNode(json, input);
  json.EndArray().EndObject();
}

}  // namespace

void WriteExplanation(JsonWriter& json, const promql::QueryResult& result) {
  const ResultSize size = SizeOf(result.value);
  json.BeginObject().Key("resultType").String(ResultType(result.value));
  json.Key("resultSeries").Unsigned(size.series).Key("resultSamples").Unsigned(size.samples).Key("stats");
  WriteQueryStats(json, result.stats);
  json.Key("plan");
  if (result.plan == nullptr) {
    json.Null();
  } else {
    WritePlanNode(json, *result.plan);
  }
  json.EndObject();
}

}  // namespace bellwether::api
