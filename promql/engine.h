// promql/engine.h
//
// Syntax tree to value. An Engine evaluates at one time (Instant) or at steps of a range (Range); an instant query is a
// range with one step. Operators work on columns: each selector decodes a series once, whatever the number of steps,
// and produces its row of steps; aggregations and joins fold rows by integer slots computed once a query.
//
// Limits: samples and bytes held at once by a query, bytes by all of them, a deadline, a number of queries at a time.
// All end a query with a clear error and never the server. Annotations (warnings, infos) come back with the value.
//
// Thread-safe: an Engine runs any number of queries at once, up to max_concurrency; the rest wait, at most their
// time-out.
//
// Source of semantics: Prometheus 3.x promql/engine.go; differences are listed in docs/promql.md.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/memory_share.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "promql/parser.h"
#include "storage/storage.h"

namespace bellwether::judge {
class BaselineSource;  // judge/baseline_source.h
}

namespace bellwether::promql {

using HistogramPtr = std::shared_ptr<const metric::NativeHistogram>;

struct Scalar {
  base::TimestampMs timestamp;
  double value = 0;
};

struct String {
  base::TimestampMs timestamp;
  std::string value;
};

struct VectorSample {
  metric::Labels labels;
  base::TimestampMs timestamp;
  double value = 0;
  HistogramPtr histogram;  // If set, the sample is this histogram and not `value`.
};
using Vector = std::vector<VectorSample>;

struct FloatPoint {
  base::TimestampMs timestamp;
  double value = 0;
};
struct HistogramPoint {
  base::TimestampMs timestamp;
  HistogramPtr histogram;
};
struct MatrixSeries {
  metric::Labels labels;
  std::vector<FloatPoint> floats;          // By time.
  std::vector<HistogramPoint> histograms;  // By time; never at a time of `floats`.
};
using Matrix = std::vector<MatrixSeries>;  // By label set.

using Value = std::variant<Scalar, String, Vector, Matrix>;

struct PlanNode;     // promql/explain.h
class MemoRegistry;  // promql/eval/label_memo.h
class QueryMemos;
class SharedParts;  // promql/eval/shared_parts.h

// Complete texts, "PromQL warning: ... (1:5)", each once.
struct Annotations {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// A number of samples for a step of the query.
struct StepCount {
  base::TimestampMs timestamp;
  std::uint64_t samples = 0;
};

struct QueryStats {
  std::uint64_t total_queryable_samples = 0;
  std::uint64_t samples_read = 0;
  std::uint64_t series_read = 0;  // From storage; one that two selectors name counts twice.
  // Empty unless EngineOptions::per_step_stats and QueryOptions::per_step_stats.
  std::vector<StepCount> queryable_by_step;
  std::vector<StepCount> read_by_step;
  std::uint64_t peak_samples = 0;
  double eval_total_s = 0;
  double result_sort_s = 0;
  double preparation_s = 0;
  double inner_eval_s = 0;
  double queue_s = 0;
  double total_s = 0;
};

struct QueryResult {
  Value value;
  Annotations annotations;
  QueryStats stats;
  std::shared_ptr<const PlanNode> plan;            // If QueryOptions::explain asked for it and there are operators.
  std::shared_ptr<const base::MemoryHold> memory;  // What the value takes of EngineOptions::memory, while it lives.
};

struct EngineOptions {
  ParserOptions parser = {};
  base::DurationMs lookback = base::Minutes(5);
  base::DurationMs timeout = base::Minutes(2);
  std::size_t max_samples = 50'000'000;
  std::uint64_t query_bytes_max = 0;                         // Of one query; 0: no bound.
  std::shared_ptr<base::MemoryShare> memory = nullptr;       // Of all queries and their results; null: no bound.
  std::shared_ptr<base::MemoryShare> kept_memory = nullptr;  // Of what prepared queries keep; null: no bound.
  int max_concurrency = 20;
  base::DurationMs default_subquery_step = base::Minutes(1);
  bool delayed_name_removal = false;                                 // --enable-feature=promql-delayed-name-removal
  bool use_start_timestamps = false;                                 // --enable-feature=use-start-timestamps
  bool type_and_unit_labels = false;                                 // --enable-feature=type-and-unit-labels
  bool per_step_stats = false;                                       // --enable-feature=promql-per-step-stats
  std::shared_ptr<const judge::BaselineSource> baselines = nullptr;  // What baseline() reads; null: there are none.
};

struct QueryOptions {
  base::DurationMs lookback = {};  // 0: the engine's.
  base::DurationMs timeout = {};   // 0: the engine's; never longer than it.
  bool per_step_stats = false;     // Wanted, where the engine has them.
  bool explain = false;            // Says what each operator took; see promql/explain.h.
  std::stop_token cancel = {};
};

// Queries that are asked one after another at one time, again and again, as the rules of a group are: in one tick an
// expression that several of them contain is evaluated once. The others get the same rows, without notes about them,
// and with fewer samples counted. Made by Engine::NewFamily; belongs to one thread at a time.
class QueryFamily {
 public:
  ~QueryFamily();
  QueryFamily(const QueryFamily&) = delete;
  QueryFamily& operator=(const QueryFamily&) = delete;

