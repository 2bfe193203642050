#include "promql/functions/distribution_pairs.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "judge/categories.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

double CountAt(const Row* row, std::size_t step) {
  return row != nullptr && row->cells[step] == Cell::kFloat ? row->values[step] : 0;
}

// Both sides' counts by category, those that are 0 on both left out.
std::vector<judge::CategoryCount> JoinCategories(const std::vector<DistributionInput::Category>& reference,
                                                 const std::vector<DistributionInput::Category>& current,
                                                 std::size_t step) {
  std::vector<judge::CategoryCount> out;
  auto r = reference.begin();
  auto c = current.begin();
  while (r != reference.end() || c != current.end()) {
    const bool take_reference = r != reference.end() && (c == current.end() || r->name <= c->name);
    const bool take_current = c != current.end() && (r == reference.end() || c->name <= r->name);
    judge::CategoryCount count{.category = take_reference ? r->name : c->name};
    if (take_reference) count.reference = CountAt((r++)->row, step);
    if (take_current) count.current = CountAt((c++)->row, step);
    if (count.reference > 0 || count.current > 0) out.push_back(count);
  }
  return out;
}

}  // namespace

DistributionPairs::DistributionPairs(const FunctionCall& call, QueryContext& context, const PairNeeds& needs)
    : context_(context),
      needs_(needs),
      function_(static_cast<const Call*>(call.expr)->function->name),
      notes_(function_, call.position) {}

base::Result<std::unique_ptr<DistributionPairs>> DistributionPairs::Make(FunctionCall& call, QueryContext& context,
                                                                         const PairNeeds& needs,
                                                                         std::size_t now_argument) {
  std::unique_ptr<DistributionPairs> pairs(new DistributionPairs(call, context, needs));
  const std::size_t by_argument = now_argument + 2;
  pairs->by_ = call.args.size() > by_argument ? call.args[by_argument].text : std::string(metric::kBucketLabel);
  pairs->rows_.reserve(2);
  const auto read = [&](FunctionArgument& argument) -> base::Result<std::unique_ptr<DistributionInput>> {
    BW_ASSIGN_OR_RETURN(CollectedRows rows, Collect(context, *argument.vector));
    pairs->rows_.push_back(std::move(rows));
    return std::make_unique<DistributionInput>(pairs->rows_.back().rows, context, Unwrap(*argument.expr), pairs->by_);
  };
  BW_ASSIGN_OR_RETURN(pairs->current_, read(call.args[now_argument]));
  BW_ASSIGN_OR_RETURN(pairs->reference_, read(call.args[now_argument + 1]));
  BW_ASSIGN_OR_RETURN(ReferenceJoin join, ReferenceJoin::Make(pairs->function_, pairs->reference_->groups()));
  pairs->join_ = std::make_unique<ReferenceJoin>(std::move(join));
  pairs->pair_.categorical = pairs->current_->categorical();
  return pairs;
}

void DistributionPairs::Enter(std::size_t i) {
  entered_ = i;
  candidates_ = &join_->Of(group(i).labels);
}

base::Result<DistributionPairs::State> DistributionPairs::At(std::size_t step) {
  if (!DistributionInput::PresentAt(group(entered_), step)) return State::kMissing;
  BW_ASSIGN_OR_RETURN(const DistributionInput::Group* reference, join_->At(*candidates_, step));
  if (reference == nullptr) {
    Note(Concern::kNoReference);
    return State::kMissing;
  }
  if (pair_.categorical) return CategoriesAt(*reference, step);
  return BucketsAt(*reference, step);
}

base::Result<DistributionPairs::State> DistributionPairs::CategoriesAt(const DistributionInput::Group& reference,
                                                                       std::size_t step) {
  auto counts = JoinCategories(reference.categories, group(entered_).categories, step);
  if (!needs_.ordered && !needs_.all_categories) judge::FoldRare(counts);
  pair_.categories.clear();
  pair_.aligned.reference.clear();
  pair_.aligned.current.clear();
  for (const judge::CategoryCount& count : counts) {
    pair_.categories.emplace_back(count.category);
    pair_.aligned.reference.push_back(count.reference);
    pair_.aligned.current.push_back(count.current);
  }
  if (needs_.ordered) BW_RETURN_IF_ERROR(PutInOrder());
  return State::kComparable;
}

base::Status DistributionPairs::PutInOrder() {
  std::vector<double> numbers;
  for (const std::string& category : pair_.categories) {
    const std::optional<double> number = base::ParseNumber(category);
    if (!number) {
      return base::Execution(
          fmt::format("{} needs values with an order, and {} of label {} is no number; psi, js_divergence, "
                      "total_variation and chi2_pvalue compare categories without one",
                      function_, base::Quote(category), base::Quote(by_)));
    }
    numbers.push_back(*number);
  }
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return numbers[a] < numbers[b]; });
  judge::AlignedPair ordered;
  pair_.points.clear();
  for (const std::size_t i : order) {
    pair_.points.push_back(numbers[i]);
    ordered.reference.push_back(pair_.aligned.reference[i]);
    ordered.current.push_back(pair_.aligned.current[i]);
  }
  pair_.aligned = std::move(ordered);
  return base::OkStatus();
}

DistributionPairs::State DistributionPairs::BucketsAt(const DistributionInput::Group& reference, std::size_t step) {
  using Form = DistributionInput::Form;
  const Form now_form = current_->BucketsAt(group(entered_), step, pair_.current);
  const Form reference_form = reference_->BucketsAt(reference, step, pair_.reference);
  if (now_form == Form::kNone || reference_form == Form::kNone) return State::kMissing;  // Mixed forms, noted there.
  if (now_form == Form::kUnusable || reference_form == Form::kUnusable) {
    Note(Concern::kUnusableBuckets);
    return State::kIncomparable;
  }
  if (!needs_.aligned) return State::kComparable;
  switch (judge::Align(pair_.reference, pair_.current, needs_.bins_max, pair_.aligned)) {
    case judge::AlignmentFault::kNone: break;
    case judge::AlignmentFault::kNoSharedBound: Note(Concern::kNoSharedBound); return State::kIncomparable;
    case judge::AlignmentFault::kMixedForms: Note(Concern::kMixedForms); return State::kIncomparable;
  }
  const bool plain = pair_.current.exponential == nullptr;
  const std::size_t most = std::max(pair_.current.bins.size(), pair_.reference.bins.size());
  if (plain && pair_.aligned.reference.size() < most) Note(Concern::kSharedBoundsOnly);
  return State::kComparable;
}

}  // namespace bellwether::promql
