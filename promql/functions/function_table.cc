#include "promql/functions/function_table.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "promql/functions/absent.h"
#include "promql/functions/baseline_function.h"
#include "promql/functions/category_functions.h"
#include "promql/functions/changes.h"
#include "promql/functions/comparison_functions.h"
#include "promql/functions/dates.h"
#include "promql/functions/detector_functions.h"
#include "promql/functions/histogram_functions.h"
#include "promql/functions/label_functions.h"
#include "promql/functions/math.h"
#include "promql/functions/over_time.h"
#include "promql/functions/quality_functions.h"
#include "promql/functions/rate.h"
#include "promql/functions/regression.h"
#include "promql/functions/scalars.h"
#include "promql/functions/sort.h"

namespace bellwether::promql {
namespace {

constexpr RangeFunctionSpec kRangeFunctions[] = {
    {.name = "rate", .kernel = &RateKernel, .anchored_ok = true, .smoothed_ok = true},
    {.name = "increase", .kernel = &IncreaseKernel, .anchored_ok = true, .smoothed_ok = true},
    {.name = "delta", .kernel = &DeltaKernel, .anchored_ok = true, .smoothed_ok = true},
    {.name = "irate", .kernel = &IrateKernel},
    {.name = "idelta", .kernel = &IdeltaKernel},
    {.name = "changes", .kernel = &ChangesKernel, .anchored_ok = true},
    {.name = "resets", .kernel = &ResetsKernel, .anchored_ok = true},
    {.name = "deriv", .kernel = &DerivKernel},
    {.name = "predict_linear", .kernel = &PredictLinearKernel},
    {.name = "double_exponential_smoothing", .kernel = &DoubleExponentialSmoothing},
    {.name = "sum_over_time", .kernel = &SumOverTime},
    {.name = "avg_over_time", .kernel = &AvgOverTime},
    {.name = "min_over_time", .kernel = &MinOverTime},
    {.name = "max_over_time", .kernel = &MaxOverTime},
    {.name = "count_over_time", .kernel = &CountOverTime},
    {.name = "present_over_time", .kernel = &PresentOverTime},
    {.name = "stddev_over_time", .kernel = &StddevOverTime},
    {.name = "stdvar_over_time", .kernel = &StdvarOverTime},
    {.name = "quantile_over_time", .kernel = &QuantileOverTime},
    {.name = "mad_over_time", .kernel = &MadOverTime},
    {.name = "first_over_time", .kernel = &FirstOverTime, .name_rule = NameRule::kKeep},
    {.name = "last_over_time", .kernel = &LastOverTime, .name_rule = NameRule::kKeep},
    {.name = "ts_of_first_over_time", .kernel = &TsOfFirstOverTime},
    {.name = "ts_of_last_over_time", .kernel = &TsOfLastOverTime},
    {.name = "ts_of_min_over_time", .kernel = &TsOfMinOverTime},
    {.name = "ts_of_max_over_time", .kernel = &TsOfMaxOverTime},
    {.name = "adwin_over_time", .kernel = &AdwinOverTime},
    {.name = "cusum_over_time", .kernel = &CusumOverTime},
    {.name = "ewma_over_time", .kernel = &EwmaOverTime},
    {.name = "hddm_over_time", .kernel = &HddmOverTime},
    {.name = "page_hinkley_over_time", .kernel = &PageHinkleyOverTime},
    {.name = "seasonal_zscore", .kernel = &SeasonalZscore},
    {.name = "skewness_over_time", .kernel = &SkewnessOverTime},
};

constexpr std::pair<std::string_view, VectorFunction> kVectorFunctions[] = {
    {"absent", &AbsentFunction},
    {"absent_over_time", &AbsentOverTimeFunction},
    {"accuracy_from", &AccuracyFromFunction},
    {"auc_bounds", &AucBoundsFunction},
    {"baseline", &BaselineFunction},
    {"bh_adjust", &BhAdjustFunction},
    {"clamp", &ClampFunction},
    {"clamp_max", &ClampMaxFunction},
    {"clamp_min", &ClampMinFunction},
    {"drift_contribution", &DriftContributionFunction},
    {"f1_from", &F1FromFunction},
    {"histogram_fraction", &HistogramFractionFunction},
    {"histogram_quantile", &HistogramQuantileFunction},
    {"histogram_quantiles", &HistogramQuantilesFunction},
    {"ks_bounds", &KsBoundsFunction},
    {"label_join", &LabelJoinFunction},
    {"label_replace", &LabelReplaceFunction},
    {"new_categories", &NewCategoriesFunction},
    {"parity_difference", &ParityDifferenceFunction},
    {"parity_ratio", &ParityRatioFunction},
    {"precision_from", &PrecisionFromFunction},
    {"recall_from", &RecallFromFunction},
    {"round", &RoundFunction},
    {"sort", &SortFunction},
    {"sort_by_label", &SortByLabelFunction},
    {"sort_by_label_desc", &SortByLabelDescFunction},
    {"sort_desc", &SortDescFunction},
    {"start_timestamp", &StartTimestampFunction},
    {"timestamp", &TimestampFunction},
    {"vanished_categories", &VanishedCategoriesFunction},
    {"vector", &VectorOfScalar},
    {"wasserstein_bounds", &WassersteinBoundsFunction},
};

constexpr std::pair<std::string_view, ScalarFunction> kScalarFunctions[] = {
    {"end", &EndFunction},     {"max_of", &MaxOfFunction}, {"min_of", &MinOfFunction},
    {"pi", &PiFunction},       {"range", &RangeFunction},  {"scalar", &ScalarOfVector},
    {"start", &StartFunction}, {"step", &StepFunction},    {"time", &TimeFunction},
};

std::string JoinNames(bool RangeFunctionSpec::*allowed) {
  std::vector<std::string_view> names;
  for (const RangeFunctionSpec& f : kRangeFunctions) {
    if (f.*allowed) names.push_back(f.name);
  }
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

}  // namespace

const RangeFunctionSpec* FindRangeFunction(std::string_view name) {
  const auto* it = std::find_if(std::begin(kRangeFunctions), std::end(kRangeFunctions),
                                [&](const RangeFunctionSpec& f) { return f.name == name; });
  return it == std::end(kRangeFunctions) ? nullptr : it;
}

BoundVectorFunction FindVectorFunction(std::string_view name) {
  for (const auto& [function_name, function] : kVectorFunctions) {
    if (function_name == name) return function;
  }
  if (const FloatMap map = FindFloatMap(name)) {
    return [map](FunctionCall& call, QueryContext& context, const RowSink& sink) {
      return MapFloats(call, context, sink, [map](std::size_t, double v) { return map(v); });
    };
  }
  if (const DatePart part = FindDatePart(name)) {
    return [part](FunctionCall& call, QueryContext& context, const RowSink& sink) {
      return DateFunction(call, context, sink, part);
    };
  }
  if (const HistogramMap map = FindHistogramMap(name)) {
    return [map](FunctionCall& call, QueryContext& context, const RowSink& sink) {
      return MapHistograms(call, context, sink, map);
    };
  }
  if (const ComparisonSpec* spec = FindComparison(name)) {
    return [spec](FunctionCall& call, QueryContext& context, const RowSink& sink) {
      return ComparisonFunction(call, context, sink, *spec);
    };
  }
  return nullptr;
}

ScalarFunction FindScalarFunction(std::string_view name) {
  for (const auto& [function_name, function] : kScalarFunctions) {
    if (function_name == name) return function;
  }
  return nullptr;
}

std::string AnchoredFunctionNames() { return JoinNames(&RangeFunctionSpec::anchored_ok); }
std::string SmoothedFunctionNames() { return JoinNames(&RangeFunctionSpec::smoothed_ok); }

}  // namespace bellwether::promql
