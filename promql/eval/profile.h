// promql/eval/profile.h
//
// What the operators of one query take, measured while it runs. Rows are pushed from the leaves up, so the operators'
// calls are nested the other way round from their inputs; the profile therefore keeps which operator is at work and
// charges the time since the last change to it. Memory is charged to who takes it from the budget.
//
// One thread, as the query.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "promql/eval/operator.h"
#include "promql/explain.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

struct OperatorProfile {
  std::string_view kind;
  PositionRange position;
  std::size_t steps = 0;
  std::uint64_t series_read = 0;
  std::uint64_t samples_read = 0;
  std::uint64_t rows = 0;
  std::int64_t self_ns = 0;
  std::uint64_t bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::vector<std::unique_ptr<OperatorProfile>> inputs;
};

class QueryProfile {
 public:
  explicit QueryProfile(const base::Clock& clock) : clock_(clock) {}

  // While planning: an input of the operator opened last and not closed; the first one is the root. What a scope opens
  // it closes.
  class Scope {
   public:
    // `profile` may be null: nothing is opened.
    Scope(QueryProfile* profile, std::string_view kind, PositionRange position, std::size_t steps);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // The operator as it is, or one that measures it.
    [[nodiscard]] VectorOperatorPtr Measured(VectorOperatorPtr op) const;
    [[nodiscard]] ScalarOperatorPtr Measured(ScalarOperatorPtr op) const;
    [[nodiscard]] RangeOperatorPtr Measured(RangeOperatorPtr op) const;

   private:
    QueryProfile* const profile_;
    OperatorProfile* const above_;
    OperatorProfile* node_ = nullptr;
  };

  // While running. Returns who was at work before; null: what is done with the result.
  OperatorProfile* SwitchTo(OperatorProfile* node);
  void CountSeries(std::uint64_t samples);
  void TakeBytes(std::uint64_t bytes);
  void ReleaseBytes(std::uint64_t bytes);

  // `query`: its text. Null where nothing was planned, as of a string.
  [[nodiscard]] std::shared_ptr<const PlanNode> Tell(std::string_view query) const;

 private:
  const base::Clock& clock_;
  std::unique_ptr<OperatorProfile> root_;
  OperatorProfile* open_ = nullptr;     // While planning.
  OperatorProfile* at_work_ = nullptr;  // While running.
  std::int64_t since_ns_ = 0;
};

}  // namespace bellwether::promql
