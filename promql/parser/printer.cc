#include "promql/parser/printer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/number.h"
#include "base/quote.h"
#include "metric/labels.h"
#include "promql/parser.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

void AppendLabelList(std::string& out, const std::vector<std::string>& labels) {
  out.push_back('(');
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += ", ";
    if (metric::IsLegacyLabelName(labels[i])) {
      out += labels[i];
    } else {
      base::AppendQuoted(out, labels[i]);
    }
  }
  out.push_back(')');
}

void AppendNumberLiteral(std::string& out, const NumberLiteral& number) {
  if (!number.is_duration) {
    out += base::FormatNumberF(number.value);
    return;
  }
  const double ms = std::round(std::fabs(number.value) * 1000);
  if (number.value < 0) out.push_back('-');
  out += base::FormatDuration(base::DurationMs(static_cast<std::int64_t>(ms)));
}

void AppendDurationOr(std::string& out, base::DurationMs literal, const ExprPtr& expr) {
  if (expr != nullptr) {
    AppendCanonical(out, *expr);
  } else {
    out += base::FormatDuration(literal);
  }
}

void AppendAt(std::string& out, const TimeModifiers& time) {
  if (!time.at) return;
  switch (time.at->kind) {
    case AtModifier::Kind::kStart: out += " @ start()"; return;
    case AtModifier::Kind::kEnd: out += " @ end()"; return;
    case AtModifier::Kind::kTimestamp: break;
  }
  const std::int64_t ms = time.at->timestamp.ms;
  const std::uint64_t magnitude = ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  out += fmt::format(" @ {}{}.{:03}", ms < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

void AppendOffset(std::string& out, const TimeModifiers& time) {
  if (time.offset_expr == nullptr && time.offset.ms == 0) return;
  out += " offset ";
  AppendDurationOr(out, time.offset, time.offset_expr);
}

void AppendExtended(std::string& out, const VectorSelector& selector) {
  if (selector.anchored) {
    out += " anchored";
  } else if (selector.smoothed) {
    out += " smoothed";
  }
}

// Name and matchers alone.
void AppendBareSelector(std::string& out, const VectorSelector& selector) {
  std::vector<std::string> matchers;
  for (const metric::Matcher& m : selector.matchers) {
    const bool is_the_name = m.name() == metric::kMetricName && m.op() == metric::MatchOp::kEqual &&
                             m.value() == selector.name && !m.value().empty();
    if (!is_the_name) matchers.push_back(m.ToString());
  }
  out += selector.name;
  if (matchers.empty() && !selector.name.empty()) return;
  std::sort(matchers.begin(), matchers.end());
  out += fmt::format("{{{}}}", fmt::join(matchers, ","));
}

void AppendDurationExpr(std::string& out, const DurationExpr& duration) {
  const auto call = [&](std::string_view name) {
    out.append(name).push_back('(');
    AppendCanonical(out, *duration.lhs);
    out += ", ";
    AppendCanonical(out, *duration.rhs);
    out.push_back(')');
  };
  const auto operation = [&](std::string_view op) {
    if (duration.lhs != nullptr) {
      AppendCanonical(out, *duration.lhs);
      out.append(" ").append(op).append(" ");
    } else if (duration.op == DurationExpr::Op::kSub) {
      out += op;
    }
    AppendCanonical(out, *duration.rhs);
  };
  if (duration.wrapped) out.push_back('(');
  switch (duration.op) {
    case DurationExpr::Op::kStep: out += "step()"; break;
    case DurationExpr::Op::kRange: out += "range()"; break;
    case DurationExpr::Op::kMaxOf: call("max_of"); break;
    case DurationExpr::Op::kMinOf: call("min_of"); break;
    case DurationExpr::Op::kAdd: operation("+"); break;
    case DurationExpr::Op::kSub: operation("-"); break;
    case DurationExpr::Op::kMul: operation("*"); break;
    case DurationExpr::Op::kDiv: operation("/"); break;
    case DurationExpr::Op::kMod: operation("%"); break;
    case DurationExpr::Op::kPow: operation("^"); break;
  }
  if (duration.wrapped) out.push_back(')');
}

void AppendFill(std::string& out, const VectorMatching& matching) {
  const auto& left = matching.fill_left;
  const auto& right = matching.fill_right;
  if (left && right && *left == *right) {
    out += fmt::format(" fill ({})", base::FormatNumberG(*left));
    return;
  }
  if (left) out += fmt::format(" fill_left ({})", base::FormatNumberG(*left));
  if (right) out += fmt::format(" fill_right ({})", base::FormatNumberG(*right));
}

}  // namespace

void AppendAggregateHead(std::string& out, const Aggregate& aggregate) {
  out += AggregateOpText(aggregate.op);
  if (aggregate.without) {
    out += " without ";
  } else if (!aggregate.grouping.empty()) {
    out += " by ";
  } else {
    return;
  }
  AppendLabelList(out, aggregate.grouping);
  out.push_back(' ');
}

void AppendOperator(std::string& out, const Binary& binary) {
  out += BinaryOpText(binary.op);
  if (binary.return_bool) out += " bool";
  if (!binary.matching) return;
  const VectorMatching& matching = *binary.matching;
  const bool grouped =
      matching.cardinality == Cardinality::kManyToOne || matching.cardinality == Cardinality::kOneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    out += matching.on ? " on " : " ignoring ";
    AppendLabelList(out, matching.labels);
  }
  if (grouped) {
    out += matching.cardinality == Cardinality::kManyToOne ? " group_left " : " group_right ";
    AppendLabelList(out, matching.include);
  }
  AppendFill(out, matching);
}

