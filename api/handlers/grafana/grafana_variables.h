// api/handlers/grafana/grafana_variables.h
//
// The options of dashboard variables, from a small language of calls:
//   models()  versions(MODEL)  features(MODEL)     values of the labels model, version, feature
//   metrics(PREFIX)                                metric names; PREFIX may be a regular expression
//   labels(METRIC)  label_names()                  label names, of a metric or of all
//   label_values(LABEL)  label_values(SELECTOR, LABEL)
//   query_result(PROMQL)                           "name{labels} value time"
//   a bare selector                                its series
// Arguments may be "(a|b)", the form in which variables with several values arrive. As JSON:
// {"target": "features", "model": ["a", "b"]}; further keys are labels to match.
//
// Source: the calls of Grafana's Prometheus data source, so that dashboards move between the two.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "base/status.h"

namespace bellwether::api {

// Options are few: more than this many are cut.
inline constexpr std::size_t kVariableOptionsMax = 5000;

// A call taken apart. A text that is no call has an empty name and itself as the only argument.
struct VariableCall {
  std::string name;
  std::vector<std::string> args;  // Trimmed; split at commas outside braces, brackets, parentheses and quotes.
};
[[nodiscard]] VariableCall ParseVariableCall(std::string_view text);

// `payload` as /variable gets it: an object with `target`, or a text. kInvalidArgument says what is known.
[[nodiscard]] base::Result<std::vector<std::string>> VariableOptions(const HandlerContext& context,
                                                                     const nlohmann::json& payload,
                                                                     const TimeBounds& range);

// Metric names in the range that begin with `prefix` (a literal or a regular expression).
[[nodiscard]] base::Result<std::vector<std::string>> MetricNames(const HandlerContext& context, std::string_view prefix,
                                                                 const TimeBounds& range);

}  // namespace bellwether::api
