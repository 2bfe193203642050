#include "promql/eval/binary_vectors.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "promql/eval/binary_values.h"
#include "promql/eval/label_memo.h"
#include "promql/eval/label_sets.h"
#include "promql/eval/match_slots.h"
#include "promql/eval/nameless.h"

namespace bellwether::promql {
namespace {

inline constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);

// The rows of one match group: indices into the many side and the one side (of one-to-one: left and right).
struct MatchGroup {
  std::vector<std::size_t> many;
  std::vector<std::size_t> one;
};

// Notes of one operator: at each step only the last one is kept, as upstream does.
class StepNotes {
 public:
  // `order`: the element's place in the order of evaluation within the step.
  void Put(std::size_t step, std::size_t order, Annotation note) {
    const auto [it, is_new] = last_.try_emplace(step, order, note);
    if (!is_new && order >= it->second.first) it->second = {order, std::move(note)};
  }
  void Flush(AnnotationSet& annotations) {
    for (auto& [step, note] : last_) annotations.Add(std::move(note.second));
  }

 private:
  std::map<std::size_t, std::pair<std::size_t, Annotation>> last_;
};

// Everything about one run; the operator below only owns the plan.
class VectorJoin {
 public:
  VectorJoin(QueryContext& context, const Binary& expr, const CellOperator& op, const Grid& grid, Rows& lhs, Rows& rhs,
             BudgetHold& hold)
      : expr_(expr),
        hold_(hold),
        matching_(*expr.matching),
        operator_(op),
        steps_(grid.count),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        one_to_one_(matching_.cardinality == Cardinality::kOneToOne),
        drop_at_once_(op.drops_name() || (expr.return_bool && !context.flags.delayed_name_removal)),
        match_names_(SortedNames(matching_.labels)),
        many_(swapped_ ? rhs : lhs),
        one_(swapped_ ? lhs : rhs),
        slots_(matching_, MemoOf(context, MemoRole::kMatch, expr)),
        memo_(one_to_one_ ? MemoOf(context, drop_at_once_ ? MemoRole::kNamelessResult : MemoRole::kResult, expr)
                          : nullptr) {}

  base::Result<Rows> Run(AnnotationSet& annotations) {
    Group();
    BW_RETURN_IF_ERROR(hold_.Add(0, slots_.bytes() + groups_.size() * sizeof(MatchGroup)));
    for (std::size_t slot = 0; slot < groups_.size(); ++slot) BW_RETURN_IF_ERROR(JoinGroup(slot));
    notes_.Flush(annotations);
    std::erase_if(result_, [](const Row& row) { return !row.AnyPresent(); });
    return std::move(result_);
  }

 private:
  void Group() {
    const std::vector<std::size_t> many_slots = slots_.SlotsOf(many_);
    const std::vector<std::size_t> one_slots = slots_.SlotsOf(one_);
    groups_.resize(slots_.count());
    for (std::size_t i = 0; i < many_.size(); ++i) groups_[many_slots[i]].many.push_back(i);
    for (std::size_t i = 0; i < one_.size(); ++i) groups_[one_slots[i]].one.push_back(i);
  }

  // The one-side row of each step; kNoRow where there is none. Two at one step are an error.
  base::Status FindPartners(std::size_t slot, std::vector<std::size_t>& partners) {
    partners.assign(steps_, kNoRow);
    for (const std::size_t row : groups_[slot].one) {
      for (std::size_t i = 0; i < steps_; ++i) {
        if (!one_[row].Present(i)) continue;
        if (partners[i] != kNoRow && (HasFill() || AnyManyAt(i))) return DuplicateError(slot, partners[i], row);
        partners[i] = row;
      }
    }
    return base::OkStatus();
  }

  bool HasFill() const { return matching_.fill_left || matching_.fill_right; }
  bool AnyManyAt(std::size_t step) const {
    return std::any_of(many_.begin(), many_.end(), [&](const Row& row) { return row.Present(step); });
  }

  base::Status DuplicateError(std::size_t slot, std::size_t a, std::size_t b) const {
    std::string first = one_[a].labels.ToString();
    std::string second = one_[b].labels.ToString();
    if (second < first) std::swap(first, second);
    return base::Execution(fmt::format(
        "found duplicate series for the match group {} on the {} hand-side of the operation: [{}, {}];many-to-many "
        "matching not allowed: matching labels must be unique on one side",
        slots_.GroupOf(slot).ToString(), swapped_ ? "left" : "right", first, second));
  }

  base::Status JoinGroup(std::size_t slot) {
    const MatchGroup& group = groups_[slot];
    if (group.many.empty() && !matching_.fill_left && group.one.size() < 2) return base::OkStatus();
    if (group.one.empty() && !matching_.fill_right) return base::OkStatus();
    BW_RETURN_IF_ERROR(FindPartners(slot, partners_));
    matched_.assign(steps_, 0);
    row_of_labels_.clear();
    for (const std::size_t row : group.many) BW_RETURN_IF_ERROR(JoinManyRow(slot, row));
    // Whatever the cardinality, fill_left stands in for the many side and fill_right for the one side.
    if (matching_.fill_left) BW_RETURN_IF_ERROR(FillManySide(slot));
    return base::OkStatus();
  }

  base::Status JoinManyRow(std::size_t slot, std::size_t many_row) {
    const Row& row = many_[many_row];
    std::size_t last_partner = kNoRow;
    std::size_t out = kNoRow;
    for (std::size_t i = 0; i < steps_; ++i) {
      if (!row.Present(i)) continue;
      const std::size_t partner = partners_[i];
      if (partner == kNoRow && !matching_.fill_right) continue;
      const CellView one = partner == kNoRow ? FloatView(*matching_.fill_right) : ViewOf(one_[partner], i);
      if (out == kNoRow || partner != last_partner) {
        BW_ASSIGN_OR_RETURN(out,
                            ResultRow(row.labels, partner == kNoRow ? slots_.GroupOf(slot) : one_[partner].labels));
        last_partner = partner;
      }
      BW_RETURN_IF_ERROR(Put(out, i, ViewOf(row, i), one, many_row));
    }
    return base::OkStatus();
  }

