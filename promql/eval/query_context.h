// promql/eval/query_context.h
//
// What all operators of one running query share: where samples come from, what the engine's flags say, how much memory
// and time are left, and the notes taken on the way. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/memory_share.h"
#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "promql/eval/annotations.h"
#include "promql/eval/row.h"
#include "promql/eval/sample_counts.h"
#include "storage/storage.h"

namespace bellwether::promql {

class QueryMemos;    // promql/eval/label_memo.h
class SharedPart;    // promql/eval/shared_parts.h
class QueryProfile;  // promql/eval/profile.h

// The parts of one query that others may have too, by its nodes.
using PartsOfQuery = std::map<const Expr*, std::shared_ptr<SharedPart>>;

// What a query holds in memory: samples, counted as max_samples counts them, and bytes. Of the memory of all queries it
// keeps what it once took until it ends: the allocator does so too.
class MemoryBudget {
 public:
  explicit MemoryBudget(const EngineOptions& options)
      : samples_max_(options.max_samples), bytes_max_(options.query_bytes_max), hold_(options.memory) {}

  // Errors: kExecution when the query would hold more than one may, kUnavailable when all would hold more than all may.
  [[nodiscard]] base::Status Take(std::size_t samples, std::uint64_t bytes);
  void Release(std::size_t samples, std::uint64_t bytes);
  // Tells `profile`, which outlives it, of what is taken and released.
  void TellTo(QueryProfile* profile) { profile_ = profile; }
  // Ends it; what stays taken is `bytes` at most, for the result.
  [[nodiscard]] std::shared_ptr<const base::MemoryHold> HandOver(std::uint64_t bytes);
  [[nodiscard]] std::size_t peak() const { return peak_; }

 private:
  const std::size_t samples_max_;
  const std::uint64_t bytes_max_;
  std::size_t samples_ = 0;
  std::size_t peak_ = 0;
  std::uint64_t bytes_ = 0;
  base::MemoryHold hold_;  // At least bytes_.
  QueryProfile* profile_ = nullptr;
};

// Samples and bytes taken from a budget, given back when the holder goes.
class BudgetHold {
 public:
  explicit BudgetHold(MemoryBudget& budget) : budget_(&budget) {}
  BudgetHold(BudgetHold&& other) noexcept
      : budget_(other.budget_), samples_(std::exchange(other.samples_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}
  BudgetHold& operator=(BudgetHold&&) = delete;
  ~BudgetHold() { budget_->Release(samples_, bytes_); }

  // Errors: those of MemoryBudget::Take.
  [[nodiscard]] base::Status Add(std::size_t samples, std::uint64_t bytes) {
    BW_RETURN_IF_ERROR(budget_->Take(samples, bytes));
    samples_ += samples;
    bytes_ += bytes;
    return base::OkStatus();
  }
  [[nodiscard]] base::Status Add(const Row& row) { return Add(SamplesIn(row), BytesOf(row)); }

 private:
  MemoryBudget* budget_;
  std::size_t samples_ = 0;
  std::uint64_t bytes_ = 0;
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
  bool by_step = false;  // Whether samples are counted by step as well.

  std::unique_ptr<storage::Querier> querier;
  MemoryBudget budget;
  AnnotationSet annotations;
  QueryProfile* profile = nullptr;                               // Null unless the query is to be explained.
  QueryMemos* memos = nullptr;                                   // Null unless the query is asked again and again.
  const PartsOfQuery* shared = nullptr;                          // Likewise.
  const std::shared_ptr<const judge::BaselineSource> baselines;  // May be null.
  std::uint64_t series_read = 0;
  SampleCounts* counts = nullptr;  // Of what is being evaluated; never null while operators run.
};

// Where samples are counted for a while.
class CountingScope {
 public:
  CountingScope(QueryContext& context, SampleCounts& counts)
      : context_(context), before_(std::exchange(context.counts, &counts)) {}
  ~CountingScope() { context_.counts = before_; }
  CountingScope(const CountingScope&) = delete;
  CountingScope& operator=(const CountingScope&) = delete;

 private:
  QueryContext& context_;
  SampleCounts* const before_;
};

[[nodiscard]] base::Status SameLabelsetError();

}  // namespace bellwether::promql
