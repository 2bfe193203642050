#include "promql/parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "promql/parser/query_parser.h"

namespace bellwether::promql {

base::Result<ExprPtr> Parse(std::string_view query, const ParserOptions& options) {
  constexpr std::size_t kQueryBytesMax = 16u << 20;
  if (query.size() > kQueryBytesMax) {
    return base::InvalidArgument(
        fmt::format("1:1: parse error: query has {} bytes, the limit is {}", query.size(), kQueryBytesMax));
  }
  return QueryParser(query, options).Expression();
}

base::Result<std::vector<metric::Matcher>> ParseMetricSelector(std::string_view text) {
  return QueryParser(text, ParserOptions()).MetricSelector();
}

base::Result<metric::Labels> ParseMetric(std::string_view text) { return QueryParser(text, ParserOptions()).Metric(); }

std::string PositionText(std::string_view query, std::int32_t offset) {
  if (offset < 0 || static_cast<std::size_t>(offset) > query.size()) return "invalid position";
  const std::string_view before = query.substr(0, static_cast<std::size_t>(offset));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n');
  const std::size_t column = line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
  return fmt::format("{}:{}", lines + 1, column);
}

}  // namespace bellwether::promql