  base::Status FillManySide(std::size_t slot) {
    for (std::size_t i = 0; i < steps_; ++i) {
      if (partners_[i] == kNoRow || matched_[i] != 0) continue;
      const Row& one = one_[partners_[i]];
      BW_ASSIGN_OR_RETURN(const std::size_t out, ResultRow(slots_.GroupOf(slot), one.labels));
      BW_RETURN_IF_ERROR(Put(out, i, FloatView(*matching_.fill_left), ViewOf(one, i), many_.size() + partners_[i]));
    }
    return base::OkStatus();
  }

  base::Status Put(std::size_t out, std::size_t step, const CellView& many, const CellView& one, std::size_t order) {
    std::optional<Annotation> note;
    CellResult cell = swapped_ ? operator_.Apply(one, many, note) : operator_.Apply(many, one, note);
    if (note) notes_.Put(step, order, *std::move(note));
    if (!cell.defined) return base::OkStatus();
    unsigned char& taken = one_to_one_ ? matched_[step] : taken_[out][step];
    if (taken != 0) {
      return base::Execution(one_to_one_ ? "multiple matches for labels: many-to-one matching must be explicit "
                                           "(group_left/group_right)"
                                         : "multiple matches for labels: grouping labels must ensure unique matches");
    }
    taken = 1;
    matched_[step] = 1;
    if (expr_.return_bool) {
      result_[out].SetFloat(step, cell.keep ? 1 : 0);
    } else if (!cell.keep) {
      return base::OkStatus();
    } else if (cell.is_histogram) {
      result_[out].SetHistogram(step, std::move(cell.histogram));
    } else {
      result_[out].SetFloat(step, cell.value);
    }
    return base::OkStatus();
  }

  // The result row, within this match group, of the labels that the two sides make.
  base::Result<std::size_t> ResultRow(const metric::Labels& many, const metric::Labels& one) {
    metric::Labels labels = ResultLabels(many, one);
    const auto [it, is_new] = row_of_labels_.try_emplace(std::move(labels), result_.size());
    if (is_new) {
      Row& row = result_.emplace_back(steps_);
      row.labels = it->first;
      row.drop_name = expr_.return_bool;
      taken_.emplace_back(one_to_one_ ? 0 : steps_);
      BW_RETURN_IF_ERROR(hold_.Add(0, BytesOf(row) + taken_.back().size()));
    }
    return it->second;
  }

  metric::Labels ResultLabels(const metric::Labels& many, const metric::Labels& one) {
    if (one_to_one_) {
      return memo_.Of(many, [this](const metric::Labels& left) {
        const metric::Labels labels = drop_at_once_ ? WithoutMetadata(left) : left;
        return matching_.on ? KeepLabels(labels, match_names_) : WithoutLabels(labels, match_names_);
      });
    }
    const metric::Labels labels = drop_at_once_ ? WithoutMetadata(many) : many;
    if (matching_.include.empty()) return labels;
    metric::LabelsBuilder builder(labels);
    for (const std::string& name : matching_.include) builder.Set(name, one.Get(name));
    return builder.Build();
  }

  const Binary& expr_;
  BudgetHold& hold_;
  const VectorMatching& matching_;
  const CellOperator& operator_;
  const std::size_t steps_;
  const bool swapped_;  // group_right: the many side is the right one.
  const bool one_to_one_;
  const bool drop_at_once_;
  const std::vector<std::string> match_names_;
  Rows& many_;
  Rows& one_;
  MatchSlots slots_;
  MemoRun memo_;  // Of results.
  std::vector<MatchGroup> groups_;

  Rows result_;
  std::vector<std::vector<unsigned char>> taken_;  // Of each result row, steps that have an element; many-to-one only.
  StepNotes notes_;

  // Of the group at hand.
  std::vector<std::size_t> partners_;
  std::vector<unsigned char> matched_;  // Steps at which an element of the many side has met a partner.
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> row_of_labels_;
};

class BinaryVectors final : public VectorOperator {
 public:
  BinaryVectors(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs, VectorOperatorPtr rhs)
      : expr_(expr), operator_(expr.op, expr.position), grid_(grid), lhs_(std::move(lhs)), rhs_(std::move(rhs)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(CollectedRows left, Collect(context, *lhs_));
    BW_ASSIGN_OR_RETURN(CollectedRows right, Collect(context, *rhs_));
    BudgetHold hold(context.budget);
    VectorJoin join(context, expr_, operator_, grid_, left.rows, right.rows, hold);
    BW_ASSIGN_OR_RETURN(Rows rows, join.Run(context.annotations));
    for (const Row& row : rows) BW_RETURN_IF_ERROR(hold.Add(SamplesIn(row), 0));
    return PushMerged(std::move(rows), sink);
  }

 private:
  const Binary& expr_;  // Of the plan's tree, which outlives it.
  const CellOperator operator_;
  const Grid grid_;
  const VectorOperatorPtr lhs_;
  const VectorOperatorPtr rhs_;
};

}  // namespace

VectorOperatorPtr MakeBinaryVectors(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs,
                                    VectorOperatorPtr rhs) {
  return std::make_unique<BinaryVectors>(expr, grid, std::move(lhs), std::move(rhs));
}

}  // namespace bellwether::promql
