#include "server/commands/query_output.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/time.h"
#include "metric/labels.h"

namespace bellwether::server {
namespace {

using nlohmann::json;

using OutputRow = std::vector<std::string>;

std::string QueryTimeText(const json& seconds) {
  if (!seconds.is_number()) return seconds.dump();
  return base::FormatRfc3339(base::TimestampMs(std::llround(seconds.get<double>() * 1000)));
}

std::string PlainText(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::map<std::string, std::string> LabelMap(const json& labels) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : labels.items()) map[name] = PlainText(value);
  return map;
}

std::string MetricText(const json& labels) {
  const std::map<std::string, std::string> map = LabelMap(labels);
  std::vector<metric::LabelView> pairs;
  for (const auto& [name, value] : map) pairs.push_back({name, value});
  return metric::Labels::FromPairs(pairs).ToMetricString();
}

// All but the last column padded to the widest.
std::string Aligned(const std::vector<OutputRow>& rows) {
  std::vector<std::size_t> widths;
  for (const OutputRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const OutputRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      text += last ? row[i] + "\n" : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
  }
  return text;
}

// The label names of all series, the metric's first.
std::vector<std::string> LabelColumns(const std::vector<const json*>& label_sets) {
  std::set<std::string> names;
  for (const json* labels : label_sets) {
    for (const auto& [name, value] : labels->items()) names.insert(name);
  }
  std::vector<std::string> columns;
  if (names.erase("__name__") > 0) columns.emplace_back("__name__");
  columns.insert(columns.end(), names.begin(), names.end());
  return columns;
}

OutputRow LabelCells(const json& labels, const std::vector<std::string>& columns) {
  const std::map<std::string, std::string> map = LabelMap(labels);
  OutputRow cells;
  for (const std::string& column : columns) {
    const auto found = map.find(column);
    cells.push_back(found == map.end() ? "" : found->second);
  }
  return cells;
}

// "{count:2, sum:3}": the buckets are for --format json.
std::string HistogramText(const json& histogram) {
  return fmt::format("{{count:{}, sum:{}}}", histogram.value("count", ""), histogram.value("sum", ""));
}

struct OutputPoint {
  std::string time;
  std::string value;
};

// Of an entry of a vector or a matrix, by time.
std::vector<OutputPoint> PointsOf(const json& entry) {
  std::vector<std::pair<double, OutputPoint>> points;
  const auto add = [&](const json& pair, bool is_histogram) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number()) return;
    std::string value = is_histogram ? HistogramText(pair[1]) : PlainText(pair[1]);
    points.push_back({pair[0].get<double>(), {QueryTimeText(pair[0]), std::move(value)}});
  };
  if (entry.contains("value")) add(entry["value"], false);
  if (entry.contains("histogram")) add(entry["histogram"], true);
  if (entry.contains("values")) {
    for (const json& pair : entry["values"]) add(pair, false);
  }
  if (entry.contains("histograms")) {
    for (const json& pair : entry["histograms"]) add(pair, true);
  }
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<OutputPoint> sorted;
  for (auto& [time, point] : points) sorted.push_back(std::move(point));
  return sorted;
}

const json& MetricOf(const json& entry) {
  static const json kNone = json::object();
  const auto found = entry.find("metric");
  return found == entry.end() ? kNone : *found;
}

std::string SeriesAsCsv(const json& result) {
  std::vector<const json*> label_sets;
  for (const json& entry : result) label_sets.push_back(&MetricOf(entry));
  const std::vector<std::string> columns = LabelColumns(label_sets);
  std::vector<OutputRow> rows = {columns};
  rows[0].insert(rows[0].end(), {"time", "value"});
  for (const json& entry : result) {
    const OutputRow cells = LabelCells(MetricOf(entry), columns);
    for (const OutputPoint& point : PointsOf(entry)) {
      rows.push_back(cells);
      rows.back().insert(rows.back().end(), {point.time, point.value});
    }
  }
  return CsvText(rows);
}

std::string VectorAsTable(const json& result) {
  std::vector<OutputRow> rows;
  for (const json& entry : result) {
    for (const OutputPoint& point : PointsOf(entry))
      rows.push_back({point.time, point.value, MetricText(MetricOf(entry))});
  }
  return Aligned(rows);
}

std::string MatrixAsTable(const json& result) {
  std::string text;
  for (const json& entry : result) {
    text += MetricText(MetricOf(entry)) + "\n";
    std::vector<OutputRow> rows;
    for (const OutputPoint& point : PointsOf(entry)) rows.push_back({"  " + point.time, point.value});
    text += Aligned(rows);
  }
  return text;
}

}  // namespace

std::string CsvText(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const OutputRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text.push_back(',');
      if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
        text += row[i];
        continue;
      }
      text.push_back('"');
      for (const char c : row[i]) text.append(c == '"' ? 2 : 1, c);
      text.push_back('"');
    }
    text.push_back('\n');
  }
  return text;
}

std::string FormatQueryData(const json& data, QueryFormat format) {
  const std::string type = data.value("resultType", "");
  const json& result = data.at("result");
  if (type == "vector" || type == "matrix") {
    if (format == QueryFormat::kCsv) return SeriesAsCsv(result);
    return type == "vector" ? VectorAsTable(result) : MatrixAsTable(result);
  }
  const OutputRow row = {QueryTimeText(result.at(0)), PlainText(result.at(1))};
  return format == QueryFormat::kCsv ? CsvText({{"time", "value"}, row}) : Aligned({row});
}

std::string FormatSeriesList(const json& data, QueryFormat format) {
  std::string text;
  if (format == QueryFormat::kTable) {
    for (const json& labels : data) text += MetricText(labels) + "\n";
    return text;
  }
  std::vector<const json*> label_sets;
  for (const json& labels : data) label_sets.push_back(&labels);
  std::vector<OutputRow> rows = {LabelColumns(label_sets)};
  for (const json& labels : data) rows.push_back(LabelCells(labels, rows[0]));
  return CsvText(rows);
}

std::string FormatStringList(const json& data, QueryFormat format) {
  std::vector<OutputRow> rows;
  for (const json& text : data) rows.push_back({PlainText(text)});
  return format == QueryFormat::kCsv ? CsvText(rows) : Aligned(rows);
}

}  // namespace bellwether::server
