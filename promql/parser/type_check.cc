#include "promql/parser/type_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "metric/labels.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

// The names Prometheus has for types inside its code, which one message shows.
std::string_view InternalTypeText(ValueType type) {
  switch (type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kVector: return "vector";
    case ValueType::kMatrix: return "matrix";
    case ValueType::kString: return "string";
  }
  return "";
}

bool IsName(const Expr& literal) {
  const std::string& text = static_cast<const StringLiteral&>(Unwrap(literal)).value;
  return !text.empty() && base::IsValidUtf8(text);
}

bool IsScalarOrVector(ValueType type) { return type == ValueType::kScalar || type == ValueType::kVector; }

}  // namespace

void TypeCheck::Expect(const Expr& expr, ValueType got, ValueType want, std::string_view where) {
  if (got == want) return;
  Add(expr.position.start,
      fmt::format("expected type {} in {}, got {}", ValueTypeText(want), where, ValueTypeText(got)));
}

void TypeCheck::Selector(const VectorSelector& selector) {
  if (!selector.name.empty()) {
    for (std::size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
      if (selector.matchers[i].name() != metric::kMetricName) continue;
      Add(selector.position.start, fmt::format("metric name must not be set twice: {} or {}",
                                               base::Quote(selector.name), base::Quote(selector.matchers[i].value())));
    }
    return;
  }
  const bool restricts = std::any_of(selector.matchers.begin(), selector.matchers.end(),
                                     [](const metric::Matcher& m) { return !m.MatchesEmpty(); });
  if (restricts) return;
  errors_.push_back(
      {{selector.position.start, "vector selector must contain at least one non-empty matcher"}, &selector});
}

void TypeCheck::BinaryOperator(Binary& binary, ValueType lhs, ValueType rhs, std::int32_t op_offset) {
  VectorMatching& matching = *binary.matching;
  const bool is_set = IsSetOp(binary.op);
  const bool both_scalar = lhs == ValueType::kScalar && rhs == ValueType::kScalar;
  if (binary.return_bool && !IsComparison(binary.op)) {
    Add(op_offset, "bool modifier can only be used on comparison operators");
  }
  if (IsComparison(binary.op) && !binary.return_bool && both_scalar) {
    Add(op_offset, "comparisons between scalars must use BOOL modifier");
  }
  if (is_set && matching.cardinality == Cardinality::kOneToOne) matching.cardinality = Cardinality::kManyToMany;
  for (const std::string& label : matching.labels) {
    if (matching.on && std::find(matching.include.begin(), matching.include.end(), label) != matching.include.end()) {
      Add(op_offset, fmt::format("label {} must not occur in ON and GROUP clause at once", base::Quote(label)));
    }
  }
  constexpr std::string_view kWrongOperand = "binary expression must contain only scalar and instant vector types";
  if (!IsScalarOrVector(lhs)) Add(binary.lhs->position.start, std::string(kWrongOperand));
  if (!IsScalarOrVector(rhs)) Add(binary.rhs->position.start, std::string(kWrongOperand));

  const std::int32_t at = binary.position.start;
  const bool fills = matching.fill_left.has_value() || matching.fill_right.has_value();
  if (lhs != ValueType::kVector || rhs != ValueType::kVector) {
    if (!matching.labels.empty()) Add(at, "vector matching only allowed between instant vectors");
    if (fills) Add(at, "filling in missing series only allowed between instant vectors");
    binary.matching.reset();
  } else if (is_set) {
    if (matching.cardinality != Cardinality::kManyToMany) {
      Add(at, fmt::format("no grouping allowed for {} operation", base::Quote(BinaryOpText(binary.op))));
      Add(at, "set operations must always be many-to-many");
    }
    if (fills) Add(at, "filling in missing series not allowed for set operators");
  }
  if (is_set && (lhs == ValueType::kScalar || rhs == ValueType::kScalar)) {
    Add(at,
        fmt::format("set operator {} not allowed in binary scalar expression", base::Quote(BinaryOpText(binary.op))));
  }
}

void TypeCheck::UnaryOperator(const Unary& unary, ValueType operand) {
  if (IsScalarOrVector(operand)) return;
  Add(unary.position.start,
      fmt::format("unary expression only allowed on expressions of type scalar or instant vector, got {}",
                  base::Quote(ValueTypeText(operand))));
}

