#include "promql/functions/quality_functions.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/quote.h"
#include "judge/classification.h"
#include "judge/multiple_testing.h"
#include "judge/proportion.h"
#include "promql/functions/row_families.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

constexpr std::string_view kClassLabel = "class";
// A matrix has the square of these cells: a label with more values names no class.
constexpr std::size_t kClassesMax = 1000;

bool HasFloat(const Row& row, std::size_t step) { return row.cells[step] == Cell::kFloat; }

// The counters of one model: which cell of the matrix each row fills.
class Outcomes {
 public:
  Outcomes(const RowFamily& family, const std::string& predicted, const std::string& actual) {
    std::map<std::string, std::size_t, std::less<>> classes;
    for (const Row* row : family.rows) {
      classes.try_emplace(std::string(row->labels.Get(predicted)));
      classes.try_emplace(std::string(row->labels.Get(actual)));
    }
    for (auto& [name, number] : classes) {
      number = names_.size();
      names_.push_back(name);
    }
    for (const Row* row : family.rows) {
      cells_.push_back(
          {row, classes.find(row->labels.Get(actual))->second, classes.find(row->labels.Get(predicted))->second});
    }
  }

  [[nodiscard]] const std::vector<std::string>& classes() const { return names_; }
  // Nothing without samples.
  [[nodiscard]] std::optional<judge::Quality> At(std::size_t step) const {
    judge::ConfusionMatrix matrix(names_.size());
    bool any = false;
    for (const CellOf& cell : cells_) {
      if (!HasFloat(*cell.row, step)) continue;
      matrix.Add(cell.actual, cell.predicted, cell.row->values[step]);
      any = true;
    }
    return any ? std::optional(judge::QualityOf(matrix)) : std::nullopt;
  }

 private:
  struct CellOf {
    const Row* row;
    std::size_t actual;
    std::size_t predicted;
  };
  std::vector<std::string> names_;
  std::vector<CellOf> cells_;
};

// Samples that lack one of the labels say nothing of either class: told, and left out.
void DropUnlabelled(Rows& rows, const FunctionCall& call, QueryContext& context) {
  for (const std::size_t argument : {1, 2}) {
    const std::string& label = call.args[argument].text;
    const auto dropped = std::erase_if(rows, [&](const Row& row) { return !row.labels.Has(label); });
    if (dropped == 0) continue;
    context.annotations.Add({Annotation::Kind::kWarning,
                             fmt::format("ignored {} series without label {} in {}", dropped, base::Quote(label),
                                         static_cast<const Call*>(call.expr)->function->name),
                             call.position});
  }
}

// Calls each(family's outcomes, labels) -> Status.
template <typename Each>
base::Status ForOutcomes(FunctionCall& call, QueryContext& context, Each each) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  DropUnlabelled(all.rows, call, context);
  const std::string& predicted = call.args[1].text;
  const std::string& actual = call.args[2].text;
  const std::vector<std::string> both = {predicted, actual};
  for (const RowFamily& family : FamiliesOf(all.rows, both)) {
    BW_RETURN_IF_ERROR(context.CheckAlive());
    const Outcomes outcomes(family, predicted, actual);
    if (outcomes.classes().size() > kClassesMax) {
      return base::Execution(fmt::format("{}: {} classes in labels {} and {}, more than {}",
                                         static_cast<const Call*>(call.expr)->function->name, outcomes.classes().size(),
                                         base::Quote(predicted), base::Quote(actual), kClassesMax));
    }
    BW_RETURN_IF_ERROR(each(outcomes, family.labels));
  }
  return base::OkStatus();
}

