#include "promql/functions/category_functions.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/number.h"
#include "judge/divergence.h"
#include "promql/functions/distribution_pairs.h"

namespace bellwether::promql {
namespace {

// Gives each bin of each pair a value: value_of(pair, values) fills one a bin; NaN for none.
template <typename ValueOf>
base::Status ByBin(FunctionCall& call, QueryContext& context, const RowSink& sink, const PairNeeds& needs,
                   ValueOf value_of) {
  BW_ASSIGN_OR_RETURN(const auto pairs, DistributionPairs::Make(call, context, needs));
  const auto produce = [&](const RowSink& nameless) -> base::Status {
    std::vector<double> values;
    for (std::size_t i = 0; i < pairs->size(); ++i) {
      BW_RETURN_IF_ERROR(context.CheckAlive());
      pairs->Enter(i);
      std::map<std::string, Row> rows;  // By the label of the bin: bins may differ from step to step.
      for (std::size_t step = 0; step < call.grid.count; ++step) {
        BW_ASSIGN_OR_RETURN(const DistributionPairs::State state, pairs->At(step));
        if (state != DistributionPairs::State::kComparable) continue;
        const DistributionPair& pair = pairs->pair();
        values.assign(pair.aligned.reference.size(), judge::kUnknown);
        value_of(pair, values);
        for (std::size_t bin = 0; bin < values.size(); ++bin) {
          if (std::isnan(values[bin])) continue;
          std::string label =
              pair.categorical ? pair.categories[bin] : base::FormatNumberG(pair.aligned.edges[bin + 1]);
          rows.try_emplace(std::move(label), call.grid.count).first->second.SetFloat(step, values[bin]);
        }
      }
      for (auto& [label, row] : rows) {
        row.labels = metric::LabelsBuilder(pairs->group(i).labels).Set(pairs->by(), label).Build();
        row.drop_name = pairs->group(i).drop_name;
        BW_RETURN_IF_ERROR(nameless(row));
      }
    }
    pairs->TellNotes();
    return base::OkStatus();
  };
  return ProduceNameless(context, *call.expr, sink, produce);
}

// The share that bins have of `side`, where `other` has nothing.
void SharesWithout(const std::vector<double>& side, const std::vector<double>& other, std::vector<double>& shares) {
  const double total = judge::TotalOf(side);
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (side[i] > 0 && !(other[i] > 0)) shares[i] = side[i] / total;
  }
}

constexpr PairNeeds kEveryCategory = {.all_categories = true};

}  // namespace

base::Status DriftContributionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  constexpr PairNeeds kBins = {.bins_max = judge::kDivergenceBinsMax};
  return ByBin(call, context, sink, kBins, [](const DistributionPair& pair, std::vector<double>& values) {
    judge::PsiByBin(pair.aligned.reference, pair.aligned.current, values);
    const double total = judge::TotalOf(values);
    for (double& v : values) v = total > 0 ? v / total : v;  // No drift: no part of it anywhere.
  });
}

base::Status NewCategoriesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ByBin(call, context, sink, kEveryCategory, [](const DistributionPair& pair, std::vector<double>& values) {
    SharesWithout(pair.aligned.current, pair.aligned.reference, values);
  });
}

base::Status VanishedCategoriesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ByBin(call, context, sink, kEveryCategory, [](const DistributionPair& pair, std::vector<double>& values) {
    SharesWithout(pair.aligned.reference, pair.aligned.current, values);
  });
}

}  // namespace bellwether::promql
