#include "server/commands/plan_output.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace bellwether::server {
namespace {

using nlohmann::json;

// An operator, with its place in the tree.
struct PlanLine {
  std::string branch;  // What is drawn before it.
  std::size_t depth = 0;
  const json* node = nullptr;
};

void AppendPlanLines(const json& node, const std::string& branch, const std::string& below, std::size_t depth,
                     std::vector<PlanLine>& lines) {
  lines.push_back({branch, depth, &node});
  const json& inputs = node.at("inputs");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool last = i + 1 == inputs.size();
    AppendPlanLines(inputs[i], below + (last ? "`- " : "|- "), below + (last ? "   " : "|  "), depth + 1, lines);
  }
}

std::string TimeText(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.1f} ms", seconds * 1e3) : fmt::format("{:.2f} s", seconds);
}

std::string BytesText(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  return bytes < (1u << 20) ? fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024)
                            : fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string CountText(const json& node, const char* key) {
  const auto count = node.value(key, std::uint64_t{0});
  return count == 0 ? "" : std::to_string(count);
}

// "aggregation: sum by (job) (...)": lines of the query are joined, and what is long is cut.
std::string OperatorText(const json& node) {
  constexpr std::size_t kLongest = 60;
  std::string expr = node.value("expr", "");
  std::replace(expr.begin(), expr.end(), '\n', ' ');
  if (expr.size() > kLongest) expr = expr.substr(0, kLongest - 3) + "...";
  return fmt::format("{}: {}", node.value("operator", ""), expr);
}

constexpr std::array<std::string_view, 7> kPlanColumns = {"OPERATOR",    "TIME",         "STEPS", "ROWS",
                                                          "SERIES READ", "SAMPLES READ", "MEMORY"};
using PlanCells = std::array<std::string, kPlanColumns.size()>;

std::string PlanTable(const std::vector<PlanLine>& lines) {
  std::vector<PlanCells> rows(1);
  std::copy(kPlanColumns.begin(), kPlanColumns.end(), rows[0].begin());
  for (const PlanLine& line : lines) {
    const json& node = *line.node;
    rows.push_back({line.branch + OperatorText(node), TimeText(node.value("seconds", 0.0)), CountText(node, "steps"),
                    CountText(node, "rows"), CountText(node, "seriesRead"), CountText(node, "samplesRead"),
                    BytesText(node.value("peakBytes", std::uint64_t{0}))});
  }
  std::array<std::size_t, kPlanColumns.size()> widths{};
  for (const PlanCells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const PlanCells& row : rows) {
    text += fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += '\n';
  }
  return text;
}

std::string PlanCsv(const std::vector<PlanLine>& lines) {
  std::vector<std::vector<std::string>> rows = {
      {"depth", "operator", "expr", "seconds", "steps", "rows", "series_read", "samples_read", "peak_bytes"}};
  for (const PlanLine& line : lines) {
    std::vector<std::string> row = {std::to_string(line.depth)};
    for (const char* key : {"operator", "expr"}) row.push_back(line.node->value(key, ""));
    for (const char* key : {"seconds", "steps", "rows", "seriesRead", "samplesRead", "peakBytes"}) {
      row.push_back(line.node->at(key).dump());
    }
    rows.push_back(std::move(row));
  }
  return CsvText(rows);
}

}  // namespace

std::string FormatPlan(const json& data, QueryFormat format) {
  std::vector<PlanLine> lines;
  if (!data.at("plan").is_null()) AppendPlanLines(data.at("plan"), "", "", 0, lines);
  if (format == QueryFormat::kCsv) return PlanCsv(lines);
  const json& stats = data.at("stats");
  std::string text = fmt::format("{} of {} series with {} samples, in {}\n", data.value("resultType", ""),
                                 data.value("resultSeries", 0), data.value("resultSamples", 0),
                                 TimeText(stats.at("timings").value("execTotalTime", 0.0)));
  return lines.empty() ? text : text + "\n" + PlanTable(lines);
}

}  // namespace bellwether::server
