#include "promql/parser/query_parser.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "promql/parser/function_signatures.h"
#include "promql/parser/literal.h"

namespace bellwether::promql {
namespace {

using Kind = TokenKind;

// Low binds loosely. Unary + and - stand with * and /: -1^2 is -(1^2), -a*b is (-a)*b.
constexpr int kPowPrecedence = 6;

struct OperatorInfo {
  BinaryOp op;
  int precedence;
};

std::optional<OperatorInfo> OperatorOf(Kind kind) {
  switch (kind) {
    case Kind::kOr: return OperatorInfo{BinaryOp::kOr, 1};
    case Kind::kAnd: return OperatorInfo{BinaryOp::kAnd, 2};
    case Kind::kUnless: return OperatorInfo{BinaryOp::kUnless, 2};
    case Kind::kEqual: return OperatorInfo{BinaryOp::kEqual, 3};
    case Kind::kNotEqual: return OperatorInfo{BinaryOp::kNotEqual, 3};
    case Kind::kLess: return OperatorInfo{BinaryOp::kLess, 3};
    case Kind::kLessEqual: return OperatorInfo{BinaryOp::kLessEqual, 3};
    case Kind::kGreater: return OperatorInfo{BinaryOp::kGreater, 3};
    case Kind::kGreaterEqual: return OperatorInfo{BinaryOp::kGreaterEqual, 3};
    case Kind::kTrimUpper: return OperatorInfo{BinaryOp::kTrimUpper, 3};
    case Kind::kTrimLower: return OperatorInfo{BinaryOp::kTrimLower, 3};
    case Kind::kAdd: return OperatorInfo{BinaryOp::kAdd, 4};
    case Kind::kSub: return OperatorInfo{BinaryOp::kSub, 4};
    case Kind::kMul: return OperatorInfo{BinaryOp::kMul, 5};
    case Kind::kDiv: return OperatorInfo{BinaryOp::kDiv, 5};
    case Kind::kMod: return OperatorInfo{BinaryOp::kMod, 5};
    case Kind::kAtan2: return OperatorInfo{BinaryOp::kAtan2, 5};
    case Kind::kPow: return OperatorInfo{BinaryOp::kPow, kPowPrecedence};
    default: return std::nullopt;
  }
}

// Words that may name a metric where an expression begins.
bool IsMetricWord(Kind kind) {
  if (IsAggregatorToken(kind)) return true;
  switch (kind) {
    case Kind::kIdentifier:
    case Kind::kMetricIdentifier:
    case Kind::kBy:
    case Kind::kWithout:
    case Kind::kOffset:
    case Kind::kFill:
    case Kind::kFillLeft:
    case Kind::kFillRight:
    case Kind::kAnd:
    case Kind::kOr:
    case Kind::kUnless:
    case Kind::kStart:
    case Kind::kEndWord:
    case Kind::kStep:
    case Kind::kRange:
    case Kind::kMaxOf:
    case Kind::kMinOf:
    case Kind::kAnchored:
    case Kind::kSmoothed: return true;
    default: return false;
  }
}

// Words that may be a label in by (...), on (...) and so forth.
bool IsLabelWord(Kind kind) {
  if (kind == Kind::kWithout) return false;
  return IsMetricWord(kind) || kind == Kind::kBool || kind == Kind::kGroupLeft || kind == Kind::kGroupRight ||
         kind == Kind::kIgnoring || kind == Kind::kOn || kind == Kind::kAtan2;
}

bool IsCallableWord(Kind kind) { return kind == Kind::kIdentifier || (kind >= Kind::kStart && kind <= Kind::kMinOf); }

bool TakesParameter(AggregateOp op) { return op >= AggregateOp::kTopk; }
bool IsExperimental(AggregateOp op) { return op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio; }

}  // namespace

QueryParser::QueryParser(std::string_view query, const ParserOptions& options)
    : query_(query), options_(options), lexer_(query) {
  Advance();
  last_end_ = 0;
}

void QueryParser::Advance() {
  last_end_ = token_.end();
  if (ahead_) {
    token_ = std::move(*ahead_);
    ahead_.reset();
  } else {
    token_ = lexer_.Next();
  }
}

const Token& QueryParser::Ahead() {
  if (!ahead_) ahead_ = lexer_.Next();
  return *ahead_;
}

bool QueryParser::Take(Kind kind) {
  if (!Is(kind)) return false;
  Advance();
  return true;
}

bool QueryParser::Need(Kind kind) {
  if (Take(kind)) return true;
  Unexpected(context_);
  return false;
}

void QueryParser::Fail(std::int32_t offset, std::string message) {
  if (!error_) error_ = ParseError{offset, std::move(message)};
}

void QueryParser::Unexpected(std::string_view context, std::string_view expected) {
  if (Is(Kind::kError)) return Fail(token_.start, token_.error);
  std::string message = "unexpected " + DescribeToken(token_);
  if (!context.empty()) message.append(" in ").append(context);
  if (!expected.empty()) message.append(", expected ").append(expected);
  Fail(token_.start, std::move(message));
}

bool QueryParser::Deeper() {
  if (depth_ < kMaxDepth) return true;
  Fail(token_.start, fmt::format("expression is nested deeper than {} levels: simplify it", kMaxDepth));
  return false;
}

QueryParser::Node QueryParser::Finish(std::shared_ptr<Expr> expr, ValueType type, int depth) {
  if (depth > kMaxDepth) {
    Fail(token_.start, fmt::format("expression is nested deeper than {} levels: simplify it", kMaxDepth));
    return {};
  }
  return {std::move(expr), type, depth};
}

base::Status QueryParser::ErrorStatus() const {
  return base::InvalidArgument(
      fmt::format("{}: parse error: {}", PositionText(query_, error_->offset), error_->message));
}

base::Result<ExprPtr> QueryParser::Expression() {
  if (Is(Kind::kEnd)) {
    Fail(0, "no expression found in input");
    return ErrorStatus();
  }
  Node root = Binding(0);
  if (root && !Is(Kind::kEnd)) Unexpected({});
  if (!failed() && types_.FirstError() != nullptr) error_ = *types_.FirstError();
  if (failed()) return ErrorStatus();
  return ExprPtr(std::move(root.expr));
}

// An expression whose operators bind at least as tightly as `precedence_min`.
QueryParser::Node QueryParser::Binding(int precedence_min) {
  if (!Deeper()) return {};
  ++depth_;
  Node lhs = UnaryExpr();
  while (lhs) {
    const auto info = OperatorOf(token_.kind);
    if (!info || info->precedence < precedence_min) break;
    lhs = BinaryTail(lhs);
  }
  --depth_;
  return lhs;
}

QueryParser::Node QueryParser::BinaryTail(const Node& lhs) {
  const OperatorInfo info = *OperatorOf(token_.kind);
  const std::int32_t op_offset = token_.start;
  Advance();
  auto binary = std::make_shared<Binary>();
  binary->op = info.op;
  binary->matching.emplace();
  if (!BinaryModifiers(*binary)) return {};
  Node rhs = Binding(info.op == BinaryOp::kPow ? info.precedence : info.precedence + 1);
  if (!rhs) return {};
  binary->lhs = lhs.expr;
  binary->rhs = rhs.expr;
  binary->position = {lhs.expr->position.start, rhs.expr->position.end};
  const VectorMatching& matching = *binary->matching;
  if (!options_.binop_fill_modifiers && (matching.fill_left || matching.fill_right)) {
    Fail(binary->position.start, "binop fill modifiers are experimental and not enabled");
    return {};
  }
  types_.BinaryOperator(*binary, lhs.type, rhs.type, op_offset);
  const bool scalars = lhs.type == ValueType::kScalar && rhs.type == ValueType::kScalar;
  return Finish(std::move(binary), scalars ? ValueType::kScalar : ValueType::kVector,
                std::max(lhs.depth, rhs.depth) + 1);
}

bool QueryParser::BinaryModifiers(Binary& binary) {
  VectorMatching& matching = *binary.matching;
  binary.return_bool = Take(Kind::kBool);
  if (Is(Kind::kOn) || Is(Kind::kIgnoring)) {
    matching.on = Is(Kind::kOn);
    Advance();
    if (!GroupingLabels(matching.labels)) return false;
    if (Is(Kind::kGroupLeft) || Is(Kind::kGroupRight)) {
      matching.cardinality = Is(Kind::kGroupLeft) ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      Advance();
      if (Is(Kind::kLeftParen) && !GroupingLabels(matching.include)) return false;
    }
  }
  return FillModifiers(matching);
}

bool QueryParser::FillModifiers(VectorMatching& matching) {
  if (Take(Kind::kFill)) {
    matching.fill_left = matching.fill_right = FillValue();
    return matching.fill_left.has_value();
  }
  bool left_first = Is(Kind::kFillLeft);
  if (!left_first && !Is(Kind::kFillRight)) return true;
  Advance();
  std::optional<double>& first = left_first ? matching.fill_left : matching.fill_right;
  std::optional<double>& second = left_first ? matching.fill_right : matching.fill_left;
  first = FillValue();
  if (!first) return false;
  if (!Take(left_first ? Kind::kFillRight : Kind::kFillLeft)) return true;
  second = FillValue();
  return second.has_value();
}

std::optional<double> QueryParser::FillValue() {
  if (!Need(Kind::kLeftParen)) return std::nullopt;
  const bool negative = Is(Kind::kSub);
  if (!Take(Kind::kSub)) Take(Kind::kAdd);
  const auto literal = Literal();
  if (literal == nullptr || !Need(Kind::kRightParen)) return std::nullopt;
  return negative ? -literal->value : literal->value;
}

bool QueryParser::GroupingLabels(std::vector<std::string>& labels) {
  constexpr std::string_view kContext = "grouping opts";
  if (!Take(Kind::kLeftParen)) {
    Unexpected(kContext, "\"(\"");
    return false;
  }
  if (Take(Kind::kRightParen)) return true;
  while (true) {
    if (!GroupingLabel(labels)) return false;
    if (Take(Kind::kRightParen)) return true;
    if (!Take(Kind::kComma)) {
      Unexpected(kContext, "\",\" or \")\"");
      return false;
    }
    if (Take(Kind::kRightParen)) return true;
  }
}

bool QueryParser::GroupingLabel(std::vector<std::string>& labels) {
  if (!Is(Kind::kString) && !IsLabelWord(token_.kind)) {
    Unexpected("grouping opts", "label");
    return false;
  }
  std::string label = Is(Kind::kString) ? UnquoteToken(token_.text) : std::string(token_.text);
  if (label.empty() || !base::IsValidUtf8(label)) {
    Fail(token_.start, "invalid label name for grouping: " + base::Quote(label));
    return false;
  }
  labels.push_back(std::move(label));
  Advance();
  return true;
}

QueryParser::Node QueryParser::UnaryExpr() {
  if (!Is(Kind::kAdd) && !Is(Kind::kSub)) return Postfix(Primary());
  const Token sign = token_;
  const bool negative = sign.kind == Kind::kSub;
  Advance();
  Node operand = Binding(kPowPrecedence);
  if (!operand) return {};
  if (operand.expr->kind == ExprKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand.expr);
    if (negative) number.value = -number.value;
    number.position.start = sign.start;
    return operand;
  }
  auto unary = std::make_shared<Unary>();
  unary->negative = negative;
  unary->expr = operand.expr;
  unary->position = {sign.start, operand.expr->position.end};
  types_.UnaryOperator(*unary, operand.type);
  return Finish(std::move(unary), operand.type, operand.depth + 1);
}

