// promql/parser/function_signatures.h
//
// The functions of PromQL as the parser needs them: name, argument types, result. One table; promql/functions binds
// each name to what computes it, and a test holds the two together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "promql/parser/ast.h"

namespace bellwether::promql {

// How many arguments a call may have follows from `args` and `variadic`:
//   variadic == 0   exactly args.size()
//   variadic == n   at least args.size() - 1, at most args.size() - 1 + n
//   variadic == -1  at least args.size() - 1
// The last type of `args` is also that of every argument behind it.
struct FunctionSignature {
  std::string_view name;
  std::vector<ValueType> args;
  int variadic = 0;
  ValueType result = ValueType::kVector;
  bool experimental = false;
  bool for_models = false;  // Ours: docs/functions.md.
  // String arguments from this one on are names, of labels or of what is stored: an empty one does not parse.
  std::size_t names_from = kNoNames;

  static constexpr std::size_t kNoNames = std::numeric_limits<std::size_t>::max();
};

// Null if there is no such function.
[[nodiscard]] const FunctionSignature* FindFunction(std::string_view name);
[[nodiscard]] std::span<const FunctionSignature> AllFunctions();

}  // namespace bellwether::promql
