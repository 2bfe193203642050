#include "promql/eval/unique_rows.h"

#include <unordered_map>
#include <utility>

#include "promql/eval/label_sets.h"
#include "promql/eval/query_context.h"

namespace bellwether::promql {
namespace {

// False if both rows have a cell at one step.
bool MergeRowInto(Row& into, const Row& row) {
  for (std::size_t i = 0; i < row.steps(); ++i) {
    if (!row.Present(i)) continue;
    if (into.Present(i)) return false;
    into.Take(i, row);
  }
  return true;
}

struct LabelsPtrHash {
  std::size_t operator()(const metric::Labels* l) const { return static_cast<std::size_t>(l->Hash()); }
};
struct LabelsPtrEqual {
  bool operator()(const metric::Labels* a, const metric::Labels* b) const { return *a == *b; }
};

}  // namespace

base::Status MergeEqualRows(Rows& rows, Overlap overlap) {
  if (rows.size() < 2) return base::OkStatus();
  // Keys point at the labels of rows that stay where they are.
  std::unordered_map<const metric::Labels*, std::size_t, LabelsPtrHash, LabelsPtrEqual> first_of;
  first_of.reserve(rows.size());
  std::vector<bool> gone(rows.size());
  bool any_gone = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [it, is_new] = first_of.emplace(&rows[i].labels, i);
    if (is_new) continue;
    if (overlap == Overlap::kAnywhere || !MergeRowInto(rows[it->second], rows[i])) return SameLabelsetError();
    gone[i] = any_gone = true;
  }
  if (!any_gone) return base::OkStatus();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) rows[kept] = std::move(rows[i]);
    ++kept;
  }
  rows.resize(kept);
  return base::OkStatus();
}

base::Status RemoveDelayedNames(Rows& rows) {
  for (Row& row : rows) {
    if (row.drop_name) row.labels = WithoutMetadata(row.labels);
    row.drop_name = false;
  }
  return MergeEqualRows(rows, Overlap::kAtStep);
}

}  // namespace bellwether::promql