QueryParser::Node QueryParser::Primary() {
  switch (token_.kind) {
    case Kind::kNumber:
    case Kind::kDuration: return NumberExpr();
    case Kind::kString: {
      auto string = std::make_shared<StringLiteral>();
      string->value = UnquoteToken(token_.text);
      string->position = {token_.start, token_.end()};
      Advance();
      return {std::move(string), ValueType::kString, 1};
    }
    case Kind::kLeftParen: return ParenExpr();
    case Kind::kLeftBrace: return SelectorExpr();
    default: return WordExpr();
  }
}

QueryParser::Node QueryParser::WordExpr() {
  if (!IsMetricWord(token_.kind)) {
    Unexpected(context_);
    return {};
  }
  const Kind kind = token_.kind;
  if (IsAggregatorToken(kind)) {
    const Kind ahead = Ahead().kind;
    if (ahead == Kind::kLeftParen || ahead == Kind::kBy || ahead == Kind::kWithout) return AggregateExpr();
  }
  if (IsCallableWord(kind) && Ahead().kind == Kind::kLeftParen) return CallExpr();
  return SelectorExpr();
}

QueryParser::Node QueryParser::NumberExpr() {
  auto number = Literal();
  if (number == nullptr) return {};
  return {std::move(number), ValueType::kScalar, 1};
}

