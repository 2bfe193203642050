// server/commands/query_output.h
//
// Answers of the HTTP API as a terminal shows them: aligned tables, or CSV for a spreadsheet.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bellwether::server {

enum class QueryFormat : unsigned char { kTable, kCsv };

// The `data` of a query. Scalars, strings, vectors: a line each; a matrix: a block of lines for each series, or in CSV
// a line for each sample with a column for each label. Times are RFC 3339.
[[nodiscard]] std::string FormatQueryData(const nlohmann::json& data, QueryFormat format);
// The `data` of /api/v1/series: a line each, or a column for each label.
[[nodiscard]] std::string FormatSeriesList(const nlohmann::json& data, QueryFormat format);
// RFC 4180, but for the ends of lines.
[[nodiscard]] std::string CsvText(const std::vector<std::vector<std::string>>& rows);
// A list of strings: a line each.
[[nodiscard]] std::string FormatStringList(const nlohmann::json& data, QueryFormat format);

}  // namespace bellwether::server
