// promql/parser/function_signatures.h
//
// The functions of PromQL as the parser needs them: name, argument types, result. One table; promql/functions binds each
// name to what computes it, and a test holds the two together.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "promql/parser/ast.h"

namespace bellwether::promql {

struct FunctionSignature {
  std::string_view name;
  std::vector<ValueType> args;   // The last one repeats when variadic.
  int variadic = 0;              // 0: exactly args.size(); n > 0: up to n more or fewer as in Prometheus; -1: any number.
  ValueType result = ValueType::kVector;
  bool experimental = false;
};

// Null if there is no such function.
[[nodiscard]] const FunctionSignature* FindFunction(std::string_view name);
[[nodiscard]] std::span<const FunctionSignature> AllFunctions();

}  // namespace bellwether::promql
