#include "promql/functions/histogram_functions.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/number.h"
#include "promql/eval/label_sets.h"
#include "promql/eval/unique_rows.h"
#include "promql/functions/histogram_input.h"
#include "promql/histogram/quantile.h"

namespace bellwether::promql {
namespace {

void NoteInvalidQuantiles(QueryContext& context, const ScalarColumn& q, PositionRange position) {
  for (const double v : q) {
    if (!(v >= 0 && v <= 1)) context.annotations.Add(InvalidQuantile(v, position));
  }
}

// Evaluates each histogram of a vector at each step, and gives the rows of results.
//   classic(step, buckets, labels) and native(step, histogram, labels) return the value.
template <typename Classic, typename Native>
base::Status ForHistograms(HistogramInput& input, const Grid& grid, QueryContext& context, const RowSink& sink,
                           Classic classic, Native native) {
  std::vector<histogram::ClassicBucket> buckets;
  Row out;
  for (const HistogramInput::Group& group : input.groups()) {
    BW_RETURN_IF_ERROR(context.CheckAlive());
    out.Reset(grid.count);
    for (std::size_t i = 0; i < grid.count; ++i) {
      switch (input.At(group, i, buckets)) {
        case HistogramInput::Form::kNone: break;
        case HistogramInput::Form::kClassic: out.SetFloat(i, classic(i, std::move(buckets), group.labels)); break;
        case HistogramInput::Form::kNative:
          out.SetFloat(i, native(i, *group.native->histograms[i], group.labels));
          break;
      }
    }
    if (!out.AnyPresent()) continue;
    out.labels = group.labels;
    BW_RETURN_IF_ERROR(sink(out));
  }
  return base::OkStatus();
}

// One quantile of every histogram.
class QuantileRun {
 public:
  QuantileRun(HistogramInput& input, const Grid& grid, QueryContext& context, PositionRange position)
      : input_(input), grid_(grid), context_(context), position_(position) {}

  base::Status Push(const ScalarColumn& q, const RowSink& sink) {
    return ForHistograms(
        input_, grid_, context_, sink,
        [&](std::size_t step, std::vector<histogram::ClassicBucket> buckets, const metric::Labels& labels) {
          return OfClassic(q[step], step, std::move(buckets), labels);
        },
        [&](std::size_t step, const metric::NativeHistogram& h, const metric::Labels& labels) {
          return OfNative(q[step], h, labels);
        });
  }

 private:
  double OfClassic(double q, std::size_t step, std::vector<histogram::ClassicBucket> buckets,
                   const metric::Labels& labels) {
    const histogram::ClassicQuantileResult result = histogram::ClassicQuantile(q, std::move(buckets));
    if (result.forced_monotonic) {
      const base::TimestampMs at = grid_.At(step);
      context_.annotations.AddMonotonicityFix(input_.NameOf(labels),
                                              {.lower_bucket = result.min_bucket,
                                               .upper_bucket = result.max_bucket,
                                               .max_difference = result.max_difference,
                                               .samples = 1,
                                               .from = at,
                                               .to = at},
                                              position_);
    }
    return result.value;
  }

  double OfNative(double q, const metric::NativeHistogram& h, const metric::Labels& labels) {
    const histogram::QuantileResult result = histogram::Quantile(q, h);
    if (result.nan == histogram::NanEffect::kResultIsNan) {
      context_.annotations.Add(QuantileNanResult(input_.NameOf(labels), position_));
    } else if (result.nan == histogram::NanEffect::kResultIsHigher) {
      context_.annotations.Add(QuantileNanSkew(input_.NameOf(labels), position_));
    }
    return result.value;
  }

  HistogramInput& input_;
  const Grid grid_;
  QueryContext& context_;
  const PositionRange position_;
};

// As OpenMetrics writes a float: 0.5, 1.0, 1e+06, NaN.
std::string OpenMetricsFloat(double v) {
  std::string text = base::FormatNumberG(v);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

constexpr std::pair<std::string_view, HistogramMap> kHistogramMaps[] = {
    {"histogram_count", [](const metric::NativeHistogram& h) { return h.count; }},
    {"histogram_sum", [](const metric::NativeHistogram& h) { return h.sum; }},
    {"histogram_avg", [](const metric::NativeHistogram& h) { return h.sum / h.count; }},
    {"histogram_stdvar", [](const metric::NativeHistogram& h) { return histogram::Variance(h); }},
    {"histogram_stddev", [](const metric::NativeHistogram& h) { return std::sqrt(histogram::Variance(h)); }},
};

}  // namespace

base::Status HistogramQuantileFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn q, call.args[0].scalar->Evaluate(context));
  NoteInvalidQuantiles(context, q, call.args[0].position());
  BW_ASSIGN_OR_RETURN(const CollectedRows all, Collect(context, *call.args[1].vector));
  HistogramInput input(all.rows, context, Unwrap(*call.args[1].expr));
  QuantileRun run(input, call.grid, context, call.args[1].position());
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) { return run.Push(q, nameless); });
}

