#include "api/openapi.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace bellwether::api {
namespace {

constexpr std::string_view kInstant = "query! time:time timeout:duration limit:int lookback_delta:duration stats";
constexpr std::string_view kRange =
    "query! start!:time end!:time step!:duration timeout:duration limit:int lookback_delta:duration stats";
constexpr std::string_view kEither =
    "query! time:time start:time end:time step:duration timeout:duration lookback_delta:duration";
constexpr std::string_view kSearch =
    "match[] search[] fuzz_threshold:int fuzz_alg case_sensitive:bool include_score:bool sort_by sort_dir start:time "
    "end:time limit:int batch_size:int";
constexpr std::string_view kSelectors = "match[] start:time end:time limit:int";

constexpr std::array kOperations = std::to_array<ApiOperation>({
    {"/api/v1/query", "GET POST", "Evaluates an expression at one time", kInstant},
    {"/api/v1/query_range", "GET POST", "Evaluates an expression at the steps of a range", kRange},
    {"/api/v1/query_explain", "GET POST", "How a query is evaluated: plan, series, samples, time and memory", kEither},
    {"/api/v1/query_exemplars", "GET POST", "Exemplars of the series in a query", "query! start:time end:time"},
    {"/api/v1/format_query", "GET POST", "Formats an expression", "query!"},
    {"/api/v1/parse_query", "GET POST", "The syntax tree of an expression", "query!"},
    {"/api/v1/series", "GET POST", "Series that match selectors", "match[]! start:time end:time limit:int"},
    {"/api/v1/labels", "GET POST", "Label names", kSelectors},
    {"/api/v1/label/{name}/values", "GET", "Values of a label", kSelectors},
    {"/api/v1/metadata", "GET", "Type, unit and help of metrics", "metric limit:int limit_per_metric:int"},
    {"/api/v1/search/metric_names", "GET POST", "Searches metric names", kSearch, "lines"},
    {"/api/v1/search/label_names", "GET POST", "Searches label names", kSearch, "lines"},
    {"/api/v1/search/label_values", "GET POST", "Searches the values of a label", kSearch, "lines"},
    {"/api/v1/rules", "GET", "Rules and their state",
     "type rule_name[] rule_group[] file[] match[] exclude_alerts:bool group_limit:int group_next_token"},
    {"/api/v1/rules/check", "POST", "What stored data say of rules",
     "rules[]! rules_file[] period:duration silent:duration"},
    {"/api/v1/rules/test", "POST", "Replays rules over what is stored",
     "rule rules[] rules_file[] compare[] compare_file[] labels start!:time end:time warm_up:duration"},
    {"/api/v1/alerts", "GET", "Pending and firing alerts", ""},
    {"/api/v1/alertmanagers", "GET", "Alertmanagers that are told", ""},
    {"/api/v1/topology", "GET PUT", "What depends on what", ""},
    {"/api/v1/baselines", "GET POST DELETE", "Stored references: listed, made of a query, forgotten",
     "name version query time:time promote:bool"},
    {"/api/v1/baselines/promote", "POST", "The version that counts from now on", "name! version!"},
    {"/api/v1/targets", "GET", "Who writes here", "state scrapePool"},
    {"/api/v1/targets/metadata", "GET", "Metadata of targets", "match_target metric limit:int"},
    {"/api/v1/targets/relabel_steps", "GET", "What relabelling does to labels", "scrapePool! labels!"},
    {"/api/v1/scrape_pools", "GET", "Names of the pools of senders", ""},
    {"/api/v1/scrape_pools/config", "GET", "Configuration of a pool", "scrapePool!"},
    {"/api/v1/status/config", "GET", "The configuration in force", ""},
    {"/api/v1/status/flags", "GET", "Flags of the command line", ""},
    {"/api/v1/status/runtimeinfo", "GET", "About the running process", ""},
    {"/api/v1/status/buildinfo", "GET", "About the version", ""},
    {"/api/v1/status/tsdb", "GET", "Cardinality of what is in memory", "limit:int"},
    {"/api/v1/status/tsdb/blocks", "GET", "Sealed windows on disk", ""},
    {"/api/v1/status/self_metrics", "GET", "The server's own metrics as JSON", "metric_name_pattern"},
    {"/api/v1/status/walreplay", "GET", "Progress of the replay at start", ""},
    {"/api/v1/features", "GET", "What this server can do", ""},
    {"/api/v1/notifications", "GET", "What an operator should know", ""},
    {"/api/v1/notifications/outbox", "GET", "Messages that wait, were delivered, or were given up", "status"},
    {"/api/v1/notifications/log", "GET", "What became of messages, oldest first",
     "start:time end:time match receiver result limit:int"},
    {"/api/v1/notifications/dead", "GET", "Messages that were given up, with the reason", ""},
    {"/api/v1/notifications/dead/{name}/resend", "POST", "Sends a dead letter again", ""},
    {"/api/v1/notifications/test", "POST", "What a receiver would be sent; with send, sends it",
     "receiver! alerts send:bool"},
    {"/api/v1/notifications/live", "GET", "Not streamed: ask for the list", "", "none"},
    {"/api/v1/openapi.yaml", "GET", "This document", "openapi_version", "text"},
    {"/api/v1/write", "POST", "Remote write 1.0", "", "none"},
    {"/api/v1/read", "POST", "Remote read", "", "binary"},
    {"/api/v1/import/prometheus", "POST", "Back-fills samples from text", ""},
    {"/api/v1/export/prometheus", "GET POST", "Samples as text",
     "match[] start:time end:time format portable:bool summary:bool", "text"},
    {"/api/v1/admin/tsdb/delete_series", "POST PUT", "Deletes samples", "match[]! start:time end:time", "none"},
    {"/api/v1/admin/tsdb/clean_tombstones", "POST PUT", "Frees the space of deleted samples", "", "none"},
    {"/api/v1/admin/tsdb/snapshot", "POST PUT", "Copies the store", "skip_head:bool"},
    {"/api/v1/admin/tsdb/verify", "POST PUT", "Checks everything that is stored", ""},
    {"/api/v1/admin/tsdb/analyze", "POST PUT", "Cardinality of the whole store", "limit:int"},
    {"/api/v2/alerts", "GET POST", "Firing alerts; takes those of foreign senders, as JSON",
     "active:bool silenced:bool inhibited:bool unprocessed:bool filter[] receiver receiver_matchers[]", "bare"},
    {"/api/v2/alerts/groups", "GET", "Alerts as they are grouped for receivers",
     "active:bool silenced:bool inhibited:bool muted:bool filter[] receiver receiver_matchers[]", "bare"},
    {"/api/v2/silences", "GET POST", "Silences; makes or changes one, given as JSON",
     "filter[] active:bool expired:bool pending:bool", "bare"},
    {"/api/v2/silence/{silenceID}", "GET DELETE", "One silence; ends it", "", "bare"},
    {"/api/v2/receivers", "GET", "Receivers of notifications", "receiver_matchers[]", "bare"},
    {"/api/v2/status", "GET", "About the server, as Alertmanager tells it", "", "bare"},
    {"/federate", "GET", "Newest samples as text", "match[]!", "text"},
    {"/metrics", "GET", "The server's own metrics", "", "text"},
    {"/version", "GET", "About the version, without an envelope", ""},
    {"/-/healthy", "GET", "Whether the process lives", "", "text"},
    {"/-/ready", "GET", "Whether requests are served", "", "text"},
    {"/-/reload", "POST PUT", "Reads the configuration anew", "", "text"},
    {"/-/quit", "POST PUT", "Ends the server", "", "text"},
    {"/grafana", "GET", "Health of the JSON data source", "", "text"},
});

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

struct Parameter {
  std::string_view name;
  bool required = false;
  std::string schema;
};

std::string SchemaOf(std::string_view type) {
  if (type == "int") return "{type: integer}";
  if (type == "bool") return "{type: boolean}";
  if (type == "number") return "{type: number}";
  if (type == "time") return "{$ref: '#/components/schemas/Time'}";
  if (type == "duration") return "{$ref: '#/components/schemas/Duration'}";
  return "{type: string}";
}

std::vector<Parameter> ParametersOf(const ApiOperation& operation) {
  std::vector<Parameter> parameters;
  for (std::string_view word : Words(operation.parameters)) {
    Parameter parameter;
    const std::size_t colon = std::min(word.find(':'), word.size());
    parameter.schema = SchemaOf(colon == word.size() ? std::string_view() : word.substr(colon + 1));
    word = word.substr(0, colon);
    parameter.required = word.ends_with('!');
    if (parameter.required) word.remove_suffix(1);
    if (word.ends_with("[]")) parameter.schema = fmt::format("{{type: array, items: {}}}", parameter.schema);
    parameter.name = word;
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

// "getApiV1LabelNameValues"
std::string OperationId(std::string_view method, std::string_view path) {
  std::string id(method);
  bool upper = true;
  for (const char c : path) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      upper = true;
      continue;
    }
    id.push_back(upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
    upper = false;
  }
  return id;
}

std::string_view TagOf(std::string_view path) {
  if (path.starts_with("/api/v1/admin")) return "admin";
  if (path.starts_with("/api/v1/status") || path.starts_with("/api/v1/features")) return "status";
  if (path.starts_with("/api/v1/query") || path.ends_with("_query")) return "query";
  if (path.starts_with("/api/v1/rules") || path.starts_with("/api/v1/alert")) return "rules";
  if (path.starts_with("/api/v2/")) return "alertmanager";
  if (path.starts_with("/api/v1/")) return "data";
  return "server";
}

void WriteResponses(const ApiOperation& operation, std::string& out) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "      responses:\n");
  if (operation.answer == "none") {
    fmt::format_to(to, "        '204': {{description: Done}}\n");
  } else if (operation.answer == "json") {
    fmt::format_to(to, "        '200': {{$ref: '#/components/responses/Success'}}\n");
  } else {
    const std::string_view type = operation.answer == "bare"     ? "application/json"
                                  : operation.answer == "binary" ? "application/x-protobuf"
                                  : operation.answer == "lines"  ? "application/x-ndjson"
                                                                 : "text/plain";
    fmt::format_to(to, "        '200':\n          description: Success\n          content:\n            {}: {{}}\n",
                   type);
  }
  fmt::format_to(to, "        default: {{$ref: '#/components/responses/Error'}}\n");
}