  // Forgets the results of the tick before.
  void BeginTick();
  // Series of this metric were written since the tick began: forgets the results that may have to do with them.
  void NoteWritten(std::string_view metric);

 private:
  friend class Engine;
  explicit QueryFamily(std::shared_ptr<SharedParts> parts);

  const std::shared_ptr<SharedParts> parts_;
};

// A query that is asked again and again at later times, as rules are: what its evaluations have in common is kept from
// one to the next, by storage (SelectHints::asked_again) and by operators. The answers are those of a query asked once.
// Made by Engine::Prepare; one evaluation at a time. What it keeps counts in EngineOptions::kept_memory, and without
// room there it keeps nothing.
class PreparedQuery {
 public:
  ~PreparedQuery();
  PreparedQuery(const PreparedQuery&) = delete;
  PreparedQuery& operator=(const PreparedQuery&) = delete;

 private:
  friend class Engine;
  struct Kept;
  explicit PreparedQuery(std::unique_ptr<Kept> kept);

  const std::unique_ptr<Kept> kept_;
};

class Engine {
 public:
  // `clock` and `metrics` outlive the engine.
  Engine(EngineOptions options, base::Clock& clock, base::MetricsRegistry& metrics);
  ~Engine();

  [[nodiscard]] const EngineOptions& options() const;

  // Errors: kInvalidArgument (does not parse, or wrong type for a range query), kExecution, kDeadlineExceeded,
  // kCancelled, kUnavailable (storage; memory of all queries).
  [[nodiscard]] base::Result<QueryResult> Instant(storage::Storage& storage, std::string_view query,
                                                  base::TimestampMs at, const QueryOptions& options = {}) const;
  // start <= end, step > 0.
  [[nodiscard]] base::Result<QueryResult> Range(storage::Storage& storage, std::string_view query,
                                                base::TimestampMs start, base::TimestampMs end, base::DurationMs step,
                                                const QueryOptions& options = {}) const;
  // The same for a tree parsed before; `text` is what positions in annotations refer to.
  [[nodiscard]] base::Result<QueryResult> Instant(storage::Storage& storage, const ExprPtr& expr, std::string_view text,
                                                  base::TimestampMs at, const QueryOptions& options = {}) const;

  [[nodiscard]] std::unique_ptr<QueryFamily> NewFamily() const;
  // `family` may be null.
  [[nodiscard]] std::unique_ptr<PreparedQuery> Prepare(const ExprPtr& expr, std::string text,
                                                       const QueryFamily* family = nullptr) const;
  [[nodiscard]] base::Result<QueryResult> Instant(storage::Storage& storage, PreparedQuery& query, base::TimestampMs at,
                                                  const QueryOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Prometheus's text form of a histogram: {count:1, sum:2, (0.5,1]:1}.
[[nodiscard]] std::string FormatHistogram(const metric::NativeHistogram& h);

// The non-empty buckets, ascending, as the JSON of the HTTP API lists them: bounds, count, and the boundary rule
// 0 (l,u], 1 [l,u), 2 (l,u), 3 [l,u].
struct HistogramBucket {
  int rule = 0;
  double lower = 0;
  double upper = 0;
  double count = 0;
};
[[nodiscard]] std::vector<HistogramBucket> BucketsOf(const metric::NativeHistogram& h);

}  // namespace bellwether::promql
