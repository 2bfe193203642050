// api/handlers/grafana/grafana_input.h
//
// What Grafana's JSON data sources send, read leniently: unknown keys are ignored, numbers and booleans may be text
// (the plugin's builder turns every scalar into text), and almost everything may be absent. Both the present plugin
// (simPod's) and the old simple-json shape are understood.
//
// Variables with several values reach a text as "(a|b)", each value with its regular-expression metacharacters escaped.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/handlers/params.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"

namespace bellwether::api {

using Json = nlohmann::json;

// kInvalidArgument with the place if `body` is not JSON; an empty body is {}.
[[nodiscard]] base::Result<Json> ParseJsonBody(std::string_view body);

// A scalar as text ("" if absent, null, or no scalar); as a number; as a bool ("true", "1").
[[nodiscard]] std::string JsonText(const Json& object, const char* key);
[[nodiscard]] std::optional<double> JsonNumber(const Json& object, const char* key);
[[nodiscard]] std::optional<bool> JsonBool(const Json& object, const char* key);
// A list of scalars, or one scalar, as texts; empty texts are dropped.
[[nodiscard]] std::vector<std::string> JsonTexts(const Json& object, const char* key);
// The member, or a null value.
[[nodiscard]] const Json& JsonMember(const Json& object, const char* key);

// "range": {"from","to"} as RFC 3339 or epoch milliseconds; the last six hours where it is absent.
[[nodiscard]] base::Result<TimeBounds> ReadGrafanaRange(const Json& body, const char* key, base::TimestampMs now);

// "(a|b\.c)" is {"a", "b.c"}; a text that is no alternation is itself, unescaped.
[[nodiscard]] std::vector<std::string> AlternativesOf(std::string_view text);
// Takes off backslashes before punctuation.
[[nodiscard]] std::string UnescapeRegex(std::string_view text);
[[nodiscard]] std::string EscapeRegex(std::string_view text);
// `name` is one of `values`, each of which may be an alternation. Not empty.
[[nodiscard]] metric::Matcher OneOfMatcher(const std::string& name, const std::vector<std::string>& values);

// Matchers as people write them: `a="b", c!="d"`, with or without braces; empty: none. Other than in a selector, all of
// them may match the empty text. kInvalidArgument in the parser's words.
[[nodiscard]] base::Result<std::vector<metric::Matcher>> ParseWhere(std::string_view where);

// An ad hoc filter of the dashboard.
struct AdHocFilter {
  std::string key;
  std::string op;
  std::string value;
  std::vector<std::string> values;  // Of the one-of operators.
};
// "filters" and simple-json's "adhocFilters"; entries without a key are left out.
[[nodiscard]] std::vector<AdHocFilter> ReadAdHocFilters(const Json& body);

struct FilterMatchers {
  std::vector<metric::Matcher> matchers;
  std::vector<std::string> left_out;  // One sentence each: operators that no label test knows.
};
// Filters of `except_key` are skipped. kInvalidArgument if a regular expression does not parse.
[[nodiscard]] base::Result<FilterMatchers> MatchersOf(const std::vector<AdHocFilter>& filters,
                                                      std::string_view except_key = {});

enum class GrafanaFormat : std::uint8_t { kTimeSeries, kTable, kFrame };

struct GrafanaTarget {
  std::string ref_id;
  std::string target;                     // A metric name or PromQL; empty if nothing was chosen.
  bool has_payload = false;               // With at least one key.
  std::string query;                      // payload.query: PromQL in place of `target`.
  std::string where;                      // payload.where: matchers for every selector, with or without braces.
  std::vector<metric::Matcher> narrowed;  // payload.model, .version, .feature.
  GrafanaFormat format = GrafanaFormat::kTimeSeries;
  bool instant = false;  // Default: for tables.
  std::string legend;    // payload.legend or alias: "{{model}}".
};

struct GrafanaQuery {
  TimeBounds range;
  base::DurationMs step;      // max(intervalMs, range / maxDataPoints), at least what 11 000 points need.
  base::DurationMs interval;  // For $__interval.
  std::size_t max_points = 0;
  std::vector<GrafanaTarget> targets;
  std::vector<AdHocFilter> filters;
};

// Hidden targets are left out. kInvalidArgument names the key.
[[nodiscard]] base::Result<GrafanaQuery> ReadGrafanaQuery(std::string_view body, base::TimestampMs now);

}  // namespace bellwether::api
