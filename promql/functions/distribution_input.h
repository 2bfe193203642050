// promql/functions/distribution_input.h
//
// The rows of a vector as distributions: native histograms, classic buckets that agree on all labels but `le`, or, with
// a label named, samples that agree on all labels but that one, a category each. Grouped once; a step is then a walk
// over columns.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "judge/distribution.h"
#include "promql/functions/histogram_input.h"

namespace bellwether::promql {

class DistributionInput {
 public:
  struct Category {
    std::string name;
    const Row* row = nullptr;
  };
  struct Group {
    metric::Labels labels;  // Without `le`, or the label of categories.
    bool drop_name = false;
    std::vector<Category> categories;                // By name; empty for buckets.
    const HistogramInput::Group* buckets = nullptr;  // Null for categories.
  };

  // `by`: the label of categories; "le" for buckets. `rows` outlive this.
  DistributionInput(const Rows& rows, QueryContext& context, const Expr& vector, std::string_view by);

  [[nodiscard]] bool categorical() const { return histograms_ == nullptr; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

  // Whether the group has a sample at the step.
  [[nodiscard]] static bool PresentAt(const Group& group, std::size_t step);

  // What buckets are at a step. A native histogram lives as long as the rows.
  enum class Form : unsigned char { kNone, kUnusable, kUsable };
  [[nodiscard]] Form BucketsAt(const Group& group, std::size_t step, judge::Distribution& out);

 private:
  void AddCategories(const Rows& rows, std::string_view by);

  std::unique_ptr<HistogramInput> histograms_;
  std::vector<Group> groups_;
  std::vector<histogram::ClassicBucket> read_;
  std::vector<judge::CumulativeCount> buckets_;
};

}  // namespace bellwether::promql
