#include "template/parser.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/quote.h"
#include "template/lexer.h"
#include "template/literal.h"

namespace bellwether::templating {
namespace {

constexpr int kParseDepthMax = 200;  // Of parentheses and of blocks, together.

class ParseRun {
 public:
  ParseRun(std::string name, std::string_view text, const std::function<bool(std::string_view)>& has_function)
      : name_(std::move(name)),
        source_(std::make_shared<const std::string>(text)),
        has_function_(has_function),
        tokens_(Lex(*source_)) {}

  base::Result<std::vector<std::shared_ptr<const Tree>>> Run() {
    std::vector<Node> nodes;
    if (!TopLevel(nodes) || !AddTree(name_, std::move(nodes))) return base::InvalidArgument(std::move(error_));
    // A definition under the text's own name may have come first; the text stands last.
    return std::move(trees_);
  }

 private:
  enum class Ending { kEnd, kElse, kEof };

  // --- tokens ---

  const LexToken& At(std::size_t index) {
    const std::size_t i = std::min(index, tokens_.size() - 1);
    furthest_ = std::max(furthest_, i);
    return tokens_[i];
  }
  const LexToken& Next() { return At(next_++); }
  const LexToken& Peek() { return At(next_); }
  void SkipSpace() {
    while (Peek().kind == TokenKind::kSpace) ++next_;
  }
  const LexToken& NextNonSpace() {
    SkipSpace();
    return Next();
  }
  const LexToken& PeekNonSpace() {
    SkipSpace();
    return Peek();
  }
  bool IsKeyword(const LexToken& token, std::string_view word) const {
    return token.kind == TokenKind::kKeyword && token.text == word;
  }

  bool Fail(std::string_view message) {
    if (error_.empty()) error_ = fmt::format("template: {}:{}: {}", name_, tokens_[furthest_].line, message);
    return false;
  }
  bool Unexpected(const LexToken& token, std::string_view context) {
    if (token.kind != TokenKind::kError) return Fail(fmt::format("unexpected {} in {}", token.ToString(), context));
    std::string extra;
    if (action_line_ != 0 && action_line_ != token.line) {
      extra = fmt::format(" in action started at {}:{}", name_, action_line_);
      if (token.text.ends_with(" action")) extra = extra.substr(std::string_view(" in action").size());
    }
    return Fail(token.text + extra);
  }
  bool Expect(TokenKind kind, std::string_view context) {
    const LexToken& token = NextNonSpace();
    return token.kind == kind || Unexpected(token, context);
  }
  bool Enter() {
    if (++depth_ <= kParseDepthMax) return true;
    return Fail("nested too deeply");
  }
  void Leave() { --depth_; }

  // --- trees ---

  bool AddTree(const std::string& tree_name, std::vector<Node> nodes) {
    auto tree = std::make_shared<const Tree>(
        Tree{.name = tree_name, .parse_name = name_, .source = source_, .nodes = std::move(nodes)});
    const auto same = std::find_if(trees_.begin(), trees_.end(), [&](const auto& t) { return t->name == tree_name; });
    if (same == trees_.end()) {
      trees_.push_back(std::move(tree));
      return true;
    }
    if (tree->IsEmpty()) return true;
    if (!(*same)->IsEmpty()) return Fail("template: multiple definition of template " + base::Quote(tree_name));
    *same = std::move(tree);
    return true;
  }

  bool TopLevel(std::vector<Node>& nodes) {
    while (Peek().kind != TokenKind::kEnd) {
      if (Peek().kind == TokenKind::kLeftDelim) {
        const std::size_t before = next_;
        Next();
        if (IsKeyword(NextNonSpace(), "define")) {
          if (!Definition()) return false;
          continue;
        }
        next_ = before;
      }
      Node node;
      Ending ending = Ending::kEof;
      bool ended = false;
      if (!TextOrAction(node, ended, ending)) return false;
      if (ended) return Fail(ending == Ending::kEnd ? "unexpected {{end}}" : "unexpected {{else}}");
      nodes.push_back(std::move(node));
    }
    return true;
  }

  bool Definition() {
    const LexToken token = NextNonSpace();
    std::string tree_name;
    if (!TemplateName(token, "define clause", tree_name) || !Expect(TokenKind::kRightDelim, "define clause")) {
      return false;
    }
    return SubTree(tree_name, "define clause");
  }