QueryParser::Node QueryParser::ParenExpr() {
  const std::int32_t start = token_.start;
  Advance();
  Node inner = Binding(0);
  if (!inner || !Need(Kind::kRightParen)) return {};
  auto paren = std::make_shared<Paren>();
  paren->expr = inner.expr;
  paren->position = {start, last_end_};
  return Finish(std::move(paren), inner.type, inner.depth + 1);
}

bool QueryParser::CallArguments(Arguments& arguments) {
  arguments.begin = types_.Here();
  if (!Need(Kind::kLeftParen)) return false;
  if (Take(Kind::kRightParen)) return true;
  while (true) {
    Node argument = Binding(0);
    if (!argument) return false;
    arguments.nodes.push_back(std::move(argument));
    arguments.ends.push_back(types_.Here());
    if (Take(Kind::kRightParen)) return true;
    const std::int32_t comma = token_.start;
    if (!Need(Kind::kComma)) return false;
    if (Is(Kind::kRightParen) || Is(Kind::kComma)) {
      Fail(comma, "trailing commas not allowed in function call args");
      return false;
    }
  }
}

QueryParser::Node QueryParser::CallExpr() {
  const Token name = token_;
  Advance();
  Arguments arguments;
  if (!CallArguments(arguments)) return {};
  auto call = std::make_shared<Call>();
  call->function = FindFunction(name.text);
  if (call->function == nullptr) {
    Fail(name.start, "unknown function with name " + base::Quote(name.text));
    return {};
  }
  if (call->function->experimental && !options_.experimental_functions) {
    Fail(name.start, fmt::format("function {} is not enabled", base::Quote(name.text)));
    return {};
  }
  call->position = {name.start, last_end_};
  std::vector<ValueType> types;
  int depth = 0;
  for (const Node& argument : arguments.nodes) {
    call->args.push_back(argument.expr);
    types.push_back(argument.type);
    depth = std::max(depth, argument.depth);
  }
  types_.FunctionCall(*call, arguments.begin, std::move(arguments.ends), types);
  const ValueType result = call->function->result;
  return Finish(std::move(call), result, depth + 1);
}