void TypeCheck::SubqueryOf(const Subquery& subquery, ValueType inner) {
  if (inner == ValueType::kVector) return;
  Add(subquery.position.start,
      fmt::format("subquery is only allowed on instant vector, got {} instead", InternalTypeText(inner)));
}

void TypeCheck::Aggregation(const Aggregate& aggregate, Mark param_begin, Mark expr_begin, ValueType param,
                            ValueType expr) {
  // The parameter is written first and judged last.
  std::vector<Entry> of_param(errors_.begin() + static_cast<std::ptrdiff_t>(param_begin),
                              errors_.begin() + static_cast<std::ptrdiff_t>(expr_begin));
  errors_.erase(errors_.begin() + static_cast<std::ptrdiff_t>(param_begin),
                errors_.begin() + static_cast<std::ptrdiff_t>(expr_begin));
  Expect(*aggregate.expr, expr, ValueType::kVector, "aggregation expression");
  errors_.insert(errors_.end(), of_param.begin(), of_param.end());
  if (aggregate.param == nullptr) return;
  const ValueType want = aggregate.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
  Expect(*aggregate.param, param, want, "aggregation parameter");
}

void TypeCheck::InfoArguments(const Call& call, std::span<const ValueType> types, std::vector<Entry>& before) {
  const Expr& data = *call.args[1];
  if (types[1] != ValueType::kVector) {
    before.push_back({{call.position.start, fmt::format("expected type {} in call to function \"info\", got {}",
                                                        ValueTypeText(ValueType::kVector), ValueTypeText(types[1]))},
                      nullptr});
  }
  if (data.kind != ExprKind::kVectorSelector) {
    before.push_back({{data.position.start, "expected label selectors only"}, nullptr});
  } else if (!static_cast<const VectorSelector&>(data).name.empty()) {
    before.push_back({{data.position.start, "expected label selectors only, got vector selector instead"}, nullptr});
  }
}

void TypeCheck::FunctionCall(const Call& call, Mark begin, std::vector<Mark> arg_ends,
                             std::span<const ValueType> types) {
  const FunctionSignature& f = *call.function;
  const std::size_t got = call.args.size();
  std::vector<Entry> ordered;
  const auto wrong_number = [&](std::string_view bound, std::size_t expected) {
    ordered.push_back({{call.position.start, fmt::format("expected {}{} argument(s) in call to {}, got {}", bound,
                                                         expected, base::Quote(f.name), got)},
                       nullptr});
  };
  if (f.variadic == 0) {
    if (got != f.args.size()) wrong_number("", f.args.size());
  } else {
    const std::size_t at_least = f.args.size() - 1;
    if (got < at_least) {
      wrong_number("at least ", at_least);
    } else if (f.variadic > 0 && got > at_least + static_cast<std::size_t>(f.variadic)) {
      wrong_number("at most ", at_least + static_cast<std::size_t>(f.variadic));
    }
  }
  const bool is_info = f.name == "info" && got > 1;
  if (is_info) InfoArguments(call, types, ordered);
  std::size_t from = begin;
  for (std::size_t i = 0; i < got; ++i) {
    if (i >= f.args.size() && f.variadic == 0) break;
    for (; from < arg_ends[i]; ++from) {
      const bool forgiven = is_info && i == 1 && errors_[from].empty_selector == call.args[1].get();
      if (!forgiven) ordered.push_back(errors_[from]);
    }
    const ValueType want = f.args[std::min(i, f.args.size() - 1)];
    if (types[i] != want) {
      ordered.push_back({{call.args[i]->position.start,
                          fmt::format("expected type {} in call to function {}, got {}", ValueTypeText(want),
                                      base::Quote(f.name), ValueTypeText(types[i]))},
                         nullptr});
    } else if (i >= f.names_from && !IsName(*call.args[i])) {
      ordered.push_back({{call.args[i]->position.start,
                          fmt::format("expected a name in call to function {}, got {}", base::Quote(f.name),
                                      base::Quote(static_cast<const StringLiteral&>(Unwrap(*call.args[i])).value))},
                         nullptr});
    }
  }
  errors_.erase(errors_.begin() + static_cast<std::ptrdiff_t>(begin), errors_.end());
  errors_.insert(errors_.end(), ordered.begin(), ordered.end());
}

}  // namespace bellwether::promql
