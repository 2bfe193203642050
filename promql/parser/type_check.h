// promql/parser/type_check.h
//
// What a tree must satisfy beyond its grammar: argument numbers and types, which operators take vectors, when matching
// makes sense. The parser asks as it builds each node, children first. Only the first error is ever shown, and only if
// the whole text parses, so errors are collected here and asked for at the end.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "promql/parser/ast.h"

namespace bellwether::promql {

struct ParseError {
  std::int32_t offset = 0;  // Byte in the query.
  std::string message;
};

class TypeCheck {
 public:
  // A place in the list of errors, so that a node can put its own before its children's, as Prometheus orders them.
  using Mark = std::size_t;
  [[nodiscard]] Mark Here() const { return errors_.size(); }

  void Selector(const VectorSelector& selector);
  // Also settles `binary.matching`: none unless both sides are vectors, many-to-many for set operators.
  void BinaryOperator(Binary& binary, ValueType lhs, ValueType rhs, std::int32_t op_offset);
  void UnaryOperator(const Unary& unary, ValueType operand);
  void SubqueryOf(const Subquery& subquery, ValueType inner);
  // `param_begin` and `expr_begin`: marks taken before each was parsed.
  void Aggregation(const Aggregate& aggregate, Mark param_begin, Mark expr_begin, ValueType param, ValueType expr);
  // `begin`: before the first argument; arg_ends: behind each argument.
  void FunctionCall(const Call& call, Mark begin, std::vector<Mark> arg_ends, std::span<const ValueType> types);

  [[nodiscard]] const ParseError* FirstError() const { return errors_.empty() ? nullptr : &errors_.front().error; }

 private:
  struct Entry {
    ParseError error;
    const Expr* empty_selector = nullptr;  // Set for "at least one non-empty matcher", which info() forgives.
  };
  void Add(std::int32_t offset, std::string message) { errors_.push_back({{offset, std::move(message)}, nullptr}); }
  void Expect(const Expr& expr, ValueType got, ValueType want, std::string_view where);
  void InfoArguments(const Call& call, std::span<const ValueType> types, std::vector<Entry>& before);

  std::vector<Entry> errors_;
};

}  // namespace bellwether::promql
