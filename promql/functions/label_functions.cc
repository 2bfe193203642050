#include "promql/functions/label_functions.h"

#include <utility>
#include <vector>

#include "base/utf8.h"
#include "metric/anchored_regex.h"

namespace bellwether::promql {
namespace {

// Runs the first argument and gives each row the labels that `rewrite(row)` makes, or leaves them (nothing).
template <typename Rewrite>
base::Status RewriteLabels(FunctionCall& call, QueryContext& context, const RowSink& sink, std::string_view destination,
                           Rewrite rewrite) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *call.args[0].vector));
  for (Row& row : all.rows) {
    const std::optional<std::string> value = rewrite(row.labels);
    if (!value) continue;
    row.labels = metric::LabelsBuilder(row.labels).Set(destination, *value).Build();
    // Who names a series anew means it to have a name.
    if (destination == metric::kMetricName) row.drop_name = false;
  }
  return PushMerged(std::move(all.rows), sink);
}

}  // namespace

bool IsLabelName(std::string_view name) { return !name.empty() && base::IsValidUtf8(name); }

base::Status LabelReplaceFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& destination = call.args[1].text;
  const std::string& replacement = call.args[2].text;
  const std::string& source = call.args[3].text;
  const base::Result<metric::AnchoredRegex> regex = metric::AnchoredRegex::Make(call.args[4].text);
  if (!regex.ok()) {
    return base::Execution("invalid regular expression in label_replace(): " + call.args[4].text);
  }
  if (!IsLabelName(destination)) {
    return base::Execution("invalid destination label name in label_replace(): " + destination);
  }
  return RewriteLabels(call, context, sink, destination,
                       [&](const metric::Labels& labels) -> std::optional<std::string> {
                         const auto match = regex->Find(labels.Get(source));
                         if (!match) return std::nullopt;
                         return match->Expand(replacement);
                       });
}

base::Status LabelJoinFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  const std::string& destination = call.args[1].text;
  const std::string& separator = call.args[2].text;
  for (std::size_t i = 3; i < call.args.size(); ++i) {
    if (!IsLabelName(call.args[i].text)) {
      return base::Execution("invalid source label name in label_join(): " + call.args[i].text);
    }
  }
  if (!IsLabelName(destination)) {
    return base::Execution("invalid destination label name in label_join(): " + destination);
  }
  return RewriteLabels(call, context, sink, destination, [&](const metric::Labels& labels) {
    std::string joined;
    for (std::size_t i = 3; i < call.args.size(); ++i) {
      if (i > 3) joined += separator;
      joined += labels.Get(call.args[i].text);
    }
    return std::optional<std::string>(std::move(joined));
  });
}

}  // namespace bellwether::promql
