#include "promql/functions/histogram_input.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/number.h"

namespace bellwether::promql {

base::Result<HistogramInput> HistogramInput::Read(VectorOperator& op, QueryContext& context, PositionRange position) {
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, op));
  HistogramInput input(std::move(all));
  input.position_ = position;
  input.SortOut(context);
  return input;
}

void HistogramInput::SortOut(QueryContext& context) {
  const bool named = context.flags.delayed_name_removal;
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> native;
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> classic;
  for (std::size_t i = 0; i < all_.rows.size(); ++i) {
    const Row& row = all_.rows[i];
    steps_ = row.steps();
    const std::string metric(named ? row.labels.Name() : std::string_view());
    const auto has = [&](Cell kind) { return std::find(row.cells.begin(), row.cells.end(), kind) != row.cells.end(); };
    if (has(Cell::kHistogram)) {
      native.emplace(row.labels, sources_.size());
      sources_.push_back(
          {.labels = row.labels, .metric = metric, .native_row = i, .bucket_rows = {}, .rival = std::nullopt});
    }
    if (!has(Cell::kFloat)) continue;
    const std::string_view le = row.labels.Get(metric::kBucketLabel);
    const auto bound = base::ParseNumber(le);
    if (!bound || std::isnan(*bound)) {
      context.annotations.Add(BadBucketLabel(metric, le, position_));
      continue;
    }
    metric::Labels labels = metric::LabelsBuilder(row.labels).Remove(metric::kBucketLabel).Build();
    const auto [it, is_new] = classic.try_emplace(labels, sources_.size());
    if (is_new) {
      sources_.push_back({.labels = std::move(labels),
                          .metric = metric,
                          .native_row = std::nullopt,
                          .bucket_rows = {},
                          .rival = std::nullopt});
    }
    sources_[it->second].bucket_rows.emplace_back(*bound, i);
  }
  for (const auto& [labels, of_classic] : classic) {
    const auto of_native = native.find(labels);
    if (of_native == native.end()) continue;
    sources_[of_classic].rival = of_native->second;
    sources_[of_native->second].rival = of_classic;
  }
}

bool HistogramInput::PresentAt(const Source& source, std::size_t step) const {
  if (source.native_row) return all_.rows[*source.native_row].cells[step] == Cell::kHistogram;
  return std::any_of(source.bucket_rows.begin(), source.bucket_rows.end(),
                     [&](const auto& bucket) { return all_.rows[bucket.second].cells[step] == Cell::kFloat; });
}

HistogramInput::At HistogramInput::Get(const Source& source, std::size_t step, QueryContext& context) const {
  At at;
  if (!PresentAt(source, step)) return at;
  if (source.rival && PresentAt(sources_[*source.rival], step)) {
    context.annotations.Add(MixedClassicNative(source.metric, position_));
    return at;
  }
  if (source.native_row) {
    at.native = all_.rows[*source.native_row].histograms[step].get();
    return at;
  }
  for (const auto& [bound, index] : source.bucket_rows) {
    const Row& row = all_.rows[index];
    if (row.cells[step] == Cell::kFloat) at.classic.push_back({.upper = bound, .count = row.values[step]});
  }
  return at;
}

}  // namespace bellwether::promql
