// promql/functions/histogram_input.h
//
// A vector seen as histograms: float series that agree on all labels but `le` are the buckets of one classic histogram,
// native ones stand for themselves. Series find their histogram once a query; each step then gathers what is present.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "promql/eval/label_memo.h"
#include "promql/eval/operator.h"
#include "promql/histogram/classic.h"

namespace bellwether::promql {

class HistogramInput {
 public:
  // `vector`: what `rows` come from, for notes about it (buckets without a bound, classic and native ones mixed).
  HistogramInput(const Rows& rows, QueryContext& context, const Expr& vector);

  // One histogram, in one form or the other, by its labels without `le`.
  struct Group {
    metric::Labels labels;
    bool drop_name = false;
    struct BucketRow {
      double upper = 0;
      const Row* row = nullptr;
    };
    std::vector<BucketRow> classic;  // Ascending bounds.
    const Row* native = nullptr;
  };
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

  // What a group is at a step. Both forms at once is noted and counts as neither.
  enum class Form : unsigned char { kNone, kClassic, kNative };
  // Fills `buckets` if the form is classic.
  [[nodiscard]] Form At(const Group& group, std::size_t step, std::vector<histogram::ClassicBucket>& buckets);

  // The name for notes: told only if it is still on the series, which is with delayed name removal.
  [[nodiscard]] std::string_view NameOf(const metric::Labels& labels) const;

 private:
  std::size_t GroupOf(metric::Labels labels);
  void AddClassic(const Row& row, MemoRun& memo);

  QueryContext& context_;
  const PositionRange position_;
  std::vector<Group> groups_;
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> index_;
};

}  // namespace bellwether::promql
