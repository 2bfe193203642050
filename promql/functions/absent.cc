#include "promql/functions/absent.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "promql/eval/windows.h"

namespace bellwether::promql {
namespace {

base::Status PushAbsent(const FunctionCall& call, const std::vector<bool>& present, const RowSink& sink) {
  Row row(call.grid.count);
  for (std::size_t i = 0; i < row.steps(); ++i) {
    if (!present[i]) row.SetFloat(i, 1);
  }
  row.labels = LabelsOfAbsent(Unwrap(*call.args[0].expr));
  return row.AnyPresent() ? sink(row) : base::OkStatus();
}

// Matchers that take series away behind those that find some, as Prometheus's store leaves them: the labels of what is
// absent depend on the order.
std::vector<const metric::Matcher*> InLookupOrder(const std::vector<metric::Matcher>& matchers) {
  std::set<std::string> must_be_set;
  for (const metric::Matcher& m : matchers) {
    if (!m.Matches("")) must_be_set.insert(m.name());
  }
  const auto finds = [&](const metric::Matcher* m) {
    const bool negative = m->op() == metric::MatchOp::kNotEqual || m->op() == metric::MatchOp::kNotRegex;
    return must_be_set.contains(m->name()) && !(negative && m->Matches(""));
  };
  std::vector<const metric::Matcher*> ordered;
  for (const metric::Matcher& m : matchers) ordered.push_back(&m);
  std::stable_partition(ordered.begin(), ordered.end(), finds);
  return ordered;
}

}  // namespace

metric::Labels LabelsOfAbsent(const Expr& expr) {
  const VectorSelector* selector = nullptr;
  if (expr.kind == ExprKind::kVectorSelector) selector = &static_cast<const VectorSelector&>(expr);
  if (expr.kind == ExprKind::kMatrixSelector) selector = static_cast<const MatrixSelector&>(expr).selector.get();
  metric::LabelsBuilder labels;
  if (selector == nullptr) return labels.Build();
  std::set<std::string> seen;
  for (const metric::Matcher* m : InLookupOrder(selector->matchers)) {
    if (m->name() == metric::kMetricName) continue;
    if (m->op() == metric::MatchOp::kEqual && seen.insert(m->name()).second) {
      labels.Set(m->name(), m->value());
    } else {
      labels.Remove(m->name());
    }
  }
  return labels.Build();
}

base::Status AbsentFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  std::vector<bool> present(call.grid.count);
  BW_RETURN_IF_ERROR(call.args[0].vector->Run(context, [&](Row& row) {
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.Present(i)) present[i] = true;
    }
    return base::OkStatus();
  }));
  return PushAbsent(call, present, sink);
}

base::Status AbsentOverTimeFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  std::vector<bool> present(call.grid.count);
  RangeOperator& range = *call.args[0].range;
  BW_RETURN_IF_ERROR(range.Run(context, [&](SeriesSamples& series) {
    WindowTally tally(*context.counts, series, range.from_storage() ? WindowSource::kStorage : WindowSource::kSubquery);
    ForEachWindow(range.window(), series, tally, [&](const Window& w) { present[w.step] = true; });
    return base::OkStatus();
  }));
  return PushAbsent(call, present, sink);
}

}  // namespace bellwether::promql
