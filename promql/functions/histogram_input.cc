#include "promql/functions/histogram_input.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/number.h"
#include "promql/eval/label_sets.h"

namespace bellwether::promql {
namespace {

bool HasCell(const Row& row, Cell kind) {
  return std::find(row.cells.begin(), row.cells.end(), kind) != row.cells.end();
}

}  // namespace

HistogramInput::HistogramInput(const Rows& rows, QueryContext& context, const Expr& vector)
    : context_(context), position_(vector.position) {
  MemoRun memo(MemoOf(context, MemoRole::kHistogram, vector));
  for (const Row& row : rows) {
    if (row.has_histograms() && HasCell(row, Cell::kHistogram)) {
      Group& group = groups_[GroupOf(row.labels)];
      group.native = &row;
      group.drop_name |= row.drop_name;
    }
    if (HasCell(row, Cell::kFloat)) AddClassic(row, memo);
  }
  for (Group& group : groups_) {
    std::stable_sort(group.classic.begin(), group.classic.end(),
                     [](const Group::BucketRow& a, const Group::BucketRow& b) { return a.upper < b.upper; });
  }
}

void HistogramInput::AddClassic(const Row& row, MemoRun& memo) {
  static const std::vector<std::string> kBucketLabelOnly = {std::string(metric::kBucketLabel)};
  const std::string_view text = row.labels.Get(metric::kBucketLabel);
  const std::optional<double> upper = base::ParseNumber(text);
  if (!upper || std::isnan(*upper)) {
    context_.annotations.Add(BadBucketLabel(NameOf(row.labels), text, position_));
    return;
  }
  const auto without_bucket = [](const metric::Labels& labels) { return WithoutLabels(labels, kBucketLabelOnly); };
  Group& group = groups_[GroupOf(memo.Of(row.labels, without_bucket))];
  group.classic.push_back({*upper, &row});
  group.drop_name |= row.drop_name;
}

std::size_t HistogramInput::GroupOf(metric::Labels labels) {
  const auto [it, is_new] = index_.try_emplace(std::move(labels), groups_.size());
  if (is_new) groups_.emplace_back().labels = it->first;
  return it->second;
}

HistogramInput::Form HistogramInput::At(const Group& group, std::size_t step,
                                        std::vector<histogram::ClassicBucket>& buckets) {
  buckets.clear();
  for (const Group::BucketRow& bucket : group.classic) {
    if (bucket.row->cells[step] == Cell::kFloat) buckets.push_back({bucket.upper, bucket.row->values[step]});
  }
  const bool native = group.native != nullptr && group.native->cells[step] == Cell::kHistogram;
  if (native && !buckets.empty()) {
    context_.annotations.Add(MixedClassicNative(NameOf(group.labels), position_));
    return Form::kNone;
  }
  if (native) return Form::kNative;
  return buckets.empty() ? Form::kNone : Form::kClassic;
}

std::string_view HistogramInput::NameOf(const metric::Labels& labels) const {
  return context_.flags.delayed_name_removal ? labels.Name() : std::string_view();
}

}  // namespace bellwether::promql
