#include "promql/parser/function_signatures.h"

#include <algorithm>

namespace bellwether::promql {
namespace {

constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kT = ValueType::kString;

FunctionSignature Stable(std::string_view name, std::vector<ValueType> args, int variadic = 0, ValueType result = kV) {
  return {.name = name, .args = std::move(args), .variadic = variadic, .result = result};
}

FunctionSignature Experimental(std::string_view name, std::vector<ValueType> args, int variadic = 0,
                               ValueType result = kV) {
  return {.name = name, .args = std::move(args), .variadic = variadic, .result = result, .experimental = true};
}

// Functions for models, our own. Strings from argument `names_from` on are names.
FunctionSignature OfModels(std::string_view name, std::vector<ValueType> args, int variadic = 0,
                           std::size_t names_from = FunctionSignature::kNoNames) {
  FunctionSignature signature = Stable(name, std::move(args), variadic);
  signature.for_models = true;
  signature.names_from = names_from;
  return signature;
}

// By name.
const std::vector<FunctionSignature>& SignatureTable() {
  static const std::vector<FunctionSignature> table = {
      Stable("abs", {kV}),
      Stable("absent", {kV}),
      Stable("absent_over_time", {kM}),
      OfModels("accuracy_from", {kV, kT, kT}, 0, 1),
      Stable("acos", {kV}),
      Stable("acosh", {kV}),
      OfModels("adwin_over_time", {kM, kS}),
      Stable("asin", {kV}),
      Stable("asinh", {kV}),
      Stable("atan", {kV}),
      Stable("atanh", {kV}),
      OfModels("auc", {kV, kV}),
      OfModels("auc_bounds", {kV, kV}),
      Stable("avg_over_time", {kM}),
      OfModels("baseline", {kT, kT}, 1, 0),
      OfModels("bh_adjust", {kV, kT, kT}, -1, 1),
      OfModels("calibration_error", {kV, kV}),
      Stable("ceil", {kV}),
      Stable("changes", {kM}),
      OfModels("chi2_pvalue", {kV, kV, kT}, 1, 2),
      OfModels("chi2_statistic", {kV, kV, kT}, 1, 2),
      Stable("clamp", {kV, kS, kS}),
      Stable("clamp_max", {kV, kS}),
      Stable("clamp_min", {kV, kS}),
      Stable("cos", {kV}),
      Stable("cosh", {kV}),
      Stable("count_over_time", {kM}),
      OfModels("cusum_over_time", {kM, kS, kS, kS}, 1),
      Stable("day_of_month", {kV}, 1),
      Stable("day_of_week", {kV}, 1),
      Stable("day_of_year", {kV}, 1),
      Stable("days_in_month", {kV}, 1),
      Stable("deg", {kV}),
      Stable("delta", {kM}),
      Stable("deriv", {kM}),
      Experimental("double_exponential_smoothing", {kM, kS, kS}),
      OfModels("drift_contribution", {kV, kV, kT}, 1, 2),
      Experimental("end", {}, 0, kS),
      OfModels("ewma_over_time", {kM, kS}),
      Stable("exp", {kV}),
      OfModels("f1_from", {kV, kT, kT}, 0, 1),
      Stable("first_over_time", {kM}),
      Stable("floor", {kV}),
      OfModels("hddm_over_time", {kM, kS}),
      OfModels("hellinger", {kV, kV, kT}, 1, 2),
      Stable("histogram_avg", {kV}),
      Stable("histogram_count", {kV}),
      Stable("histogram_fraction", {kS, kS, kV}),
      Stable("histogram_quantile", {kS, kV}),
      Experimental("histogram_quantiles", {kV, kT, kS, kS}, 9),
      Stable("histogram_stddev", {kV}),
      Stable("histogram_stdvar", {kV}),
      Stable("histogram_sum", {kV}),
      Stable("hour", {kV}, 1),
      Stable("idelta", {kM}),
      Stable("increase", {kM}),
      Experimental("info", {kV, kV}, 1),
      Stable("irate", {kM}),
      OfModels("js_divergence", {kV, kV, kT}, 1, 2),
      OfModels("kl_divergence", {kV, kV, kT}, 1, 2),
      OfModels("ks_bounds", {kV, kV, kT}, 1, 2),
      OfModels("ks_pvalue", {kV, kV, kT}, 1, 2),
      OfModels("ks_statistic", {kV, kV, kT}, 1, 2),
      Stable("label_join", {kV, kT, kT, kT}, -1),
      Stable("label_replace", {kV, kT, kT, kT, kT}),
      Stable("last_over_time", {kM}),
      Stable("ln", {kV}),
      Stable("log10", {kV}),
      Stable("log2", {kV}),
      Experimental("mad_over_time", {kM}),
      Experimental("max_of", {kS, kS}, 0, kS),
      Stable("max_over_time", {kM}),
      OfModels("mean_shift", {kV, kV}),
      Experimental("min_of", {kS, kS}, 0, kS),
      Stable("min_over_time", {kM}),
      Stable("minute", {kV}, 1),
      Stable("month", {kV}, 1),
      OfModels("new_categories", {kV, kV, kT}, 0, 2),
      OfModels("page_hinkley_over_time", {kM, kS, kS}),
      OfModels("parity_difference", {kV, kT}, 0, 1),
      OfModels("parity_ratio", {kV, kT}, 0, 1),
      Stable("pi", {}, 0, kS),
      OfModels("precision_from", {kV, kT, kT}, 0, 1),
      Stable("predict_linear", {kM, kS}),
      Stable("present_over_time", {kM}),
      OfModels("psi", {kV, kV, kT}, 1, 2),
      Stable("quantile_over_time", {kS, kM}),
      OfModels("quantile_shift", {kS, kV, kV}),
      Stable("rad", {kV}),
      Experimental("range", {}, 0, kS),
      Stable("rate", {kM}),
      OfModels("recall_from", {kV, kT, kT}, 0, 1),
      Stable("resets", {kM}),
      Stable("round", {kV, kS}, 1),
      Stable("scalar", {kV}, 0, kS),
      OfModels("seasonal_zscore", {kM, kS}),
      Stable("sgn", {kV}),
      Stable("sin", {kV}),
      Stable("sinh", {kV}),
      OfModels("skewness_over_time", {kM}),
      Stable("sort", {kV}),
      Experimental("sort_by_label", {kV, kT}, -1),
      Experimental("sort_by_label_desc", {kV, kT}, -1),
      Stable("sort_desc", {kV}),
      OfModels("spread_ratio", {kV, kV}),
      Stable("sqrt", {kV}),
      Experimental("start", {}, 0, kS),
      Experimental("start_timestamp", {kV}),
      Stable("stddev_over_time", {kM}),
      Stable("stdvar_over_time", {kM}),
      Experimental("step", {}, 0, kS),
      Stable("sum_over_time", {kM}),
      Stable("tan", {kV}),
      Stable("tanh", {kV}),
      Stable("time", {}, 0, kS),
      Stable("timestamp", {kV}),
      OfModels("total_variation", {kV, kV, kT}, 1, 2),
      Experimental("ts_of_first_over_time", {kM}),
      Experimental("ts_of_last_over_time", {kM}),
      Experimental("ts_of_max_over_time", {kM}),
      Experimental("ts_of_min_over_time", {kM}),
      OfModels("vanished_categories", {kV, kV, kT}, 0, 2),
      Stable("vector", {kS}),
      OfModels("wasserstein", {kV, kV, kT}, 1, 2),
      OfModels("wasserstein_bounds", {kV, kV, kT}, 1, 2),
      OfModels("wasserstein_normalized", {kV, kV, kT}, 1, 2),
      Stable("year", {kV}, 1),
  };
  return table;
}

}  // namespace

const FunctionSignature* FindFunction(std::string_view name) {
  const auto& table = SignatureTable();
  const auto it = std::lower_bound(table.begin(), table.end(), name,
                                   [](const FunctionSignature& f, std::string_view n) { return f.name < n; });
  return it != table.end() && it->name == name ? &*it : nullptr;
}

std::span<const FunctionSignature> AllFunctions() { return SignatureTable(); }

}  // namespace bellwether::promql