void WriteMethod(const ApiOperation& operation, std::string_view method, std::string& out) {
  auto to = std::back_inserter(out);
  std::string lower(method);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  fmt::format_to(to, "    {}:\n      operationId: {}\n      summary: \"{}\"\n      tags: [{}]\n", lower,
                 OperationId(lower, operation.path), operation.summary, TagOf(operation.path));
  const std::vector<Parameter> parameters = ParametersOf(operation);
  const std::size_t open = operation.path.find('{');
  const bool in_path = open != std::string_view::npos;
  // What API v2 is given stands in a body of JSON.
  const bool as_form = method == "POST" && !parameters.empty() && operation.answer != "bare";
  if (in_path || (!as_form && !parameters.empty())) fmt::format_to(to, "      parameters:\n");
  if (in_path) {
    fmt::format_to(to, "        - {{name: {}, in: path, required: true, schema: {{type: string}}}}\n",
                   operation.path.substr(open + 1, operation.path.find('}') - open - 1));
  }
  if (as_form) {
    fmt::format_to(to,
                   "      requestBody:\n        content:\n          application/x-www-form-urlencoded:\n"
                   "            schema:\n              type: object\n              properties:\n");
    for (const Parameter& parameter : parameters) {
      fmt::format_to(to, "                '{}': {}\n", parameter.name, parameter.schema);
    }
  } else {
    for (const Parameter& parameter : parameters) {
      fmt::format_to(to, "        - {{name: '{}', in: query, required: {}, schema: {}}}\n", parameter.name,
                     parameter.required, parameter.schema);
    }
  }
  WriteResponses(operation, out);
}

