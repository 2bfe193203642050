#include "promql/functions/baseline_function.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/quote.h"
#include "judge/baseline_source.h"

namespace bellwether::promql {
namespace {

// A baseline, and the steps at which it is the one.
struct Active {
  std::shared_ptr<const judge::Baseline> baseline;
  std::vector<std::size_t> steps;
};

}  // namespace

base::Status BaselineFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& name = call.args[0].text;
  const std::string version = call.args.size() > 1 ? call.args[1].text : "";
  std::vector<Active> active;
  bool missing = false;
  for (std::size_t step = 0; step < call.grid.count; ++step) {
    auto found = context.baselines == nullptr ? nullptr : context.baselines->Find(name, version, call.grid.At(step));
    if (found == nullptr) {
      missing = true;
      continue;
    }
    if (active.empty() || active.back().baseline != found) active.push_back({std::move(found), {}});
    active.back().steps.push_back(step);
  }
  if (missing) {
    const std::string which = version.empty() ? "promoted" : fmt::format("with version {}", base::Quote(version));
    context.annotations.Add(
        {Annotation::Kind::kWarning, fmt::format("no baseline {} {}", base::Quote(name), which), call.position});
  }
  Row row;
  for (const Active& one : active) {
    for (const judge::BaselineSeries& series : one.baseline->series) {
      row.Reset(call.grid.count);
      row.labels = series.labels;
      row.drop_name = false;
      for (const std::size_t step : one.steps) {
        if (series.histogram != nullptr) {
          row.SetHistogram(step, series.histogram);
        } else {
          row.SetFloat(step, series.value);
        }
      }
      BW_RETURN_IF_ERROR(sink(row));
    }
  }
  return base::OkStatus();
}

}  // namespace bellwether::promql
