// promql/parser/ast.h
//
// The syntax tree of PromQL: immutable after parsing, shared freely between threads. Grouping labels and matchers are
// in the order they were written; what needs them sorted sorts a copy. Types are checked by the parser, so whoever
// walks a tree may rely on them.
//
// Durations: a literal is kept in milliseconds; a duration expression (`foo[step()*2]`) is a tree of its own beside it
// and is resolved once a query is known (promql/plan). Positions are byte offsets into the query text.
//
// Source: Prometheus promql/parser (3.x), `ast.go`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "metric/matcher.h"

namespace bellwether::promql {

enum class ValueType : std::uint8_t { kScalar, kVector, kMatrix, kString };

// "scalar", "instant vector", "range vector", "string".
[[nodiscard]] std::string_view ValueTypeText(ValueType type);

// Bytes [start, end) of the query.
struct PositionRange {
  std::int32_t start = 0;
  std::int32_t end = 0;
};

enum class ExprKind : std::uint8_t {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kAggregate,
  kBinary,
  kUnary,
  kCall,
  kParen,
  kDuration,  // Only inside duration expressions.
};

enum class BinaryOp : std::uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,  // </ : keeps observations at or below.
  kTrimLower,  // >/ : keeps observations at or above.
  kAnd,
  kOr,
  kUnless,
};
[[nodiscard]] std::string_view BinaryOpText(BinaryOp op);
[[nodiscard]] constexpr bool IsComparison(BinaryOp op) {
  return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterEqual;
}
[[nodiscard]] constexpr bool IsTrim(BinaryOp op) { return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower; }
[[nodiscard]] constexpr bool IsSetOp(BinaryOp op) { return op >= BinaryOp::kAnd; }

enum class AggregateOp : std::uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};
[[nodiscard]] std::string_view AggregateOpText(AggregateOp op);

struct Expr {
  explicit Expr(ExprKind k) : kind(k) {}
  virtual ~Expr() = default;

  const ExprKind kind;
  PositionRange position;
};
using ExprPtr = std::shared_ptr<const Expr>;

[[nodiscard]] ValueType TypeOf(const Expr& expr);

struct NumberLiteral final : Expr {
  NumberLiteral() : Expr(ExprKind::kNumber) {}
  double value = 0;
  bool is_duration = false;  // Written as 5m; prints as it was written.
};

struct StringLiteral final : Expr {
  StringLiteral() : Expr(ExprKind::kString) {}
  std::string value;
};

// What follows @.
struct AtModifier {
  enum class Kind : std::uint8_t { kTimestamp, kStart, kEnd } kind = Kind::kTimestamp;
  base::TimestampMs timestamp;  // kTimestamp only.
  friend bool operator==(const AtModifier&, const AtModifier&) = default;
};

// The modifiers that selectors and subqueries share.
struct TimeModifiers {
  base::DurationMs offset;  // Of a literal; 0 if there is none or `offset_expr` is set.
  ExprPtr offset_expr;      // A duration expression, or null.
  std::optional<AtModifier> at;
};

struct VectorSelector final : Expr {
  VectorSelector() : Expr(ExprKind::kVectorSelector) {}
  std::string name;                       // Empty if only matchers were written.
  std::vector<metric::Matcher> matchers;  // With the one for __name__ when there is a name; it is the last one.
  TimeModifiers time;
  bool anchored = false;
  bool smoothed = false;
};

struct MatrixSelector final : Expr {
  MatrixSelector() : Expr(ExprKind::kMatrixSelector) {}
  std::shared_ptr<const VectorSelector> selector;  // Offset, @, anchored and smoothed of the range stand here.
  base::DurationMs range;                          // 0 if `range_expr` is set.
  ExprPtr range_expr;
};

struct Subquery final : Expr {
  Subquery() : Expr(ExprKind::kSubquery) {}
  ExprPtr expr;
  base::DurationMs range;
  ExprPtr range_expr;
  base::DurationMs step;  // 0: the engine's default, unless `step_expr` is set.
  ExprPtr step_expr;
  TimeModifiers time;
};

struct Aggregate final : Expr {
  Aggregate() : Expr(ExprKind::kAggregate) {}
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr param;                      // Null unless the operator takes one.
  std::vector<std::string> grouping;  // As written.
  bool without = false;
};

enum class Cardinality : std::uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;  // on(labels); otherwise ignoring(labels), which may be empty.
  std::vector<std::string> labels;
  std::vector<std::string> include;  // Of group_left / group_right.
  std::optional<double> fill_left;
  std::optional<double> fill_right;
};

struct Binary final : Expr {
  Binary() : Expr(ExprKind::kBinary) {}
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr lhs;
  ExprPtr rhs;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // Set when both sides are vectors.
};

struct Unary final : Expr {
  Unary() : Expr(ExprKind::kUnary) {}
  bool negative = false;  // - or +.
  ExprPtr expr;
};

struct FunctionSignature;  // promql/parser/function_signatures.h

struct Call final : Expr {
  Call() : Expr(ExprKind::kCall) {}
  const FunctionSignature* function = nullptr;  // Static; never null.
  std::vector<ExprPtr> args;
};

struct Paren final : Expr {
  Paren() : Expr(ExprKind::kParen) {}
  ExprPtr expr;
};

// A node of a duration expression: arithmetic on NumberLiterals, step(), range(), max_of(a, b), min_of(a, b).
struct DurationExpr final : Expr {
  enum class Op : std::uint8_t { kAdd, kSub, kMul, kDiv, kMod, kPow, kStep, kRange, kMaxOf, kMinOf };
  DurationExpr() : Expr(ExprKind::kDuration) {}
  Op op = Op::kAdd;
  ExprPtr lhs;           // Null for unary + and -, step() and range().
  ExprPtr rhs;           // Null for step() and range().
  bool wrapped = false;  // Written in parentheses.
};

// Calls `visit` for the expressions right below `expr`; a matrix selector and the expressions of durations have none.
void ForEachChild(const Expr& expr, const std::function<void(const Expr& child)>& visit);

// `expr` without the parentheses around it.
[[nodiscard]] const Expr& Unwrap(const Expr& expr);

}  // namespace bellwether::promql