QueryParser::Node QueryParser::AggregateExpr() {
  const Token op = token_;
  const std::string_view outer_context = context_;
  context_ = "aggregation";
  Advance();
  auto aggregate = std::make_shared<Aggregate>();
  const auto modifier = [&] {
    aggregate->without = Is(Kind::kWithout);
    Advance();
    return GroupingLabels(aggregate->grouping);
  };
  const bool modifier_first = !Is(Kind::kLeftParen);
  if (modifier_first && !modifier()) return {};
  Arguments arguments;
  if (!CallArguments(arguments)) return {};
  if (!modifier_first && (Is(Kind::kBy) || Is(Kind::kWithout)) && !modifier()) return {};
  context_ = outer_context;

  aggregate->op = static_cast<AggregateOp>(static_cast<int>(op.kind) - static_cast<int>(Kind::kSum));
  aggregate->position = {op.start, last_end_};
  const std::size_t got = arguments.nodes.size();
  const std::size_t want = TakesParameter(aggregate->op) ? 2 : 1;
  if (got == 0) {
    Fail(op.start, "no arguments for aggregate expression provided");
  } else if (IsExperimental(aggregate->op) && !options_.experimental_functions) {
    Fail(op.start, fmt::format("{}() is experimental and must be enabled with "
                               "--enable-feature=promql-experimental-functions",
                               AggregateOpText(aggregate->op)));
  } else if (got != want) {
    Fail(op.start,
         fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}", want, got));
  }
  if (failed()) return {};

  const Node& expr = arguments.nodes.back();
  aggregate->expr = expr.expr;
  int depth = expr.depth;
  ValueType param_type = ValueType::kScalar;
  TypeCheck::Mark expr_begin = arguments.begin;
  if (want == 2) {
    const Node& param = arguments.nodes.front();
    aggregate->param = param.expr;
    param_type = param.type;
    depth = std::max(depth, param.depth);
    expr_begin = arguments.ends.front();
  }
  types_.Aggregation(*aggregate, arguments.begin, expr_begin, param_type, expr.type);
  return Finish(std::move(aggregate), ValueType::kVector, depth + 1);
}

}  // namespace bellwether::promql
