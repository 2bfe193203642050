// template/function.h
//
// What a template may call. A table maps a name to a function; the folder that runs templates adds its own entries
// (rules: query, value, graphLink, ...) to those of template/functions.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "template/value.h"

namespace bellwether::templating {

// What an argument has to be; another kind is an error before the call.
enum class Argument : std::uint8_t { kAny, kString, kInt, kBool, kList };

struct Function {
  std::vector<Argument> fixed;
  std::optional<Argument> rest;  // Of any number of further arguments; nothing: no more than `fixed`.
  // The arguments are of the kinds above. An error becomes "error calling NAME: <message>" and ends the template.
  std::function<base::Result<Value>(std::span<const Value>)> call;
};

using FunctionTable = std::map<std::string, Function, std::less<>>;

// Go's own: and, or, not, eq, ne, lt, le, gt, ge, index, slice, len, print, printf, println, html, js, urlquery, call.
[[nodiscard]] const FunctionTable& Builtins();

}  // namespace bellwether::templating
