// promql/functions/distribution_pairs.h
//
// The two vectors of a comparison, `now` first and its reference second, joined: for each distribution of `now`, step
// by step, both on one set of bins.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "judge/alignment.h"
#include "promql/functions/comparison_notes.h"
#include "promql/functions/distribution_input.h"
#include "promql/functions/function_call.h"
#include "promql/functions/reference_join.h"

namespace bellwether::promql {

// What a statistic asks of a pair.
struct PairNeeds {
  bool aligned = true;          // Otherwise the two sides as they are.
  bool ordered = false;         // Categories must be numbers.
  bool all_categories = false;  // However many.
  std::size_t bins_max = 0;     // Of exponential buckets; 0: all.
};

// Both sides at a step. Categories: `aligned` has counts but no edges, and the two sides alone are empty.
struct DistributionPair {
  judge::AlignedPair aligned;
  judge::Distribution reference;
  judge::Distribution current;
  std::vector<std::string> categories;  // By bin.
  std::vector<double> points;           // Likewise as ascending numbers, if PairNeeds::ordered.
  bool categorical = false;
};

class DistributionPairs {
 public:
  // Runs the vector arguments number `now_argument` and the one behind it; the argument behind these, if it is there,
  // names the label of categories. `call` outlives this.
  // Errors: those of the arguments and of ReferenceJoin.
  [[nodiscard]] static base::Result<std::unique_ptr<DistributionPairs>> Make(FunctionCall& call, QueryContext& context,
                                                                             const PairNeeds& needs,
                                                                             std::size_t now_argument = 0);

  [[nodiscard]] std::size_t size() const { return current_->groups().size(); }
  [[nodiscard]] const DistributionInput::Group& group(std::size_t i) const { return current_->groups()[i]; }
  [[nodiscard]] const std::string& by() const { return by_; }

  // Goes on to distribution i.
  void Enter(std::size_t i);
  // The entered one at a step: kMissing if it or its reference is not there; kIncomparable if both are, and nothing can
  // be said (noted).
  // Errors: kExecution (two references; categories without an order).
  enum class State : unsigned char { kMissing, kIncomparable, kComparable };
  [[nodiscard]] base::Result<State> At(std::size_t step);
  [[nodiscard]] const DistributionPair& pair() const { return pair_; }

  void Note(Concern concern) { notes_.Add(concern, entered_, group(entered_).labels); }
  // Once, at the end.
  void TellNotes() { notes_.TellTo(context_.annotations, size()); }

 private:
  DistributionPairs(const FunctionCall& call, QueryContext& context, const PairNeeds& needs);

  base::Result<State> CategoriesAt(const DistributionInput::Group& reference, std::size_t step);
  State BucketsAt(const DistributionInput::Group& reference, std::size_t step);
  base::Status PutInOrder();

  QueryContext& context_;
  const PairNeeds needs_;
  const std::string_view function_;
  ComparisonNotes notes_;
  std::string by_;
  std::vector<CollectedRows> rows_;  // Of both sides.
  std::unique_ptr<DistributionInput> current_;
  std::unique_ptr<DistributionInput> reference_;
  std::unique_ptr<ReferenceJoin> join_;

  std::size_t entered_ = 0;
  const std::vector<const DistributionInput::Group*>* candidates_ = nullptr;
  DistributionPair pair_;
};

}  // namespace bellwether::promql
