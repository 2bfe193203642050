#include "api/handlers/grafana/grafana_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "api/json/value_json.h"

namespace bellwether::api {
namespace {

// A series as the frames need it: views into the value or into FrameValue::singles.
struct FrameSeries {
  const metric::Labels* labels = nullptr;
  std::span<const promql::FloatPoint> points;  // Never empty.
};

struct FrameValue {
  std::vector<FrameSeries> series;
  std::vector<promql::FloatPoint> singles;  // The points of an instant value; reserved before views are taken.
  std::size_t histograms = 0;               // Samples that no number can show.

  void AddSingle(const metric::Labels& labels, promql::FloatPoint point) {
    singles.push_back(point);
    series.push_back({&labels, std::span(&singles.back(), 1)});
  }
};

const metric::Labels kNoLabels;

FrameValue ToFrameValue(const promql::Value& value) {
  FrameValue out;
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    out.singles.reserve(1);
    out.AddSingle(kNoLabels, {scalar->timestamp, scalar->value});
  } else if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    out.singles.reserve(vector->size());
    for (const promql::VectorSample& sample : *vector) {
      if (sample.histogram) {
        ++out.histograms;
      } else {
        out.AddSingle(sample.labels, {sample.timestamp, sample.value});
      }
    }
  } else if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    for (const promql::MatrixSeries& series : *matrix) {
      out.histograms += series.histograms.size();
      if (!series.floats.empty()) out.series.push_back({&series.labels, series.floats});
    }
  }
  return out;
}

void WriteNoticeList(JsonWriter& json, const std::vector<GrafanaNotice>& notices) {
  json.Key("notices").BeginArray();
  for (const GrafanaNotice& notice : notices) {
    json.BeginObject().Key("severity").String(notice.severity).Key("text").String(notice.text).EndObject();
  }
  json.EndArray();
}

// "meta" of an element that needs none but for notices and the query inspector.
void WritePlainMeta(JsonWriter& json, const GrafanaResult& result, const std::vector<GrafanaNotice>& notices) {
  json.Key("meta").BeginObject().Key("executedQueryString").String(result.executed);
  if (!notices.empty()) WriteNoticeList(json, notices);
  json.EndObject();
}

void WriteTimeSeries(JsonWriter& json, const GrafanaResult& result, const FrameSeries& series,
                     const std::vector<GrafanaNotice>& notices) {
  const std::string name = GrafanaSeriesName(*series.labels, result.legend, result.executed);
  json.BeginObject().Key("refId").String(result.ref_id).Key("target").String(name).Key("datapoints").BeginArray();
  for (const promql::FloatPoint& point : series.points) {
    json.BeginArray().Number(point.value).Integer(point.timestamp.ms).EndArray();
  }
  json.EndArray().Key("tags");
  WriteLabels(json, *series.labels);
  if (!result.legend.empty()) json.Key("title").String(name);
  WritePlainMeta(json, result, notices);
  json.EndObject();
}