  // A body with variables of its own, to its {{end}}.
  bool SubTree(const std::string& tree_name, std::string_view context) {
    std::vector<std::string> outer = std::exchange(variables_, {"$"});
    const int outer_ranges = std::exchange(ranges_, 0);
    std::vector<Node> nodes;
    Ending ending = Ending::kEof;
    if (!ItemList(nodes, ending)) return false;
    if (ending != Ending::kEnd) return Fail(fmt::format("unexpected {{{{else}}}} in {}", context));
    variables_ = std::move(outer);
    ranges_ = outer_ranges;
    return AddTree(tree_name, std::move(nodes));
  }

  bool TemplateName(const LexToken& token, std::string_view context, std::string& out) {
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) return Unexpected(token, context);
    auto text = Unquote(token.text);
    if (!text) return Fail("invalid syntax");
    out = std::move(*text);
    return true;
  }

  // --- nodes ---

  bool ItemList(std::vector<Node>& nodes, Ending& ending) {
    if (!Enter()) return false;
    while (PeekNonSpace().kind != TokenKind::kEnd) {
      Node node;
      bool ended = false;
      if (!TextOrAction(node, ended, ending)) return false;
      if (ended) {
        Leave();
        return true;
      }
      nodes.push_back(std::move(node));
    }
    return Fail("unexpected EOF");
  }

  bool TextOrAction(Node& node, bool& ended, Ending& ending) {
    const LexToken& token = NextNonSpace();
    if (token.kind == TokenKind::kText) {
      node.kind = Node::Kind::kText;
      node.position = token.position;
      node.text = token.text;
      return true;
    }
    if (token.kind != TokenKind::kLeftDelim) return Unexpected(token, "input");
    action_line_ = token.line;
    const bool ok = Action(node, ended, ending);
    action_line_ = 0;
    return ok;
  }

  bool Action(Node& node, bool& ended, Ending& ending) {
    const LexToken token = PeekNonSpace();
    node.position = token.position;
    if (token.kind == TokenKind::kKeyword && token.text != "define") {
      Next();
      return Keyword(token, node, ended, ending);
    }
    node.kind = Node::Kind::kAction;
    node.has_pipeline = true;
    return Pipeline("command", TokenKind::kRightDelim, node.pipeline);
  }

  bool Keyword(const LexToken& token, Node& node, bool& ended, Ending& ending) {
    const std::string& word = token.text;
    if (word == "end") {
      ended = true;
      ending = Ending::kEnd;
      return Expect(TokenKind::kRightDelim, "end");
    }
    if (word == "else") {
      ended = true;
      ending = Ending::kElse;
      const LexToken& peek = PeekNonSpace();
      if (IsKeyword(peek, "if") || IsKeyword(peek, "with")) return true;
      return Expect(TokenKind::kRightDelim, "else");
    }
    if (word == "break" || word == "continue") {
      node.kind = word == "break" ? Node::Kind::kBreak : Node::Kind::kContinue;
      const LexToken& close = NextNonSpace();
      if (close.kind != TokenKind::kRightDelim) return Unexpected(close, "{{" + word + "}}");
      return ranges_ > 0 || Fail("{{" + word + "}} outside {{range}}");
    }
    if (word == "if") return Control("if", Node::Kind::kIf, node);
    if (word == "range") return Control("range", Node::Kind::kRange, node);
    if (word == "with") return Control("with", Node::Kind::kWith, node);
    if (word == "template") return TemplateCall(node);
    return Block(node);
  }

  bool Control(std::string_view word, Node::Kind kind, Node& node) {
    node.kind = kind;
    node.has_pipeline = true;
    const std::size_t mark = variables_.size();
    if (!Pipeline(word, TokenKind::kRightDelim, node.pipeline)) return false;
    node.position = node.pipeline.position;
    if (kind == Node::Kind::kRange) ++ranges_;
    Ending ending = Ending::kEof;
    if (!ItemList(node.body, ending)) return false;
    if (kind == Node::Kind::kRange) --ranges_;
    if (ending == Ending::kElse && !Else(word, kind, node)) return false;
    variables_.resize(mark);
    return true;
  }

  // "else if" and "else with" nest a control that shares our {{end}}.
  bool Else(std::string_view word, Node::Kind kind, Node& node) {
    node.has_else = true;
    if (kind != Node::Kind::kRange && IsKeyword(Peek(), word)) {
      if (!Enter()) return false;
      Next();
      Node inner;
      if (!Control(word, kind, inner)) return false;
      node.otherwise.push_back(std::move(inner));
      Leave();
      return true;
    }
    Ending ending = Ending::kEof;
    if (!ItemList(node.otherwise, ending)) return false;
    return ending == Ending::kEnd || Fail("expected end; found {{else}}");
  }