base::Status HistogramQuantilesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& label = call.args[1].text;
  BW_ASSIGN_OR_RETURN(const CollectedRows all, Collect(context, *call.args[0].vector));
  HistogramInput input(all.rows, context, Unwrap(*call.args[0].expr));
  QuantileRun run(input, call.grid, context, call.args[0].position());
  Rows rows;
  BudgetHold hold(context.budget);
  for (std::size_t i = 2; i < call.args.size(); ++i) {
    BW_ASSIGN_OR_RETURN(const ScalarColumn q, call.args[i].scalar->Evaluate(context));
    NoteInvalidQuantiles(context, q, call.args[i].position());
    base::Status status = run.Push(q, [&](Row& row) -> base::Status {
      // A quantile that changes from step to step is told by another label each time.
      for (std::size_t step = 0; step < row.steps(); ++step) {
        if (!row.Present(step)) continue;
        Row& out = rows.emplace_back(row.steps());
        out.labels = metric::LabelsBuilder(row.labels).Set(label, OpenMetricsFloat(q[step])).Build();
        BW_RETURN_IF_ERROR(hold.Add(0, BytesOf(out)));
        for (; step < row.steps(); ++step) {
          out.Take(step, row);
          const bool changes = step + 1 < row.steps() && OpenMetricsFloat(q[step + 1]) != OpenMetricsFloat(q[step]);
          if (changes) break;
        }
      }
      return base::OkStatus();
    });
    if (!status.ok()) return status;
  }
  return ProduceNameless(context, *call.expr, sink,
                         [&](const RowSink& nameless) { return PushMerged(std::move(rows), nameless); });
}

base::Status HistogramFractionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn lower, call.args[0].scalar->Evaluate(context));
  BW_ASSIGN_OR_RETURN(const ScalarColumn upper, call.args[1].scalar->Evaluate(context));
  BW_ASSIGN_OR_RETURN(const CollectedRows all, Collect(context, *call.args[2].vector));
  const PositionRange position = call.args[2].position();
  HistogramInput input(all.rows, context, Unwrap(*call.args[2].expr));
  const auto classic = [&](std::size_t step, std::vector<histogram::ClassicBucket> buckets, const metric::Labels&) {
    return histogram::ClassicFraction(lower[step], upper[step], std::move(buckets));
  };
  const auto native = [&](std::size_t step, const metric::NativeHistogram& h, const metric::Labels& labels) {
    const histogram::FractionResult result = histogram::Fraction(lower[step], upper[step], h);
    if (result.nan_excluded) context.annotations.Add(FractionNan(input.NameOf(labels), position));
    return result.value;
  };
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    return ForHistograms(input, call.grid, context, nameless, classic, native);
  });
}

HistogramMap FindHistogramMap(std::string_view name) {
  for (const auto& [map_name, map] : kHistogramMaps) {
    if (map_name == name) return map;
  }
  return nullptr;
}

base::Status MapHistograms(FunctionCall& call, QueryContext& context, const RowSink& sink, HistogramMap map) {
  // Without delayed name removal only the name goes, not type and unit: as upstream.
  static const std::vector<std::string> kNameOnly = {std::string(metric::kMetricName)};
  const bool delayed = context.flags.delayed_name_removal;
  Rows rows;
  const auto map_row = [&](Row& row) -> base::Status {
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.cells[i] == Cell::kHistogram) {
        row.SetFloat(i, map(*row.histograms[i]));
      } else {
        row.Clear(i);
      }
    }
    row.histograms.clear();
    if (!row.AnyPresent()) return base::OkStatus();
    row.drop_name = true;
    if (delayed) return sink(row);
    row.labels = WithoutLabels(row.labels, kNameOnly);
    rows.push_back(std::move(row));
    return base::OkStatus();
  };
  BW_RETURN_IF_ERROR(call.args[0].vector->Run(context, map_row));
  return PushMerged(std::move(rows), sink);
}

}  // namespace bellwether::promql
