// The parts of QueryParser that read literals, and durations with their arithmetic.
#include <cmath>

#include <fmt/format.h>

#include "promql/parser/literal.h"
#include "promql/parser/query_parser.h"

namespace bellwether::promql {
namespace {

using Kind = TokenKind;

constexpr int kDurationPowPrecedence = 3;

struct DurationOperator {
  DurationExpr::Op op;
  int precedence;
};

std::optional<DurationOperator> DurationOperatorOf(Kind kind) {
  switch (kind) {
    case Kind::kAdd: return DurationOperator{DurationExpr::Op::kAdd, 1};
    case Kind::kSub: return DurationOperator{DurationExpr::Op::kSub, 1};
    case Kind::kMul: return DurationOperator{DurationExpr::Op::kMul, 2};
    case Kind::kDiv: return DurationOperator{DurationExpr::Op::kDiv, 2};
    case Kind::kMod: return DurationOperator{DurationExpr::Op::kMod, 2};
    case Kind::kPow: return DurationOperator{DurationExpr::Op::kPow, kDurationPowPrecedence};
    default: return std::nullopt;
  }
}

bool IsDurationFunction(Kind kind) { return kind >= Kind::kStep && kind <= Kind::kMinOf; }
bool IsLiteralToken(Kind kind) { return kind == Kind::kNumber || kind == Kind::kDuration; }

}  // namespace

// Chains grow to the left without recursion here, so the number of nodes is what bounds the depth.
std::shared_ptr<DurationExpr> QueryParser::NewDurationExpr(DurationExpr::Op op, ExprPtr lhs, ExprPtr rhs,
                                                           PositionRange position) {
  if (++duration_nodes_ > kMaxDepth) {
    Fail(position.start, fmt::format("duration expression has more than {} operations: simplify it", kMaxDepth));
    return nullptr;
  }
  auto expr = std::make_shared<DurationExpr>();
  expr->op = op;
  expr->lhs = std::move(lhs);
  expr->rhs = std::move(rhs);
  expr->position = position;
  return expr;
}

// Null after an error; an unexpected token is reported in the current context.
std::shared_ptr<NumberLiteral> QueryParser::Literal() {
  if (!IsLiteralToken(token_.kind)) {
    Unexpected(context_);
    return nullptr;
  }
  const bool is_duration = Is(Kind::kDuration);
  const auto value = is_duration ? DurationSeconds(token_.text) : NumberValue(token_.text);
  if (!value.ok()) {
    Fail(token_.start, value.status().message());
    return nullptr;
  }
  auto literal = std::make_shared<NumberLiteral>();
  literal->value = *value;
  literal->is_duration = is_duration;
  literal->position = {token_.start, token_.end()};
  Advance();
  return literal;
}

bool QueryParser::CheckDurationRange(const NumberLiteral& literal, std::int32_t offset) {
  constexpr double kMaxSeconds = 9223372036854775808.0 / 1e9;
  if (std::fabs(literal.value) <= kMaxSeconds) return true;
  Fail(offset, "duration out of range");
  return false;
}

// Null after an error, and also, without one, when the current token cannot go on with a duration: the caller knows the
// context to report it in.
std::shared_ptr<Expr> QueryParser::Duration(int precedence_min) {
  if (!Deeper()) return nullptr;
  ++depth_;
  std::shared_ptr<Expr> lhs = DurationPrimary();
  while (lhs != nullptr) {
    const auto info = DurationOperatorOf(token_.kind);
    if (!info || info->precedence < precedence_min) break;
    const std::int32_t op_offset = token_.start;
    Advance();
    std::shared_ptr<Expr> rhs = Duration(info->op == DurationExpr::Op::kPow ? info->precedence : info->precedence + 1);
    if (rhs == nullptr) {
      lhs = nullptr;
      break;
    }
    const bool zero = rhs->kind == ExprKind::kNumber && static_cast<const NumberLiteral&>(*rhs).value == 0;
    if (zero && info->op == DurationExpr::Op::kDiv) Fail(op_offset, "division by zero");
    if (zero && info->op == DurationExpr::Op::kMod) Fail(op_offset, "modulo by zero");
    const PositionRange position{lhs->position.start, rhs->position.end};
    lhs = failed() ? nullptr : NewDurationExpr(info->op, std::move(lhs), std::move(rhs), position);
  }
  --depth_;
  return lhs;
}

std::shared_ptr<Expr> QueryParser::DurationPrimary() {
  if (IsLiteralToken(token_.kind)) {
    auto literal = Literal();
    if (literal == nullptr || !CheckDurationRange(*literal, literal->position.start)) return nullptr;
    return literal;
  }
  if (Is(Kind::kAdd) || Is(Kind::kSub)) {
    const Token sign = token_;
    Advance();
    return NegateDuration(sign, Duration(kDurationPowPrecedence));
  }
  if (Is(Kind::kLeftParen)) return DurationParen();
  if (IsDurationFunction(token_.kind)) return DurationFunction();
  return nullptr;
}

// Applies a sign; only '-' leaves a trace.
std::shared_ptr<Expr> QueryParser::NegateDuration(const Token& sign, std::shared_ptr<Expr> operand) {
  if (operand == nullptr) return nullptr;
  const bool negative = sign.kind == Kind::kSub;
  if (operand->kind == ExprKind::kNumber) {
    auto& literal = static_cast<NumberLiteral&>(*operand);
    if (negative) literal.value = -literal.value;
    literal.position.start = sign.start;
    return operand;
  }
  if (!negative) return operand;
  const PositionRange position{sign.start, operand->position.end};
  return NewDurationExpr(DurationExpr::Op::kSub, nullptr, std::move(operand), position);
}

std::shared_ptr<Expr> QueryParser::DurationParen() {
  const std::int32_t start = token_.start;
  Advance();
  std::shared_ptr<Expr> inner = Duration(0);
  if (inner == nullptr || !Take(Kind::kRightParen)) return nullptr;
  if (inner->kind == ExprKind::kDuration) {
    static_cast<DurationExpr&>(*inner).wrapped = true;
    return inner;
  }
  // A literal cannot say that it stands in parentheses; a unary plus around it can.
  auto plus = NewDurationExpr(DurationExpr::Op::kAdd, nullptr, std::move(inner), {start, last_end_});
  if (plus != nullptr) plus->wrapped = true;
  return plus;
}

std::shared_ptr<Expr> QueryParser::DurationFunction() {
  const Token name = token_;
  Advance();
  if (!Take(Kind::kLeftParen)) return nullptr;
  if (name.kind == Kind::kStep || name.kind == Kind::kRange) {
    if (!Take(Kind::kRightParen)) return nullptr;
    const auto op = name.kind == Kind::kStep ? DurationExpr::Op::kStep : DurationExpr::Op::kRange;
    return NewDurationExpr(op, nullptr, nullptr, {name.start, last_end_});
  }
  std::shared_ptr<Expr> first = Duration(0);
  if (first == nullptr || !Take(Kind::kComma)) return nullptr;
  std::shared_ptr<Expr> second = Duration(0);
  if (second == nullptr || !Take(Kind::kRightParen)) return nullptr;
  const PositionRange position{first->position.start, second->position.end};
  const auto op = name.kind == Kind::kMaxOf ? DurationExpr::Op::kMaxOf : DurationExpr::Op::kMinOf;
  return NewDurationExpr(op, std::move(first), std::move(second), position);
}

std::shared_ptr<Expr> QueryParser::PositiveDuration() {
  duration_nodes_ = 0;
  std::shared_ptr<Expr> duration = Duration(0);
  if (duration == nullptr || duration->kind != ExprKind::kNumber) return duration;
  if (static_cast<const NumberLiteral&>(*duration).value > 0) return duration;
  Fail(duration->position.start, "duration must be greater than 0");
  return nullptr;
}

// Without parentheses an offset is one term, so that `foo offset 5m + 2` adds to foo. Behind a parenthesis, or two
// signs, the whole arithmetic follows.
std::shared_ptr<Expr> QueryParser::OffsetDuration() {
  duration_nodes_ = 0;
  const bool has_sign = Is(Kind::kAdd) || Is(Kind::kSub);
  const Kind term = has_sign ? Ahead().kind : token_.kind;
  if (has_sign && (term == Kind::kLeftParen || IsLiteralToken(term) || IsDurationFunction(term))) {
    const Token sign = token_;
    Advance();
    std::shared_ptr<Expr> operand = DurationPrimary();
    return NegateDuration(sign, std::move(operand));
  }
  if (IsLiteralToken(term) || IsDurationFunction(term)) return DurationPrimary();
  return Duration(0);
}

}  // namespace bellwether::promql