  bool TemplateCall(Node& node) {
    node.kind = Node::Kind::kTemplate;
    const LexToken token = NextNonSpace();
    node.position = token.position;
    if (!TemplateName(token, "template clause", node.text)) return false;
    if (PeekNonSpace().kind == TokenKind::kRightDelim) {
      Next();
      return true;
    }
    node.has_pipeline = true;
    return Pipeline("template clause", TokenKind::kRightDelim, node.pipeline);
  }

  bool Block(Node& node) {
    node.kind = Node::Kind::kTemplate;
    node.has_pipeline = true;
    const LexToken token = NextNonSpace();
    node.position = token.position;
    return TemplateName(token, "block clause", node.text) &&
           Pipeline("block clause", TokenKind::kRightDelim, node.pipeline) && SubTree(node.text, "block clause");
  }

  // --- expressions ---

  bool Pipeline(std::string_view context, TokenKind end, Expression& pipe) {
    pipe.kind = Expression::Kind::kPipeline;
    pipe.position = PeekNonSpace().position;
    if (!Declarations(context, pipe)) return false;
    for (;;) {
      const LexToken& token = PeekNonSpace();
      if (token.kind == end) {
        Next();
        return CheckPipeline(context, pipe);
      }
      if (!StartsOperand(token)) {
        Next();
        return Unexpected(token, context);
      }
      Command command;
      if (!ParseCommand(command)) return false;
      pipe.commands.push_back(std::move(command));
    }
  }

  bool Declarations(std::string_view context, Expression& pipe) {
    while (PeekNonSpace().kind == TokenKind::kVariable) {
      const std::size_t before = next_;
      const LexToken variable = Next();
      const LexToken next = PeekNonSpace();
      if (next.kind == TokenKind::kAssign || next.kind == TokenKind::kDeclare) {
        Next();
        pipe.flag = next.kind == TokenKind::kAssign;
        Declare(variable, pipe);
        return true;
      }
      if (next.kind != TokenKind::kOther || next.text != ",") {
        next_ = before;
        return true;
      }
      Next();
      Declare(variable, pipe);
      if (context != "range" || pipe.variables.size() >= 2) {
        return Fail(fmt::format("too many declarations in {}", context));
      }
      const TokenKind follows = PeekNonSpace().kind;
      if (follows != TokenKind::kVariable && follows != TokenKind::kRightDelim && follows != TokenKind::kRightParen) {
        return Fail("range can only initialize variables");
      }
    }
    return true;
  }

  void Declare(const LexToken& variable, Expression& pipe) {
    pipe.variables.emplace_back(variable.text, variable.position);
    variables_.push_back(variable.text);
  }

  static bool StartsOperand(const LexToken& token) {
    switch (token.kind) {
      case TokenKind::kBool:
      case TokenKind::kCharConstant:
      case TokenKind::kDot:
      case TokenKind::kField:
      case TokenKind::kIdentifier:
      case TokenKind::kNumber:
      case TokenKind::kNil:
      case TokenKind::kRawString:
      case TokenKind::kString:
      case TokenKind::kVariable:
      case TokenKind::kLeftParen: return true;
      default: return false;
    }
  }

  bool CheckPipeline(std::string_view context, const Expression& pipe) {
    if (pipe.commands.empty()) return Fail(fmt::format("missing value for {}", context));
    for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
      switch (pipe.commands[i].words[0].kind) {
        case Expression::Kind::kBool:
        case Expression::Kind::kDot:
        case Expression::Kind::kNil:
        case Expression::Kind::kNumber:
        case Expression::Kind::kString: return Fail(fmt::format("non executable command in pipeline stage {}", i + 1));
        default: break;
      }
    }
    return true;
  }

  bool ParseCommand(Command& command) {
    command.position = PeekNonSpace().position;
    for (;;) {
      SkipSpace();
      Expression operand;
      bool present = false;
      if (!Operand(operand, present)) return false;
      if (present) command.words.push_back(std::move(operand));
      const LexToken& token = Next();
      if (token.kind == TokenKind::kSpace) continue;
      if (token.kind == TokenKind::kRightDelim || token.kind == TokenKind::kRightParen) {
        --next_;
      } else if (token.kind != TokenKind::kPipe) {
        return Unexpected(token, "operand");
      }
      break;
    }
    return !command.words.empty() || Fail("empty command");
  }