// One sample a class, of this number.
base::Status ByClass(FunctionCall& call, QueryContext& context, const RowSink& sink,
                     double judge::ClassQuality::*number) {
  return ForOutcomes(call, context, [&](const Outcomes& outcomes, const metric::Labels& labels) -> base::Status {
    const Row empty(call.grid.count);
    BudgetHold hold(context.budget);
    BW_RETURN_IF_ERROR(hold.Add(0, outcomes.classes().size() * BytesOf(empty)));
    Rows rows(outcomes.classes().size(), empty);
    for (std::size_t step = 0; step < call.grid.count; ++step) {
      const std::optional<judge::Quality> quality = outcomes.At(step);
      if (!quality) continue;
      for (std::size_t c = 0; c < rows.size(); ++c) rows[c].SetFloat(step, quality->of_class[c].*number);
    }
    for (std::size_t c = 0; c < rows.size(); ++c) {
      if (!rows[c].AnyPresent()) continue;
      rows[c].labels = metric::LabelsBuilder(labels).Set(kClassLabel, outcomes.classes()[c]).Build();
      BW_RETURN_IF_ERROR(sink(rows[c]));
    }
    return base::OkStatus();
  });
}

base::Status ParityFunction(FunctionCall& call, QueryContext& context, const RowSink& sink,
                            double judge::Parity::*number) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  const std::vector<std::string> label = {call.args[1].text};
  std::vector<double> rates;
  for (const RowFamily& family : FamiliesOf(all.rows, label)) {
    Row out(call.grid.count);
    for (std::size_t step = 0; step < call.grid.count; ++step) {
      rates.clear();
      for (const Row* row : family.rows) {
        if (HasFloat(*row, step)) rates.push_back(row->values[step]);
      }
      if (!rates.empty()) out.SetFloat(step, judge::ParityOf(rates).*number);
    }
    if (!out.AnyPresent()) continue;
    out.labels = family.labels;
    BW_RETURN_IF_ERROR(sink(out));
  }
  return base::OkStatus();
}

}  // namespace

base::Status AccuracyFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ForOutcomes(call, context, [&](const Outcomes& outcomes, const metric::Labels& labels) -> base::Status {
    Row row(call.grid.count);
    for (std::size_t step = 0; step < call.grid.count; ++step) {
      if (const std::optional<judge::Quality> quality = outcomes.At(step)) row.SetFloat(step, quality->accuracy);
    }
    row.labels = labels;
    return row.AnyPresent() ? sink(row) : base::OkStatus();
  });
}

base::Status PrecisionFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ByClass(call, context, sink, &judge::ClassQuality::precision);
}

base::Status RecallFromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ByClass(call, context, sink, &judge::ClassQuality::recall);
}

base::Status F1FromFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ByClass(call, context, sink, &judge::ClassQuality::f1);
}

base::Status ParityDifferenceFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ParityFunction(call, context, sink, &judge::Parity::difference);
}

base::Status ParityRatioFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ParityFunction(call, context, sink, &judge::Parity::ratio);
}

base::Status BhAdjustFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  std::vector<std::string> labels;
  for (std::size_t i = 1; i < call.args.size(); ++i) labels.push_back(call.args[i].text);
  std::size_t unknown = 0;
  for (const RowFamily& family : FamiliesOf(all.rows, labels)) {
    BW_RETURN_IF_ERROR(context.CheckAlive());
    std::vector<double> p;
    for (std::size_t step = 0; step < call.grid.count; ++step) {
      p.clear();
      for (const Row* row : family.rows) p.push_back(HasFloat(*row, step) ? row->values[step] : judge::kUnknown);
      const std::vector<double> adjusted = judge::AdjustPValues(p, judge::Adjustment::kBenjaminiHochberg);
      for (std::size_t i = 0; i < p.size(); ++i) {
        if (!HasFloat(*family.rows[i], step)) {
          family.rows[i]->Clear(step);
          continue;
        }
        if (std::isnan(p[i])) ++unknown;
        family.rows[i]->SetFloat(step, adjusted[i]);
      }
    }
  }
  if (unknown > 0) {
    context.annotations.Add(
        {Annotation::Kind::kInfo, fmt::format("bh_adjust left out {} p-values that are NaN", unknown), call.position});
  }
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) -> base::Status {
    for (Row& row : all.rows) {
      if (row.AnyPresent()) BW_RETURN_IF_ERROR(nameless(row));
    }
    return base::OkStatus();
  });
}

}  // namespace bellwether::promql
