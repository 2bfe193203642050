// tests/promql/script.h
//
// A PromQL test script in Prometheus's syntax, taken apart: load data, evaluate expressions, say what is expected.
//
//   load 1m
//     http_requests{job="api"} 0+10x20
//
//   eval instant at 10m rate(http_requests[5m])
//     {job="api"} 0.16666666666666666
//
// Times count from the Unix epoch. Source: Prometheus promql/promqltest; the grammar is in its README.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/parser/series_description.h"

namespace bellwether::promqltest {

struct LoadedSeries {
  metric::Labels labels;
  std::vector<promql::SequenceValue> values;                        // At 0, step, 2*step, ...
  std::vector<std::optional<base::DurationMs>> start_time_offsets;  // Empty, or one for each value.
};

struct ClearCommand {};

struct LoadCommand {
  base::DurationMs step;
  bool with_nhcb = false;  // Classic histograms are stored as native ones with custom buckets too.
  std::map<metric::Labels, LoadedSeries> series;
};

// An exact text or a regular expression; either may be empty: then any text will do.
struct TextPattern {
  std::optional<std::string> text;
  std::optional<std::string> regex;
  [[nodiscard]] bool Matches(std::string_view actual) const;
  [[nodiscard]] std::string Describe() const;
};

struct ExpectedSeries {
  std::size_t position = 0;  // 1-based among the lines of the block.
  std::vector<promql::SequenceValue> values;
};

struct EvalCommand {
  std::string expr;
  bool is_range = false;
  base::TimestampMs at;     // Instant.
  base::TimestampMs start;  // Of the range, or of an expected range vector.
  base::TimestampMs end;
  base::DurationMs step;

  bool ordered = false;
  std::optional<TextPattern> failure;
  std::vector<TextPattern> warnings;
  std::vector<TextPattern> infos;
  bool no_warnings = false;
  bool no_infos = false;

  bool expects_range_vector = false;
  std::optional<std::string> string;
  std::optional<double> scalar;
  std::map<metric::Labels, ExpectedSeries> series;
};

struct Command {
  std::size_t line = 0;  // From 1.
  std::variant<ClearCommand, LoadCommand, EvalCommand> what;
};

// kInvalidArgument "line N: ..." if the script is malformed or an expression does not parse.
[[nodiscard]] base::Result<std::vector<Command>> ParseScript(std::string_view text);

}  // namespace bellwether::promqltest
