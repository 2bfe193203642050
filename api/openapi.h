// api/openapi.h
//
// The HTTP API as an OpenAPI document, made from one table: paths, methods, parameters. A test holds the table to the
// routes that are served.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bellwether::api {

struct ApiOperation {
  std::string_view path;     // "/api/v1/label/{name}/values"
  std::string_view methods;  // "GET POST"
  std::string_view summary;
  // Names, each with "!" behind it if it must be given, and a type where it is no text: ":int", ":bool", ":number",
  // ":time", ":duration". A name that ends in "[]" may be repeated.
  std::string_view parameters;
  // "json" (in the envelope), "bare" (JSON without it), "text", "none" (204), "binary", "lines"
  std::string_view answer = "json";
};

[[nodiscard]] std::span<const ApiOperation> ApiOperations();

// YAML. `openapi_version`: "3.1.0" or "3.2.0"; what is said is the same in both. `version`: of Bellwether.
[[nodiscard]] std::string OpenApiYaml(std::string_view openapi_version, std::string_view version);

}  // namespace bellwether::api
