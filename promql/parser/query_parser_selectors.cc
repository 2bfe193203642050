// The parts of QueryParser that read selectors and what may follow one: label matchers, ranges, subqueries, offset, @,
// anchored and smoothed.
#include <cmath>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "promql/parser/literal.h"
#include "promql/parser/query_parser.h"

namespace bellwether::promql {
namespace {

using Kind = TokenKind;

// Seconds of a literal, through whole nanoseconds, to milliseconds.
base::DurationMs LiteralDuration(double seconds) {
  return base::DurationMs(static_cast<std::int64_t>(std::trunc(std::round(seconds * 1e9) / 1e6)));
}

std::optional<metric::MatchOp> MatchOpOf(Kind kind) {
  switch (kind) {
    case Kind::kAssign: return metric::MatchOp::kEqual;
    case Kind::kNotEqual: return metric::MatchOp::kNotEqual;
    case Kind::kRegexMatch: return metric::MatchOp::kRegex;
    case Kind::kRegexNoMatch: return metric::MatchOp::kNotRegex;
    default: return std::nullopt;
  }
}

// A literal goes to `literal`, a duration expression to `expr`.
void StoreDuration(std::shared_ptr<Expr> duration, base::DurationMs& literal, ExprPtr& expr) {
  if (duration->kind == ExprKind::kNumber) {
    literal = LiteralDuration(static_cast<const NumberLiteral&>(*duration).value);
  } else {
    expr = std::move(duration);
  }
}

// Go's %f.
std::string FixedText(double v) {
  if (std::isnan(v) || std::isinf(v)) return base::FormatNumber(v);
  return fmt::format("{:f}", v);
}

}  // namespace

QueryParser::Node QueryParser::SelectorExpr() {
  auto selector = std::make_shared<VectorSelector>();
  selector->position.start = token_.start;
  if (!Is(Kind::kLeftBrace)) {
    selector->name = std::string(token_.text);
    Advance();
  }
  if (Is(Kind::kLeftBrace) && !LabelMatchers(selector->matchers)) return {};
  if (!selector->name.empty()) {
    selector->matchers.push_back(metric::Matcher::Equal(std::string(metric::kMetricName), selector->name));
  }
  selector->position.end = last_end_;
  types_.Selector(*selector);
  return {std::move(selector), ValueType::kVector, 1};
}

base::Result<std::vector<metric::Matcher>> QueryParser::MetricSelector() {
  const bool begins = Is(Kind::kLeftBrace) || Is(Kind::kIdentifier) || Is(Kind::kMetricIdentifier) ||
                      IsAggregatorToken(token_.kind) || IsKeywordToken(token_.kind) || token_.kind >= Kind::kStart;
  Node node;
  if (begins) {
    node = SelectorExpr();
  } else {
    Unexpected({});
  }
  if (node && !Is(Kind::kEnd)) Unexpected({});
  if (!failed() && types_.FirstError() != nullptr) error_ = *types_.FirstError();
  if (failed()) return ErrorStatus();
  return static_cast<VectorSelector&>(*node.expr).matchers;
}

bool QueryParser::LabelMatchers(std::vector<metric::Matcher>& matchers) {
  Advance();
  if (Take(Kind::kRightBrace)) return true;
  while (true) {
    if (!LabelMatcher(matchers)) return false;
    if (Take(Kind::kRightBrace)) return true;
    if (!Take(Kind::kComma)) {
      Unexpected("label matching", "\",\" or \"}\"");
      return false;
    }
    if (Take(Kind::kRightBrace)) return true;
  }
}

bool QueryParser::LabelMatcher(std::vector<metric::Matcher>& matchers) {
  constexpr std::string_view kContext = "label matching";
  const Token name = token_;
  const bool quoted = Is(Kind::kString);
  if (!quoted && !Is(Kind::kIdentifier)) {
    Unexpected(kContext, "identifier or \"}\"");
    return false;
  }
  Advance();
  const auto op = MatchOpOf(token_.kind);
  if (!op) {
    if (!quoted) {
      Unexpected(kContext, "label matching operator");
      return false;
    }
    matchers.push_back(metric::Matcher::Equal(std::string(metric::kMetricName), UnquoteToken(name.text)));
    return true;
  }
  Advance();
  if (!Is(Kind::kString)) {
    Unexpected(kContext, "string");
    return false;
  }
  auto matcher =
      metric::Matcher::Make(*op, quoted ? UnquoteToken(name.text) : std::string(name.text), UnquoteToken(token_.text));
  if (!matcher.ok()) {
    Fail(name.start, matcher.status().message());
    return false;
  }
  matchers.push_back(std::move(*matcher));
  Advance();
  return true;
}

base::Result<metric::Labels> QueryParser::Metric() {
  metric::LabelsBuilder labels;
  std::string name;
  if (!Is(Kind::kLeftBrace) && !Is(Kind::kEnd)) {
    const bool is_name = Is(Kind::kIdentifier) || Is(Kind::kMetricIdentifier) || token_.kind >= Kind::kAnd;
    if (!is_name) {
      Unexpected({});
      return ErrorStatus();
    }
    name = std::string(token_.text);
    Advance();
  }
  if (Is(Kind::kLeftBrace) && !LabelSet(labels)) return ErrorStatus();
  if (!Is(Kind::kEnd)) {
    Unexpected({});
    return ErrorStatus();
  }
  if (!name.empty()) labels.Set(metric::kMetricName, name);
  return labels.Build();
}

bool QueryParser::LabelSet(metric::LabelsBuilder& labels) {
  Advance();
  if (Take(Kind::kRightBrace)) return true;
  while (true) {
    if (!LabelSetItem(labels)) return false;
    if (Take(Kind::kRightBrace)) return true;
    if (!Take(Kind::kComma)) {
      Unexpected("label set", "\",\" or \"}\"");
      return false;
    }
    if (Take(Kind::kRightBrace)) return true;
  }
}

bool QueryParser::LabelSetItem(metric::LabelsBuilder& labels) {
  constexpr std::string_view kContext = "label set";
  const bool quoted = Is(Kind::kString);
  if (!quoted && !Is(Kind::kIdentifier)) {
    Unexpected(kContext, "identifier or \"}\"");
    return false;
  }
  const std::string name = quoted ? UnquoteToken(token_.text) : std::string(token_.text);
  Advance();
  if (!Take(Kind::kAssign)) {
    if (!quoted) {
      Unexpected(kContext, "\"=\"");
      return false;
    }
    labels.Set(metric::kMetricName, name);
    return true;
  }
  if (!Is(Kind::kString)) {
    Unexpected(kContext, "string");
    return false;
  }
  labels.Set(name, UnquoteToken(token_.text));
  Advance();
  return true;
}

QueryParser::Node QueryParser::Postfix(Node node) {
  while (node) {
    bool good = true;
    switch (token_.kind) {
      case Kind::kLeftBracket: node = Brackets(node); break;
      case Kind::kOffset: good = OffsetModifier(node); break;
      case Kind::kAt: good = AtModifierOf(node); break;
      case Kind::kAnchored:
      case Kind::kSmoothed: good = ExtendedModifier(node); break;
      default: return node;
    }
    if (!good) return {};
  }
  return node;
}

QueryParser::Node QueryParser::Brackets(const Node& node) {
  const Token open = token_;
  const std::string_view outer_context = context_;
  Advance();
  if (Is(Kind::kRightBracket) || Is(Kind::kColon)) {
    Unexpected("subquery or range selector", "number, duration, step(), or range()");
    return {};
  }
  std::shared_ptr<Expr> range = PositiveDuration();
  if (range == nullptr) {
    // The first error stays: this one tells of a token that no duration can begin with or go on with.
    Unexpected("subquery or range selector", "number, duration, step(), or range()");
    return {};
  }
  context_ = outer_context;
  if (Is(Kind::kRightBracket)) return RangeSelector(node, open, std::move(range));
  if (Is(Kind::kColon)) return SubqueryExpr(node, std::move(range));
  Unexpected("subquery or range", "\":\" or \"]\"");
  return {};
}

QueryParser::Node QueryParser::RangeSelector(const Node& node, const Token& open, std::shared_ptr<Expr> range) {
  Advance();
  if (node.expr->kind != ExprKind::kVectorSelector) {
    Fail(open.start, "ranges only allowed for vector selectors");
    return {};
  }
  auto selector = std::static_pointer_cast<VectorSelector>(node.expr);
  if (selector->time.offset.ms != 0 || selector->time.offset_expr != nullptr) {
    Fail(open.start, "no offset modifiers allowed before range");
    return {};
  }
  if (selector->time.at) {
    Fail(open.start, "no @ modifiers allowed before range");
    return {};
  }
  auto matrix = std::make_shared<MatrixSelector>();
  matrix->position = {selector->position.start, last_end_};
  matrix->selector = std::move(selector);
  StoreDuration(std::move(range), matrix->range, matrix->range_expr);
  return {std::move(matrix), ValueType::kMatrix, 2};
}

QueryParser::Node QueryParser::SubqueryExpr(const Node& node, std::shared_ptr<Expr> range) {
  Advance();
  auto subquery = std::make_shared<Subquery>();
  subquery->expr = node.expr;
  StoreDuration(std::move(range), subquery->range, subquery->range_expr);
  if (!Is(Kind::kRightBracket)) {
    std::shared_ptr<Expr> step = PositiveDuration();
    if (step == nullptr) {
      Unexpected("subquery selector", "number, duration, step(), range(), or \"]\"");
      return {};
    }
    StoreDuration(std::move(step), subquery->step, subquery->step_expr);
    if (!Is(Kind::kRightBracket)) {
      Unexpected("subquery selector", "\"]\"");
      return {};
    }
  }
  Advance();
  subquery->position = {node.expr->position.start, last_end_};
  types_.SubqueryOf(*subquery, node.type);
  return Finish(std::move(subquery), ValueType::kMatrix, node.depth + 1);
}

// The selector below a matrix selector is shared with nobody else yet.
TimeModifiers* QueryParser::ModifiersOf(const Node& node, std::string_view modifier) {
  switch (node.expr->kind) {
    case ExprKind::kVectorSelector: return &static_cast<VectorSelector&>(*node.expr).time;
    case ExprKind::kSubquery: return &static_cast<Subquery&>(*node.expr).time;
    case ExprKind::kMatrixSelector: {
      auto& matrix = static_cast<MatrixSelector&>(*node.expr);
      auto selector = std::make_shared<VectorSelector>(*matrix.selector);
      TimeModifiers* const time = &selector->time;
      matrix.selector = std::move(selector);
      return time;
    }
    default: break;
  }
  Fail(node.expr->position.start,
       fmt::format("{} modifier must be preceded by an instant vector selector or range vector selector or a subquery",
                   modifier));
  return nullptr;
}

bool QueryParser::OffsetModifier(Node& node) {
  Advance();
  std::shared_ptr<Expr> duration = OffsetDuration();
  if (duration == nullptr) {
    Unexpected("offset", "number, duration, step(), or range()");
    return false;
  }
  TimeModifiers* const time = ModifiersOf(node, "offset");
  if (time == nullptr) return false;
  if (time->offset.ms != 0 || time->offset_expr != nullptr) {
    Fail(node.expr->position.start, "offset may not be set multiple times");
    return false;
  }
  StoreDuration(std::move(duration), time->offset, time->offset_expr);
  node.expr->position.end = last_end_;
  return true;
}

std::optional<double> QueryParser::SignedNumber() {
  const bool negative = Is(Kind::kSub);
  if (!Take(Kind::kSub)) Take(Kind::kAdd);
  if (!Is(Kind::kNumber) && !Is(Kind::kDuration)) return std::nullopt;
  const auto literal = Literal();
  if (literal == nullptr) return std::nullopt;
  return negative ? -literal->value : literal->value;
}

bool QueryParser::AtModifierOf(Node& node) {
  Advance();
  AtModifier at;
  const bool start = Is(Kind::kStart);
  if (start || Is(Kind::kEndWord)) {
    Advance();
    if (!Take(Kind::kLeftParen) || !Take(Kind::kRightParen)) {
      Unexpected("@", "timestamp");
      return false;
    }
    at.kind = start ? AtModifier::Kind::kStart : AtModifier::Kind::kEnd;
  } else {
    const auto seconds = SignedNumber();
    if (!seconds) {
      Unexpected("@", "timestamp");
      return false;
    }
    constexpr double kLimit = 9223372036854775808.0;
    if (!(std::fabs(*seconds * 1000) < kLimit)) {
      Fail(node.expr->position.start, "timestamp out of bounds for @ modifier: " + FixedText(*seconds));
      return false;
    }
    at.timestamp = base::TimestampMs(static_cast<std::int64_t>(std::round(*seconds * 1000)));
  }
  TimeModifiers* const time = ModifiersOf(node, "@");
  if (time == nullptr) return false;
  if (time->at) {
    Fail(node.expr->position.start, "@ <timestamp> may not be set multiple times");
    return false;
  }
  time->at = at;
  node.expr->position.end = last_end_;
  return true;
}

bool QueryParser::ExtendedModifier(Node& node) {
  const bool anchored = Is(Kind::kAnchored);
  const std::string_view word = anchored ? "anchored" : "smoothed";
  const std::int32_t at = node.expr->position.start;
  if (!options_.extended_range_selectors) {
    Fail(at, fmt::format("{} modifier is experimental and not enabled", word));
    return false;
  }
  Advance();
  VectorSelector* selector = nullptr;
  if (node.expr->kind == ExprKind::kVectorSelector) {
    selector = static_cast<VectorSelector*>(node.expr.get());
  } else if (node.expr->kind == ExprKind::kMatrixSelector) {
    auto& matrix = static_cast<MatrixSelector&>(*node.expr);
    auto copy = std::make_shared<VectorSelector>(*matrix.selector);
    selector = copy.get();
    matrix.selector = std::move(copy);
  } else {
    const bool subquery = node.expr->kind == ExprKind::kSubquery;
    Fail(at, fmt::format("{} modifier {}", word, subquery ? "is not supported for subqueries" : "not implemented"));
    return false;
  }
  (anchored ? selector->anchored : selector->smoothed) = true;
  if (selector->anchored && selector->smoothed) {
    Fail(at, "anchored and smoothed modifiers cannot be used together");
    return false;
  }
  node.expr->position.end = last_end_;
  return true;
}

}  // namespace bellwether::promql