std::vector<std::string> LabelColumns(const FrameValue& value) {
  std::set<std::string, std::less<>> names;
  for (const FrameSeries& series : value.series) {
    for (const auto [name, text] : *series.labels) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

void WriteColumn(JsonWriter& json, std::string_view text, std::string_view type) {
  json.BeginObject().Key("text").String(text).Key("type").String(type).EndObject();
}

// The headings stand there without rows as well, so that a table panel keeps them.
void WriteTable(JsonWriter& json, const GrafanaResult& result, const FrameValue& value,
                const std::vector<GrafanaNotice>& notices) {
  const std::vector<std::string> names = LabelColumns(value);
  json.BeginObject().Key("refId").String(result.ref_id).Key("type").String("table").Key("columns").BeginArray();
  WriteColumn(json, "Time", "time");
  for (const std::string& name : names) WriteColumn(json, name, "string");
  WriteColumn(json, "Value", "number");
  json.EndArray().Key("rows").BeginArray();
  for (const FrameSeries& series : value.series) {
    for (const promql::FloatPoint& point : series.points) {
      json.BeginArray().Integer(point.timestamp.ms);
      for (const std::string& name : names) json.String(series.labels->Get(name));
      json.Number(point.value).EndArray();
    }
  }
  json.EndArray();
  WritePlainMeta(json, result, notices);
  json.EndObject();
}

void WriteStringTable(JsonWriter& json, const GrafanaResult& result, const promql::String& string) {
  json.BeginObject().Key("refId").String(result.ref_id).Key("type").String("table").Key("columns").BeginArray();
  WriteColumn(json, "Time", "time");
  WriteColumn(json, "Value", "string");
  json.EndArray().Key("rows").BeginArray().BeginArray().Integer(string.timestamp.ms).String(string.value);
  json.EndArray().EndArray();
  WritePlainMeta(json, result, result.notices);
  json.EndObject();
}

// Which rows of a number column are no JSON numbers.
void WriteEntities(JsonWriter& json, const std::vector<double>& values) {
  const auto write_rows = [&](std::string_view key, auto&& is_it) {
    json.Key(key).BeginArray();
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (is_it(values[row])) json.Unsigned(row);
    }
    json.EndArray();
  };
  json.BeginObject();
  write_rows("NaN", [](double v) { return std::isnan(v); });
  write_rows("Inf", [](double v) { return std::isinf(v) && v > 0; });
  write_rows("NegInf", [](double v) { return std::isinf(v) && v < 0; });
  json.Key("Undef").BeginArray().EndArray().EndObject();
}

void WriteFrameMeta(JsonWriter& json, const GrafanaResult& result, std::string_view type,
                    const std::vector<GrafanaNotice>& notices) {
  json.Key("meta")
      .BeginObject()
      .Key("type")
      .String(type)
      .Key("typeVersion")
      .BeginArray()
      .Integer(0)
      .Integer(1)
      .EndArray();
  json.Key("executedQueryString").String(result.executed);
  if (!notices.empty()) WriteNoticeList(json, notices);
  json.EndObject();
}

void WriteFrameField(JsonWriter& json, std::string_view name, std::string_view type) {
  json.BeginObject().Key("name").String(name).Key("type").String(type).EndObject();
}

void WriteSeriesFrame(JsonWriter& json, const GrafanaResult& result, const FrameSeries& series,
                      const std::vector<GrafanaNotice>& notices) {
  const std::string name = GrafanaSeriesName(*series.labels, result.legend, result.executed);
  json.BeginObject().Key("schema").BeginObject().Key("refId").String(result.ref_id).Key("name").String(name);
  WriteFrameMeta(json, result, "timeseries-multi", notices);
  json.Key("fields").BeginArray();
  WriteFrameField(json, "Time", "time");
  json.BeginObject().Key("name").String("Value").Key("type").String("number").Key("labels");
  WriteLabels(json, *series.labels);
  json.Key("config").BeginObject();
  if (!result.legend.empty()) json.Key("displayNameFromDS").String(name);
  json.EndObject().EndObject().EndArray().EndObject();

  std::vector<double> values;
  json.Key("data").BeginObject().Key("values").BeginArray().BeginArray();
  for (const promql::FloatPoint& point : series.points) {
    json.Integer(point.timestamp.ms);
    values.push_back(point.value);
  }
  json.EndArray().BeginArray();
  for (const double v : values) json.Number(v);
  json.EndArray().EndArray().Key("entities").BeginArray().Null();
  WriteEntities(json, values);
  json.EndArray().EndObject().EndObject();
}

// An instant: one frame, one row a series, the labels as columns.
void WriteInstantFrame(JsonWriter& json, const GrafanaResult& result, const FrameValue& value,
                       const std::vector<GrafanaNotice>& notices) {
  const std::vector<std::string> names = LabelColumns(value);
  json.BeginObject().Key("schema").BeginObject().Key("refId").String(result.ref_id).Key("name").String("");
  WriteFrameMeta(json, result, "numeric-long", notices);
  json.Key("fields").BeginArray();
  WriteFrameField(json, "Time", "time");
  for (const std::string& name : names) WriteFrameField(json, name, "string");
  WriteFrameField(json, "Value", "number");
  json.EndArray().EndObject().Key("data").BeginObject().Key("values").BeginArray().BeginArray();
  std::vector<double> values;
  for (const FrameSeries& series : value.series) {
    json.Integer(series.points.back().timestamp.ms);
    values.push_back(series.points.back().value);
  }
  json.EndArray();
  for (const std::string& name : names) {
    json.BeginArray();
    for (const FrameSeries& series : value.series) json.String(series.labels->Get(name));
    json.EndArray();
  }
  json.BeginArray();
  for (const double v : values) json.Number(v);
  json.EndArray().EndArray().Key("entities").BeginArray();
  for (std::size_t column = 0; column <= names.size(); ++column) json.Null();
  WriteEntities(json, values);
  json.EndArray().EndObject().EndObject();
}

// Nothing to draw, something to say.
void WriteNoticeFrame(JsonWriter& json, const GrafanaResult& result, const std::vector<GrafanaNotice>& notices) {
  json.BeginObject().Key("refId").String(result.ref_id).Key("fields").BeginArray().EndArray();
  WritePlainMeta(json, result, notices);
  json.EndObject();
}

}  // namespace

std::string GrafanaSeriesName(const metric::Labels& labels, const std::string& legend, const std::string& executed) {
  if (legend.empty()) return labels.empty() ? executed : labels.ToMetricString();
  std::string name;
  std::string_view rest = legend;
  while (!rest.empty()) {
    const std::size_t open = rest.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : rest.find("}}", open);
    if (close == std::string_view::npos) break;
    std::string_view label = rest.substr(open + 2, close - open - 2);
    while (label.starts_with(' ')) label.remove_prefix(1);
    while (label.ends_with(' ')) label.remove_suffix(1);
    name.append(rest.substr(0, open)).append(labels.Get(label));
    rest.remove_prefix(close + 2);
  }
  return name.append(rest);
}

void WriteGrafanaFrames(JsonWriter& json, const GrafanaResult& result) {
  if (const auto* string = std::get_if<promql::String>(&result.value)) {
    WriteStringTable(json, result, *string);
    return;
  }
  const FrameValue value = ToFrameValue(result.value);
  std::vector<GrafanaNotice> notices = result.notices;
  if (value.histograms != 0) {
    notices.push_back({"warning", fmt::format("{} native histogram samples are not shown: reduce them to numbers, for "
                                              "example with histogram_quantile",
                                              value.histograms)});
  }
  if (result.format == GrafanaFormat::kTable) {
    WriteTable(json, result, value, notices);
    return;
  }
  if (value.series.empty()) {
    if (!notices.empty()) WriteNoticeFrame(json, result, notices);
    return;
  }
  const bool instant = !std::holds_alternative<promql::Matrix>(result.value);
  if (result.format == GrafanaFormat::kFrame && instant) {
    WriteInstantFrame(json, result, value, notices);
    return;
  }
  for (const FrameSeries& series : value.series) {
    if (!json.alive()) break;
    if (result.format == GrafanaFormat::kFrame) {
      WriteSeriesFrame(json, result, series, notices);
    } else {
      WriteTimeSeries(json, result, series, notices);
    }
    notices.clear();  // Told once.
  }
}

}  // namespace bellwether::api
