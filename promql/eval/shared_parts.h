// promql/eval/shared_parts.h
//
// Parts that queries of a family (promql/engine.h) have in common: equal subexpressions that are vectors. In one tick a
// part is evaluated by the first query that gets there; the others get copies of its rows. Parts are found when a query
// is prepared; which of them are worth it, the planner asks: a part inside another one that is as common is not.
//
// A result is good for its evaluation time, until the tick is over or series are written that one of its selectors may
// match. Results count in the memory of what is kept; without room there they are not.
//
// Belongs to one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_share.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

class SharedPart {
 public:
  SharedPart(std::vector<std::vector<metric::Matcher>> selectors, std::shared_ptr<base::MemoryShare> memory)
      : selectors_(std::move(selectors)), memory_(std::move(memory)) {}

  std::size_t users = 0;  // Places in queries.

  // What the nodes around a place want of native histograms: parts of them are all that is read then (selection.h).
  enum class Around : unsigned char { kAnything, kWantsBuckets, kWantsCounts };

  // Null: not evaluated yet.
  [[nodiscard]] std::shared_ptr<const Rows> Find(base::TimestampMs at, Around around) const;
  void Keep(base::TimestampMs at, Around around, std::shared_ptr<const Rows> rows);
  void Forget();
  // A selector may match series of this metric.
  [[nodiscard]] bool LooksAt(std::string_view metric) const;

 private:
  struct Result {
    base::TimestampMs at;
    std::shared_ptr<const Rows> rows;
    base::MemoryHold hold;
  };
  const std::vector<std::vector<metric::Matcher>> selectors_;
  const std::shared_ptr<base::MemoryShare> memory_;
  std::array<Result, 3> results_;  // By what is around.
};

class SharedParts {
 public:
  explicit SharedParts(std::shared_ptr<base::MemoryShare> memory) : memory_(std::move(memory)) {}

  // Every node that may be shared; counts as a user of each until Leave.
  [[nodiscard]] PartsOfQuery Join(const Expr& query);
  void Leave(const PartsOfQuery& parts);

  void ForgetResults();
  void ForgetThoseThatLookAt(std::string_view metric);

 private:
  // Those that more than one place has: no other has results.
  [[nodiscard]] const std::vector<SharedPart*>& Common();

  const std::shared_ptr<base::MemoryShare> memory_;
  std::map<std::string, std::shared_ptr<SharedPart>> by_text_;
  std::vector<SharedPart*> common_;
  bool common_is_known_ = true;
};

// `inner`, or what it came to for another query.
[[nodiscard]] VectorOperatorPtr MakeSharedVector(std::shared_ptr<SharedPart> part, base::TimestampMs at,
                                                 SharedPart::Around around, VectorOperatorPtr inner);

}  // namespace bellwether::promql
