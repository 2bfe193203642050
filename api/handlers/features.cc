// What this server can do, in the categories and words of Prometheus's own answer.
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "promql/parser/function_signatures.h"
#include "rules/template_names.h"

namespace bellwether::api {
namespace {

// Operators and aggregations, but for the experimental ones.
constexpr auto kOperatorNames = std::to_array<std::string_view>(
    {"!=",           "!~",    "%",   "*",   "+",  "-",        "/",      "<",      "</",    "<=",      "==",
     "=~",           ">",     ">/",  ">=",  "@",  "^",        "and",    "avg",    "atan2", "bottomk", "count",
     "count_values", "group", "max", "min", "or", "quantile", "stddev", "stdvar", "sum",   "topk",    "unless"});
constexpr auto kExperimentalOperators = std::to_array<std::string_view>({"limitk", "limit_ratio"});

struct Feature {
  std::string_view name;
  bool enabled = true;
};

void WriteCategory(JsonWriter& json, std::string_view name, std::initializer_list<Feature> features) {
  json.Key(name).BeginObject();
  for (const Feature& feature : features) json.Key(feature.name).Bool(feature.enabled);
  json.EndObject();
}

void WriteFunctions(JsonWriter& json, bool experimental) {
  json.Key("promql_functions").BeginObject();
  for (const promql::FunctionSignature& function : promql::AllFunctions()) {
    json.Key(function.name).Bool(!function.experimental || experimental);
  }
  json.EndObject().Key("promql_operators").BeginObject();
  for (const std::string_view name : kOperatorNames) json.Key(name).Bool(true);
  for (const std::string_view name : kExperimentalOperators) json.Key(name).Bool(experimental);
  json.EndObject();
}

base::Status Features(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  const promql::EngineOptions& engine = context.engine.options();
  const promql::ParserOptions& parser = engine.parser;
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject();
    WriteCategory(json, "api",
                  {{"admin", context.enable_admin_api},
                   {"exclude_alerts"},
                   {"label_values_match"},
                   {"lifecycle", context.enable_lifecycle},
                   {"openapi_3.1"},
                   {"openapi_3.2"},
                   {"otlp_write_receiver", false},
                   {"query_explain"},
                   {"query_stats"},
                   {"query_warnings"},
                   {"remote_read"},
                   {"remote_write_receiver"},
                   {"rules_test"},
                   {"search", context.enable_search},
                   {"search_fuzz_alg_jarowinkler"},
                   {"search_fuzz_alg_subsequence"},
                   {"time_range_labels"},
                   {"time_range_series"}});
    WriteCategory(json, "otlp_receiver", {{"delta_conversion", false}, {"native_delta_ingestion", false}});
    WriteCategory(json, "prometheus", {{"agent_mode", false}, {"auto_reload_config", false}, {"server_mode"}});
    WriteCategory(json, "promql",
                  {{"anchored", parser.extended_range_selectors},
                   {"at_modifier"},
                   {"bool"},
                   {"by"},
                   {"delayed_name_removal", engine.delayed_name_removal},
                   {"duration_expr", true},
                   {"fill", parser.binop_fill_modifiers},
                   {"fill_left", parser.binop_fill_modifiers},
                   {"fill_right", parser.binop_fill_modifiers},
                   {"group_left"},
                   {"group_right"},
                   {"ignoring"},
                   {"negative_offset"},
                   {"offset"},
                   {"on"},
                   {"per_query_lookback_delta"},
                   {"per_step_stats", engine.per_step_stats},
                   {"smoothed", parser.extended_range_selectors},
                   {"subqueries"},
                   {"type_and_unit_labels", engine.type_and_unit_labels},
                   {"without"}});
    WriteFunctions(json, parser.experimental_functions);
    WriteCategory(json, "rules",
                  {{"concurrent_rule_eval"}, {"keep_firing_for"}, {"levels"}, {"query_offset"}, {"signals"}});
    json.Key("templating_functions").BeginObject();
    for (const std::string& name : rules::AlertTemplateFunctions()) json.Key(name).Bool(true);
    json.EndObject();
    WriteCategory(json, "tsdb", {{"exemplar_storage"}, {"isolation", false}, {"native_histograms"}});
    json.EndObject();
  });
  return base::OkStatus();
}

}  // namespace

void AddFeatureRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(ApiRoute(context, {"GET"}, "/api/v1/features", Features));
}

}  // namespace bellwether::api
