#include "promql/functions/histogram_functions.h"

#include <cmath>
#include <map>
#include <utility>

#include "base/number.h"
#include "promql/functions/histogram_input.h"
#include "promql/histogram/classic.h"
#include "promql/histogram/quantile.h"

namespace bellwether::promql {
namespace {

constexpr std::pair<std::string_view, HistogramMap> kHistogramMaps[] = {
    {"histogram_count", [](const metric::NativeHistogram& h) { return h.count; }},
    {"histogram_sum", [](const metric::NativeHistogram& h) { return h.sum; }},
    {"histogram_avg", [](const metric::NativeHistogram& h) { return h.sum / h.count; }},
    {"histogram_stddev", [](const metric::NativeHistogram& h) { return std::sqrt(histogram::Variance(h)); }},
    {"histogram_stdvar", [](const metric::NativeHistogram& h) { return histogram::Variance(h); }},
};

void CheckQuantile(double q, PositionRange position, QueryContext& context) {
  if (std::isnan(q) || q < 0 || q > 1) context.annotations.Add(InvalidQuantile(q, position));
}

// The quantile of one histogram at one time, with its notes.
double QuantileOf(double q, const HistogramInput::At& at, const HistogramInput::Source& source, base::TimestampMs time,
                  PositionRange position, QueryContext& context) {
  if (at.native != nullptr) {
    const histogram::QuantileResult result = histogram::Quantile(q, *at.native);
    switch (result.nan) {
      case histogram::NanEffect::kNone: break;
      case histogram::NanEffect::kResultIsNan:
        context.annotations.Add(QuantileNanResult(source.metric, position));
        break;
      case histogram::NanEffect::kResultIsHigher:
        context.annotations.Add(QuantileNanSkew(source.metric, position));
        break;
    }
    return result.value;
  }
  const histogram::ClassicQuantileResult result = histogram::ClassicQuantile(q, at.classic);
  if (result.forced_monotonic) {
    const MonotonicityFix fix{.lower_bucket = result.min_bucket,
                              .upper_bucket = result.max_bucket,
                              .max_difference = result.max_difference,
                              .samples = 1,
                              .from = time,
                              .to = time};
    context.annotations.AddMonotonicityFix(source.metric, fix, position);
  }
  return result.value;
}

// One row a histogram; `value(at, source, step)` is asked where it is present.
template <typename Value>
base::Status RowsOfHistograms(const HistogramInput& input, QueryContext& context, const RowSink& sink, Value value) {
  return ProduceNameless(context, sink, [&](const RowSink& nameless) -> base::Status {
    Row row;
    for (const HistogramInput::Source& source : input.sources()) {
      row = Row(input.steps());
      row.labels = source.labels;
      for (std::size_t step = 0; step < input.steps(); ++step) {
        const HistogramInput::At at = input.Get(source, step, context);
        if (at.present()) row.SetFloat(step, value(at, source, step));
      }
      if (row.AnyPresent()) BW_RETURN_IF_ERROR(nameless(row));
    }
    return base::OkStatus();
  });
}

// A number as OpenMetrics writes it in labels: 0.5, 1.0, NaN.
std::string OpenMetricsNumber(double v) {
  std::string text = base::FormatNumberG(v);
  const bool finite = std::isfinite(v);
  if (finite && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

HistogramMap FindHistogramMap(std::string_view name) {
  for (const auto& [map_name, map] : kHistogramMaps) {
    if (map_name == name) return map;
  }
  return nullptr;
}

base::Status MapHistograms(FunctionCall& call, QueryContext& context, const RowSink& sink, HistogramMap map) {
  return ProduceNameless(context, sink, [&](const RowSink& nameless) {
    return call.args[0].vector->Run(context, [&](Row& row) -> base::Status {
      for (std::size_t i = 0; i < row.steps(); ++i) {
        if (row.cells[i] == Cell::kHistogram) {
          row.SetFloat(i, map(*row.histograms[i]));
        } else {
          row.Clear(i);
        }
      }
      row.histograms.clear();
      return row.AnyPresent() ? nameless(row) : base::OkStatus();
    });
  });
}

base::Status HistogramQuantileFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn q, call.args[0].scalar->Evaluate(context));
  for (const double value : q) CheckQuantile(value, call.args[0].position(), context);
  const PositionRange position = call.args[1].position();
  BW_ASSIGN_OR_RETURN(const HistogramInput input, HistogramInput::Read(*call.args[1].vector, context, position));
  return RowsOfHistograms(input, context, sink,
                          [&](const HistogramInput::At& at, const HistogramInput::Source& source, std::size_t step) {
                            return QuantileOf(q[step], at, source, call.grid.At(step), position, context);
                          });
}

base::Status HistogramFractionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn lower, call.args[0].scalar->Evaluate(context));
  BW_ASSIGN_OR_RETURN(const ScalarColumn upper, call.args[1].scalar->Evaluate(context));
  const PositionRange position = call.args[2].position();
  BW_ASSIGN_OR_RETURN(const HistogramInput input, HistogramInput::Read(*call.args[2].vector, context, position));
  return RowsOfHistograms(input, context, sink,
                          [&](const HistogramInput::At& at, const HistogramInput::Source& source, std::size_t step) {
                            if (at.native == nullptr) {
                              return histogram::ClassicFraction(lower[step], upper[step], at.classic);
                            }
                            const auto result = histogram::Fraction(lower[step], upper[step], *at.native);
                            if (result.nan_excluded) context.annotations.Add(FractionNan(source.metric, position));
                            return result.value;
                          });
}

base::Status HistogramQuantilesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const PositionRange position = call.args[0].position();
  const std::string& label = call.args[1].text;
  std::vector<ScalarColumn> quantiles;
  for (std::size_t i = 2; i < call.args.size(); ++i) {
    BW_ASSIGN_OR_RETURN(ScalarColumn q, call.args[i].scalar->Evaluate(context));
    for (const double value : q) CheckQuantile(value, call.args[i].position(), context);
    quantiles.push_back(std::move(q));
  }
  BW_ASSIGN_OR_RETURN(const HistogramInput input, HistogramInput::Read(*call.args[0].vector, context, position));
  return ProduceNameless(context, sink, [&](const RowSink& nameless) -> base::Status {
    for (const ScalarColumn& q : quantiles) {
      for (const HistogramInput::Source& source : input.sources()) {
        std::map<std::string, Row> rows;  // By the quantile's text, which may change from step to step.
        for (std::size_t step = 0; step < input.steps(); ++step) {
          const HistogramInput::At at = input.Get(source, step, context);
          if (!at.present()) continue;
          const auto [it, is_new] = rows.try_emplace(OpenMetricsNumber(q[step]), input.steps());
          it->second.SetFloat(step, QuantileOf(q[step], at, source, call.grid.At(step), position, context));
        }
        for (auto& [text, row] : rows) {
          row.labels = metric::LabelsBuilder(source.labels).Set(label, text).Build();
          BW_RETURN_IF_ERROR(nameless(row));
        }
      }
    }
    return base::OkStatus();
  });
}

}  // namespace bellwether::promql
