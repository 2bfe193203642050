#include "api/handlers/selectors.h"

#include <memory>

namespace bellwether::api {
namespace {

using promql::Expr;
using promql::ExprKind;
using promql::ExprPtr;

// Children that may hold selectors; duration expressions cannot.
std::vector<const ExprPtr*> ChildrenOf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kSubquery: return {&static_cast<const promql::Subquery&>(expr).expr};
    case ExprKind::kAggregate: {
      const auto& aggregate = static_cast<const promql::Aggregate&>(expr);
      if (aggregate.param) return {&aggregate.param, &aggregate.expr};
      return {&aggregate.expr};
    }
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const promql::Binary&>(expr);
      return {&binary.lhs, &binary.rhs};
    }
    case ExprKind::kUnary: return {&static_cast<const promql::Unary&>(expr).expr};
    case ExprKind::kParen: return {&static_cast<const promql::Paren&>(expr).expr};
    case ExprKind::kCall: {
      std::vector<const ExprPtr*> args;
      for (const ExprPtr& arg : static_cast<const promql::Call&>(expr).args) args.push_back(&arg);
      return args;
    }
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
    case ExprKind::kDuration: return {};
  }
  return {};
}

void CollectSelectors(const Expr& expr, std::vector<std::vector<metric::Matcher>>& out) {
  if (expr.kind == ExprKind::kVectorSelector) {
    out.push_back(static_cast<const promql::VectorSelector&>(expr).matchers);
  } else if (expr.kind == ExprKind::kMatrixSelector) {
    out.push_back(static_cast<const promql::MatrixSelector&>(expr).selector->matchers);
  }
  for (const ExprPtr* child : ChildrenOf(expr)) CollectSelectors(**child, out);
}

std::shared_ptr<promql::VectorSelector> Narrowed(const promql::VectorSelector& selector,
                                                 std::span<const metric::Matcher> matchers) {
  auto narrowed = std::make_shared<promql::VectorSelector>(selector);
  // The matcher of the name stays the last one.
  const bool named = !selector.name.empty() && !narrowed->matchers.empty();
  narrowed->matchers.insert(narrowed->matchers.end() - (named ? 1 : 0), matchers.begin(), matchers.end());
  return narrowed;
}

}  // namespace

std::vector<std::vector<metric::Matcher>> SelectorsOf(const Expr& expr) {
  std::vector<std::vector<metric::Matcher>> out;
  CollectSelectors(expr, out);
  return out;
}

ExprPtr WithMatchers(const ExprPtr& expr, std::span<const metric::Matcher> matchers) {
  if (!expr || matchers.empty()) return expr;
  const auto changed = [&](const auto& node, auto&& edit) -> ExprPtr {
    auto copy = std::make_shared<std::decay_t<decltype(node)>>(node);
    edit(*copy);
    return copy;
  };
  switch (expr->kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration: return expr;
    case ExprKind::kVectorSelector: return Narrowed(static_cast<const promql::VectorSelector&>(*expr), matchers);
    case ExprKind::kMatrixSelector:
      return changed(static_cast<const promql::MatrixSelector&>(*expr),
                     [&](promql::MatrixSelector& n) { n.selector = Narrowed(*n.selector, matchers); });
    case ExprKind::kSubquery:
      return changed(static_cast<const promql::Subquery&>(*expr),
                     [&](promql::Subquery& n) { n.expr = WithMatchers(n.expr, matchers); });
    case ExprKind::kAggregate:
      return changed(static_cast<const promql::Aggregate&>(*expr), [&](promql::Aggregate& n) {
        n.expr = WithMatchers(n.expr, matchers);
        n.param = WithMatchers(n.param, matchers);
      });
    case ExprKind::kBinary:
      return changed(static_cast<const promql::Binary&>(*expr), [&](promql::Binary& n) {
        n.lhs = WithMatchers(n.lhs, matchers);
        n.rhs = WithMatchers(n.rhs, matchers);
      });
    case ExprKind::kUnary:
      return changed(static_cast<const promql::Unary&>(*expr),
                     [&](promql::Unary& n) { n.expr = WithMatchers(n.expr, matchers); });
    case ExprKind::kParen:
      return changed(static_cast<const promql::Paren&>(*expr),
                     [&](promql::Paren& n) { n.expr = WithMatchers(n.expr, matchers); });
    case ExprKind::kCall:
      return changed(static_cast<const promql::Call&>(*expr), [&](promql::Call& n) {
        for (ExprPtr& arg : n.args) arg = WithMatchers(arg, matchers);
      });
  }
  return expr;
}

}  // namespace bellwether::api
