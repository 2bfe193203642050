// api/handlers/grafana/grafana_target.h
//
// One target of a Grafana query, from its text to a value.
//
// The text is PromQL or a metric name. A name is tried as it stands, without the backslashes that Grafana's
// interpolation puts before metacharacters, and as the alternation "(a|b)" of a variable with several values. Grafana's
// own variables
// ($__interval, $__range, $__rate_interval and their kin) are replaced here, because this plugin leaves them standing.
#pragma once

#include <stop_token>
#include <string>

#include "api/handlers/grafana/grafana_frames.h"
#include "api/handlers/grafana/grafana_input.h"
#include "api/handlers/routes.h"
#include "base/status.h"
#include "promql/parser/ast.h"

namespace bellwether::api {

// The metric under which PromQL stands in the payload's `query`.
inline constexpr std::string_view kPromqlTarget = "promql";
// The table of alerts for annotations.
inline constexpr std::string_view kAlertAnnotations = "annotations.alerts";

// A metric name or PromQL as a tree. Errors: kInvalidArgument with the parser's words.
[[nodiscard]] base::Result<promql::ExprPtr> ResolveGrafanaText(const HandlerContext& context, const std::string& text,
                                                               const TimeBounds& range);

// Errors: those of the parser and the engine; kInvalidArgument where a payload is needed and missing.
[[nodiscard]] base::Result<GrafanaResult> EvaluateGrafanaTarget(const HandlerContext& context,
                                                                const GrafanaQuery& query, const GrafanaTarget& target,
                                                                std::stop_token cancel);

// Replaces $__interval, $__interval_ms, $__range, $__range_s, $__range_ms, $__rate_interval, also in ${braces}.
[[nodiscard]] std::string ReplaceGrafanaVariables(std::string text, const GrafanaQuery& query);

}  // namespace bellwether::api