void AppendSubqueryTail(std::string& out, const Subquery& subquery) {
  out.push_back('[');
  AppendDurationOr(out, subquery.range, subquery.range_expr);
  out.push_back(':');
  if (subquery.step_expr != nullptr || subquery.step.ms != 0) {
    AppendDurationOr(out, subquery.step, subquery.step_expr);
  }
  out.push_back(']');
  AppendAt(out, subquery.time);
  AppendOffset(out, subquery.time);
}

void AppendCanonical(std::string& out, const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber: AppendNumberLiteral(out, static_cast<const NumberLiteral&>(expr)); return;
    case ExprKind::kString: base::AppendQuoted(out, static_cast<const StringLiteral&>(expr).value); return;
    case ExprKind::kVectorSelector: {
      const auto& selector = static_cast<const VectorSelector&>(expr);
      AppendBareSelector(out, selector);
      AppendAt(out, selector.time);
      AppendExtended(out, selector);
      AppendOffset(out, selector.time);
      return;
    }
    case ExprKind::kMatrixSelector: {
      const auto& matrix = static_cast<const MatrixSelector&>(expr);
      AppendBareSelector(out, *matrix.selector);
      out.push_back('[');
      AppendDurationOr(out, matrix.range, matrix.range_expr);
      out.push_back(']');
      AppendExtended(out, *matrix.selector);
      AppendAt(out, matrix.selector->time);
      AppendOffset(out, matrix.selector->time);
      return;
    }
    case ExprKind::kSubquery: {
      const auto& subquery = static_cast<const Subquery&>(expr);
      AppendCanonical(out, *subquery.expr);
      AppendSubqueryTail(out, subquery);
      return;
    }
    case ExprKind::kAggregate: {
      const auto& aggregate = static_cast<const Aggregate&>(expr);
      AppendAggregateHead(out, aggregate);
      out.push_back('(');
      if (aggregate.param != nullptr) {
        AppendCanonical(out, *aggregate.param);
        out += ", ";
      }
      AppendCanonical(out, *aggregate.expr);
      out.push_back(')');
      return;
    }
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expr);
      AppendCanonical(out, *binary.lhs);
      out.push_back(' ');
      AppendOperator(out, binary);
      out.push_back(' ');
      AppendCanonical(out, *binary.rhs);
      return;
    }
    case ExprKind::kUnary: {
      const auto& unary = static_cast<const Unary&>(expr);
      out.push_back(unary.negative ? '-' : '+');
      AppendCanonical(out, *unary.expr);
      return;
    }
    case ExprKind::kCall: {
      const auto& call = static_cast<const Call&>(expr);
      out.append(call.function->name).push_back('(');
      for (std::size_t i = 0; i < call.args.size(); ++i) {
        if (i > 0) out += ", ";
        AppendCanonical(out, *call.args[i]);
      }
      out.push_back(')');
      return;
    }
    case ExprKind::kParen:
      out.push_back('(');
      AppendCanonical(out, *static_cast<const Paren&>(expr).expr);
      out.push_back(')');
      return;
    case ExprKind::kDuration: AppendDurationExpr(out, static_cast<const DurationExpr&>(expr)); return;
  }
  BW_CHECK(false);
}

std::string Print(const Expr& expr) {
  std::string out;
  AppendCanonical(out, expr);
  return out;
}

}  // namespace bellwether::promql
