// The form for people. A node whose canonical form fits on a line stays on it; a longer one is split, its children two
// spaces deeper.
#include <vector>

#include "promql/parser.h"
#include "promql/parser/function_signatures.h"
#include "promql/parser/printer.h"

namespace bellwether::promql {
namespace {

constexpr std::size_t kLineCharactersMax = 100;

class PrettyPrinter {
 public:
  explicit PrettyPrinter(std::string& out) : out_(out) {}

  // With `indented`, the node begins a line of its own.
  void Write(const Expr& expr, int level, bool indented) {
    if (indented) Indent(level);
    std::string line = Print(expr);
    if (line.size() <= kLineCharactersMax) {
      out_ += line;
      return;
    }
    switch (expr.kind) {
      case ExprKind::kAggregate: return Split(static_cast<const Aggregate&>(expr), level);
      case ExprKind::kBinary: return Split(static_cast<const Binary&>(expr), level);
      case ExprKind::kCall: return Split(static_cast<const Call&>(expr), level);
      case ExprKind::kParen: return Block("", {static_cast<const Paren&>(expr).expr.get()}, level);
      case ExprKind::kUnary: {
        const auto& unary = static_cast<const Unary&>(expr);
        out_.push_back(unary.negative ? '-' : '+');
        return Write(*unary.expr, level, false);
      }
      case ExprKind::kSubquery: {
        const auto& subquery = static_cast<const Subquery&>(expr);
        Write(*subquery.expr, level, false);
        return AppendSubqueryTail(out_, subquery);
      }
      default: out_ += line; return;
    }
  }

 private:
  void Indent(int level) { out_.append(static_cast<std::size_t>(level) * 2, ' '); }

  void Split(const Aggregate& aggregate, int level) {
    std::string head;
    AppendAggregateHead(head, aggregate);
    std::vector<const Expr*> arguments;
    if (aggregate.param != nullptr) arguments.push_back(aggregate.param.get());
    arguments.push_back(aggregate.expr.get());
    Block(head, arguments, level);
  }

  void Split(const Call& call, int level) {
    std::vector<const Expr*> arguments;
    for (const ExprPtr& argument : call.args) arguments.push_back(argument.get());
    Block(std::string(call.function->name), arguments, level);
  }

  // The node's own indentation has been written; its left side stands one level deeper.
  void Split(const Binary& binary, int level) {
    out_.append(2, ' ');
    Write(*binary.lhs, level + 1, false);
    out_.push_back('\n');
    Indent(level);
    AppendOperator(out_, binary);
    out_.push_back('\n');
    Write(*binary.rhs, level + 1, true);
  }

  void Block(const std::string& head, const std::vector<const Expr*>& children, int level) {
    out_ += head;
    out_ += "(\n";
    for (std::size_t i = 0; i < children.size(); ++i) {
      Write(*children[i], level + 1, true);
      out_ += i + 1 < children.size() ? ",\n" : "\n";
    }
    Indent(level);
    out_.push_back(')');
  }

  std::string& out_;
};

}  // namespace

std::string PrettyPrint(const Expr& expr) {
  std::string out;
  PrettyPrinter(out).Write(expr, 0, false);
  return out;
}

}  // namespace bellwether::promql
