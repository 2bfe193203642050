// promql/functions/quality_functions.h
//
// accuracy_from and its kin (from counters of predicted and actual classes), parity over the groups of a label, and
// p-values corrected for being many. All look at samples that agree on every label but those named.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// (outcomes, label of the predicted class, label of the actual class). The last three: a sample a class, label `class`.
[[nodiscard]] base::Status AccuracyFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status PrecisionFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status RecallFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status F1FromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// (rates, label): how far the groups of the label are apart.
[[nodiscard]] base::Status ParityDifferenceFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status ParityRatioFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// (p, label...): Benjamini and Hochberg's correction over the named labels, within equal others.
[[nodiscard]] base::Status BhAdjustFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

}  // namespace bellwether::promql
