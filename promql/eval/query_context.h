// promql/eval/query_context.h
//
// What all operators of one running query share: where samples come from, what the engine's flags say, how much memory
// and time are left, and the notes taken on the way. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "promql/eval/annotations.h"
#include "promql/eval/row.h"
#include "storage/storage.h"

namespace bellwether::promql {

// The samples a query holds in memory, counted as max_samples counts them.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t samples_max) : max_(samples_max) {}

  // Errors: kExecution when more than the maximum would be held.
  [[nodiscard]] base::Status Take(std::size_t samples);
  void Release(std::size_t samples) { held_ -= samples < held_ ? samples : held_; }
  [[nodiscard]] std::size_t peak() const { return peak_; }

 private:
  const std::size_t max_;
  std::size_t held_ = 0;
  std::size_t peak_ = 0;
};

// Samples taken from a budget, given back when the holder goes.
class BudgetHold {
 public:
  explicit BudgetHold(MemoryBudget& budget) : budget_(&budget) {}
  BudgetHold(BudgetHold&& other) noexcept : budget_(other.budget_), samples_(other.samples_) { other.samples_ = 0; }
  BudgetHold& operator=(BudgetHold&&) = delete;
  ~BudgetHold() { budget_->Release(samples_); }

  [[nodiscard]] base::Status Add(std::size_t samples) {
    BW_RETURN_IF_ERROR(budget_->Take(samples));
    samples_ += samples;
    return base::OkStatus();
  }

 private:
  MemoryBudget* budget_;
  std::size_t samples_ = 0;
};

struct QueryFlags {
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool type_and_unit_labels = false;
};

// Start, end and step of the outermost query; the step is 0 for an instant query.
struct QuerySpan {
  base::TimestampMs start;
  base::TimestampMs end;
  base::DurationMs step;
};

struct QueryContext {
  QueryContext(const EngineOptions& options, const base::Clock& clock);

  // Errors: kCancelled, kDeadlineExceeded. `doing`: "expression evaluation".
  [[nodiscard]] base::Status CheckAlive(std::string_view doing = "expression evaluation") const;

  const QueryFlags flags;
  const base::Clock& clock;
  base::DurationMs lookback;
  QuerySpan span;
  std::int64_t deadline_ns = 0;  // Of the monotonic clock.
  std::stop_token cancel;

  std::unique_ptr<storage::Querier> querier;
  MemoryBudget budget;
  AnnotationSet annotations;
  std::uint64_t queryable_samples = 0;
  std::uint64_t samples_read = 0;
};

[[nodiscard]] base::Status SameLabelsetError();

}  // namespace bellwether::promql