  bool Operand(Expression& out, bool& present) {
    if (!Term(out, present) || !present) return error_.empty();
    if (Peek().kind != TokenKind::kField) return true;
    const std::size_t position = Peek().position;
    std::vector<std::string> fields;
    while (Peek().kind == TokenKind::kField) fields.push_back(Next().text.substr(1));
    switch (out.kind) {
      case Expression::Kind::kField:
      case Expression::Kind::kVariable:
        out.position = position;
        out.names.insert(out.names.end(), fields.begin(), fields.end());
        return true;
      case Expression::Kind::kBool:
      case Expression::Kind::kString:
      case Expression::Kind::kNumber:
      case Expression::Kind::kNil:
      case Expression::Kind::kDot: return Fail("unexpected . after term " + base::Quote(out.ToString()));
      default: break;
    }
    Expression chain;
    chain.kind = Expression::Kind::kChain;
    chain.position = position;
    chain.names = std::move(fields);
    chain.base = std::make_unique<Expression>(std::move(out));
    out = std::move(chain);
    return true;
  }

  bool Term(Expression& out, bool& present) {
    const LexToken& token = PeekNonSpace();
    present = StartsOperand(token);
    if (!present) return true;
    Next();
    out.position = token.position;
    out.text = token.text;
    switch (token.kind) {
      case TokenKind::kIdentifier:
        out.kind = Expression::Kind::kFunction;
        return has_function_(token.text) || Fail("function " + base::Quote(token.text) + " not defined");
      case TokenKind::kDot: out.kind = Expression::Kind::kDot; return true;
      case TokenKind::kNil: out.kind = Expression::Kind::kNil; return true;
      case TokenKind::kBool:
        out.kind = Expression::Kind::kBool;
        out.flag = token.text == "true";
        return true;
      case TokenKind::kField:
        out.kind = Expression::Kind::kField;
        out.names = {token.text.substr(1)};
        return true;
      case TokenKind::kVariable:
        out.kind = Expression::Kind::kVariable;
        out.names = {token.text};
        return std::find(variables_.begin(), variables_.end(), token.text) != variables_.end() ||
               Fail("undefined variable " + base::Quote(token.text));
      case TokenKind::kString:
      case TokenKind::kRawString: return String(token, out);
      case TokenKind::kLeftParen: return Parenthesis(out);
      default: return Number(token, out);
    }
  }

  bool Parenthesis(Expression& out) {
    if (!Enter()) return false;
    const bool ok = Pipeline("parenthesized pipeline", TokenKind::kRightParen, out);
    Leave();
    return ok;
  }

  bool String(const LexToken& token, Expression& out) {
    auto text = Unquote(token.text);
    if (!text) return Fail("invalid syntax");
    out.kind = Expression::Kind::kString;
    out.string_value = std::move(*text);
    return true;
  }

  bool Number(const LexToken& token, Expression& out) {
    out.kind = Expression::Kind::kNumber;
    if (token.kind == TokenKind::kCharConstant) {
      const auto character = UnquoteCharacter(token.text);
      if (!character) return Fail("malformed character constant: " + token.text);
      out.int_valid = true;
      out.int_value = *character;
      out.float_value = static_cast<double>(*character);
      return true;
    }
    const bool hex = token.text.find_first_of("xX") != std::string::npos;
    const bool float_form = token.text.find_first_of(hex ? "pP" : ".eEpP") != std::string::npos ||
                            (hex && token.text.find('.') != std::string::npos);
    const auto integer = ParseInteger(token.text);
    const auto number = integer ? static_cast<double>(*integer) : ParseFloat(token.text);
    if (!number || std::isinf(*number)) return Fail("illegal number syntax: " + base::Quote(token.text));
    out.is_float = float_form;
    out.float_value = *number;
    out.int_valid = integer.has_value();
    out.int_value = integer.value_or(0);
    if (!integer && *number >= -9.2e18 && *number <= 9.2e18 &&
        *number == static_cast<double>(static_cast<std::int64_t>(*number))) {
      out.int_valid = true;
      out.int_value = static_cast<std::int64_t>(*number);
    }
    if (!integer && !float_form) return Fail("integer overflow: " + base::Quote(token.text));
    return true;
  }

  const std::string name_;
  const std::shared_ptr<const std::string> source_;
  const std::function<bool(std::string_view)>& has_function_;
  const std::vector<LexToken> tokens_;

  std::size_t next_ = 0;
  std::size_t furthest_ = 0;
  int action_line_ = 0;
  int depth_ = 0;
  int ranges_ = 0;
  std::vector<std::string> variables_ = {"$"};
  std::vector<std::shared_ptr<const Tree>> trees_;
  std::string error_;
};

}  // namespace

base::Result<std::vector<std::shared_ptr<const Tree>>> ParseTrees(
    const std::string& name, std::string_view text, const std::function<bool(std::string_view)>& has_function) {
  return ParseRun(name, text, has_function).Run();
}

}  // namespace bellwether::templating
