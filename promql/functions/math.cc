#include "promql/functions/math.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace bellwether::promql {
namespace {

double SignOf(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }
double ToRadians(double v) { return v * std::numbers::pi / 180; }
double ToDegrees(double v) { return v * 180 / std::numbers::pi; }

constexpr std::pair<std::string_view, FloatMap> kFloatMaps[] = {
    {"abs", [](double v) { return std::fabs(v); }},
    {"ceil", [](double v) { return std::ceil(v); }},
    {"floor", [](double v) { return std::floor(v); }},
    {"exp", [](double v) { return std::exp(v); }},
    {"ln", [](double v) { return std::log(v); }},
    {"log2", [](double v) { return std::log2(v); }},
    {"log10", [](double v) { return std::log10(v); }},
    {"sqrt", [](double v) { return std::sqrt(v); }},
    {"sin", [](double v) { return std::sin(v); }},
    {"cos", [](double v) { return std::cos(v); }},
    {"tan", [](double v) { return std::tan(v); }},
    {"asin", [](double v) { return std::asin(v); }},
    {"acos", [](double v) { return std::acos(v); }},
    {"atan", [](double v) { return std::atan(v); }},
    {"sinh", [](double v) { return std::sinh(v); }},
    {"cosh", [](double v) { return std::cosh(v); }},
    {"tanh", [](double v) { return std::tanh(v); }},
    {"asinh", [](double v) { return std::asinh(v); }},
    {"acosh", [](double v) { return std::acosh(v); }},
    {"atanh", [](double v) { return std::atanh(v); }},
    {"sgn", &SignOf},
    {"rad", &ToRadians},
    {"deg", &ToDegrees},
};

base::Status ClampBetween(FunctionCall& call, QueryContext& context, const RowSink& sink, const ScalarColumn* low,
                          const ScalarColumn* high) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto low_at = [&](std::size_t i) { return low != nullptr ? (*low)[i] : -infinity; };
  const auto high_at = [&](std::size_t i) { return high != nullptr ? (*high)[i] : infinity; };
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    return call.args[0].vector->Run(context, [&](Row& row) -> base::Status {
      for (std::size_t i = 0; i < row.steps(); ++i) {
        if (row.cells[i] != Cell::kFloat || high_at(i) < low_at(i)) {
          row.Clear(i);
        } else {
          row.values[i] = MaxOf(low_at(i), MinOf(high_at(i), row.values[i]));
        }
      }
      row.histograms.clear();
      return row.AnyPresent() ? nameless(row) : base::OkStatus();
    });
  });
}

}  // namespace

FloatMap FindFloatMap(std::string_view name) {
  for (const auto& [map_name, map] : kFloatMaps) {
    if (map_name == name) return map;
  }
  return nullptr;
}

double MaxOf(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return a > b ? a : b;
}

double MinOf(double a, double b) { return -MaxOf(-a, -b); }

base::Status RoundFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  ScalarColumn nearest(call.grid.count, 1);
  if (call.args.size() > 1) {
    BW_ASSIGN_OR_RETURN(nearest, call.args[1].scalar->Evaluate(context));
  }
  return MapFloats(call, context, sink, [&](std::size_t step, double v) {
    const double inverse = 1.0 / nearest[step];
    return std::floor(v * inverse + 0.5) / inverse;
  });
}

base::Status ClampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn low, call.args[1].scalar->Evaluate(context));
  BW_ASSIGN_OR_RETURN(const ScalarColumn high, call.args[2].scalar->Evaluate(context));
  return ClampBetween(call, context, sink, &low, &high);
}

base::Status ClampMinFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn low, call.args[1].scalar->Evaluate(context));
  return ClampBetween(call, context, sink, &low, nullptr);
}

base::Status ClampMaxFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn high, call.args[1].scalar->Evaluate(context));
  return ClampBetween(call, context, sink, nullptr, &high);
}

}  // namespace bellwether::promql
