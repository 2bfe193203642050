// promql/parser/query_parser.h
//
// Recursive descent over the tokens of one query, precedence climbing for binary operators. Stops at the first error of
// grammar; errors of type are collected on the way and count only if the text parses.
//
// The depth of a tree is bounded (kMaxDepth): whoever walks it recursively needs no limit of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "promql/parser.h"
#include "promql/parser/lexer.h"
#include "promql/parser/type_check.h"

namespace bellwether::promql {

class QueryParser {
 public:
  static constexpr int kMaxDepth = 1000;

  QueryParser(std::string_view query, const ParserOptions& options);

  base::Result<ExprPtr> Expression();
  base::Result<std::vector<metric::Matcher>> MetricSelector();
  base::Result<metric::Labels> Metric();

 private:
  // A subtree being built; null after an error.
  struct Node {
    std::shared_ptr<Expr> expr;
    ValueType type = ValueType::kVector;
    int depth = 1;
    explicit operator bool() const { return expr != nullptr; }
  };

  // Expressions.
  Node Binding(int precedence_min);
  Node BinaryTail(const Node& lhs);
  Node UnaryExpr();
  Node Primary();
  Node WordExpr();
  Node NumberExpr();
  Node ParenExpr();
  Node Postfix(Node node);
  Node AggregateExpr();
  Node CallExpr();

  // Pieces of binary expressions, aggregations and calls. False, nothing or null after an error.
  bool BinaryModifiers(Binary& binary);
  bool FillModifiers(VectorMatching& matching);
  std::optional<double> FillValue();
  bool GroupingLabels(std::vector<std::string>& labels);
  bool GroupingLabel(std::vector<std::string>& labels);
  struct Arguments {
    std::vector<Node> nodes;
    std::vector<TypeCheck::Mark> ends;
    TypeCheck::Mark begin = 0;
  };
  bool CallArguments(Arguments& arguments);

  // Selectors.
  Node SelectorExpr();
  bool LabelMatchers(std::vector<metric::Matcher>& matchers);
  bool LabelMatcher(std::vector<metric::Matcher>& matchers);
  bool LabelSet(metric::LabelsBuilder& labels);
  bool LabelSetItem(metric::LabelsBuilder& labels);

  // What follows a selector or subquery. `node` is changed in place.
  Node Brackets(const Node& node);
  Node RangeSelector(const Node& node, const Token& open, std::shared_ptr<Expr> range);
  Node SubqueryExpr(const Node& node, std::shared_ptr<Expr> range);
  bool OffsetModifier(Node& node);
  bool AtModifierOf(Node& node);
  bool ExtendedModifier(Node& node);
  TimeModifiers* ModifiersOf(const Node& node, std::string_view modifier);
  std::optional<double> SignedNumber();

  // Durations and their arithmetic: a NumberLiteral or a DurationExpr.
  std::shared_ptr<Expr> Duration(int precedence_min);
  std::shared_ptr<Expr> DurationPrimary();
  std::shared_ptr<Expr> DurationFunction();
  std::shared_ptr<Expr> DurationParen();
  std::shared_ptr<Expr> PositiveDuration();
  std::shared_ptr<Expr> OffsetDuration();
  std::shared_ptr<Expr> NegateDuration(const Token& sign, std::shared_ptr<Expr> operand);
  std::shared_ptr<NumberLiteral> Literal();
  std::shared_ptr<DurationExpr> NewDurationExpr(DurationExpr::Op op, ExprPtr lhs, ExprPtr rhs, PositionRange position);
  bool CheckDurationRange(const NumberLiteral& literal, std::int32_t offset);

  // Tokens.
  void Advance();
  const Token& Ahead();  // The one behind `token_`.
  [[nodiscard]] bool Is(TokenKind kind) const { return token_.kind == kind; }
  bool Take(TokenKind kind);  // Advances if it is there.
  bool Need(TokenKind kind);  // Same, and an error in the current context if it is not.

  // Errors: the first one stays.
  void Fail(std::int32_t offset, std::string message);
  // At the current token; a lexer's error speaks for itself.
  void Unexpected(std::string_view context, std::string_view expected = {});
  bool Deeper();
  [[nodiscard]] base::Status ErrorStatus() const;
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  // How deep a node over children of this depth is; fails if that is too deep.
  Node Finish(std::shared_ptr<Expr> expr, ValueType type, int depth);

  std::string_view query_;
  ParserOptions options_;
  Lexer lexer_;
  Token token_;
  std::optional<Token> ahead_;
  std::int32_t last_end_ = 0;  // Behind the token taken last.
  std::string_view context_;   // What an unexpected token is reported in.
  int depth_ = 0;              // Of recursion.
  int duration_nodes_ = 0;     // Operations in the duration being read.
  std::optional<ParseError> error_;
  TypeCheck types_;
};

}  // namespace bellwether::promql
