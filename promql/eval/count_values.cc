#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "promql/eval/aggregation.h"
#include "promql/eval/grouping.h"

namespace bellwether::promql {
namespace {

class CountValues final : public VectorOperator {
 public:
  CountValues(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input, std::string label)
      : expr_(expr), grid_(grid), input_(std::move(input)), label_(std::move(label)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    if (label_.empty() || !base::IsValidUtf8(label_)) {
      return base::Execution("invalid label name " + base::Quote(label_));
    }
    const Grouping grouping(expr_, label_);
    Rows rows;
    BudgetHold hold(context.budget);
    std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> row_of;
    const auto count_row = [&](Row& row) -> base::Status {
      std::unordered_map<std::string, std::size_t> row_of_text;  // Of this series: its values repeat.
      for (std::size_t i = 0; i < row.steps(); ++i) {
        if (!row.Present(i)) continue;
        const std::string text = TextOf(row, i);
        const auto [known, is_new_text] = row_of_text.try_emplace(text, 0);
        if (is_new_text) {
          const auto [it, is_new] = row_of.try_emplace(LabelsOf(grouping, row.labels, text), rows.size());
          if (is_new) {
            Row& made = rows.emplace_back(grid_.count);
            made.labels = it->first;
            BW_RETURN_IF_ERROR(hold.Add(grid_.count, BytesOf(made)));
          }
          known->second = it->second;
        }
        Row& out = rows[known->second];
        out.SetFloat(i, out.Present(i) ? out.values[i] + 1 : 1);
      }
      return base::OkStatus();
    };
    BW_RETURN_IF_ERROR(input_->Run(context, count_row));
    for (Row& row : rows) BW_RETURN_IF_ERROR(sink(row));
    return base::OkStatus();
  }

 private:
  static std::string TextOf(const Row& row, std::size_t step) {
    return row.cells[step] == Cell::kFloat ? base::FormatNumberF(row.values[step])
                                           : FormatHistogram(*row.histograms[step]);
  }

  metric::Labels LabelsOf(const Grouping& grouping, const metric::Labels& series, std::string_view text) const {
    return grouping.LabelsOf(metric::LabelsBuilder(series).Set(label_, text).Build());
  }

  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const Grid grid_;
  const VectorOperatorPtr input_;
  const std::string label_;
};

}  // namespace

VectorOperatorPtr MakeCountValues(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input, std::string label) {
  return std::make_unique<CountValues>(expr, grid, std::move(input), std::move(label));
}

}  // namespace bellwether::promql
