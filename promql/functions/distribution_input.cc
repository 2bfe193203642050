#include "promql/functions/distribution_input.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {

DistributionInput::DistributionInput(const Rows& rows, QueryContext& context, const Expr& vector, std::string_view by) {
  if (by != metric::kBucketLabel) {
    AddCategories(rows, by);
    return;
  }
  histograms_ = std::make_unique<HistogramInput>(rows, context, vector);
  for (const HistogramInput::Group& group : histograms_->groups()) {
    groups_.push_back({.labels = group.labels, .drop_name = group.drop_name, .categories = {}, .buckets = &group});
  }
}

void DistributionInput::AddCategories(const Rows& rows, std::string_view by) {
  const std::vector<std::string> by_only = {std::string(by)};
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> index;
  for (const Row& row : rows) {
    const auto [it, is_new] = index.try_emplace(WithoutLabels(row.labels, by_only), groups_.size());
    if (is_new) groups_.emplace_back().labels = it->first;
    Group& group = groups_[it->second];
    group.categories.push_back({.name = std::string(row.labels.Get(by)), .row = &row});
    group.drop_name |= row.drop_name;
  }
  for (Group& group : groups_) {
    std::sort(group.categories.begin(), group.categories.end(),
              [](const Category& a, const Category& b) { return a.name < b.name; });
  }
}

bool DistributionInput::PresentAt(const Group& group, std::size_t step) {
  const auto is_float = [&](const Row* row) { return row->cells[step] == Cell::kFloat; };
  if (group.buckets == nullptr) {
    return std::any_of(group.categories.begin(), group.categories.end(),
                       [&](const Category& c) { return is_float(c.row); });
  }
  const Row* const native = group.buckets->native;
  if (native != nullptr && native->cells[step] == Cell::kHistogram) return true;
  return std::any_of(group.buckets->classic.begin(), group.buckets->classic.end(),
                     [&](const HistogramInput::Group::BucketRow& b) { return is_float(b.row); });
}

DistributionInput::Form DistributionInput::BucketsAt(const Group& group, std::size_t step, judge::Distribution& out) {
  if (group.buckets->native != nullptr) {
    switch (histograms_->At(*group.buckets, step, read_)) {
      case HistogramInput::Form::kNone: return Form::kNone;
      case HistogramInput::Form::kNative:
        judge::FromNative(*group.buckets->native->histograms[step], out);
        return Form::kUsable;
      case HistogramInput::Form::kClassic: break;
    }
  }
  buckets_.clear();
  for (const HistogramInput::Group::BucketRow& bucket : group.buckets->classic) {
    if (bucket.row->cells[step] == Cell::kFloat) buckets_.push_back({bucket.upper, bucket.row->values[step]});
  }
  if (buckets_.empty()) return Form::kNone;
  return judge::FromClassic(buckets_, out) == judge::BucketFault::kNone ? Form::kUsable : Form::kUnusable;
}

}  // namespace bellwether::promql