constexpr std::string_view kComponents = R"(components:
  schemas:
    Time:
      description: RFC 3339, or seconds since 1970
      oneOf: [{type: number}, {type: string, format: date-time}]
    Duration:
      description: seconds, or a text such as 1h30m
      oneOf: [{type: number}, {type: string}]
    Success:
      type: object
      required: [status]
      properties:
        status: {type: string, const: success}
        data: {}
        warnings: {type: array, items: {type: string}}
        infos: {type: array, items: {type: string}}
    Error:
      type: object
      required: [status, errorType, error]
      properties:
        status: {type: string, const: error}
        errorType: {type: string}
        error: {type: string}
  responses:
    Success:
      description: Success
      content:
        application/json:
          schema: {$ref: '#/components/schemas/Success'}
    Error:
      description: Failure
      content:
        application/json:
          schema: {$ref: '#/components/schemas/Error'}
)";

}  // namespace

std::span<const ApiOperation> ApiOperations() { return kOperations; }

std::string OpenApiYaml(std::string_view openapi_version, std::string_view version) {
  std::string out = fmt::format(
      "openapi: {}\ninfo:\n  title: Bellwether\n  version: '{}'\n"
      "  description: Prometheus's HTTP API, and what Bellwether adds.\n"
      "  license: {{name: Apache-2.0, identifier: Apache-2.0}}\npaths:\n",
      openapi_version, version);
  for (const ApiOperation& operation : kOperations) {
    fmt::format_to(std::back_inserter(out), "  {}:\n", operation.path);
    for (const std::string_view method : Words(operation.methods)) WriteMethod(operation, method, out);
  }
  return out.append(kComponents);
}

}  // namespace bellwether::api
