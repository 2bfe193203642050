#include "promql/engine.h"

#include <optional>
#include <utility>

#include "promql/eval/label_memo.h"
#include "promql/eval/profile.h"
#include "promql/eval/results.h"
#include "promql/eval/shared_parts.h"
#include "promql/eval/unique_rows.h"
#include "promql/plan/planner.h"
#include "promql/query_gate.h"

namespace bellwether::promql {
namespace {

double SecondsBetween(std::int64_t from_ns, std::int64_t to_ns) { return static_cast<double>(to_ns - from_ns) / 1e9; }

std::vector<StepCount> StepCounts(const Grid& grid, const std::vector<std::uint64_t>& samples) {
  std::vector<StepCount> counts;
  for (std::size_t i = 0; i < samples.size(); ++i) counts.push_back({grid.At(i), samples[i]});
  return counts;
}

std::vector<double> DurationBounds() { return {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60}; }

}  // namespace

struct PreparedQuery::Kept {
  const ExprPtr expr;
  const std::string text;
  QueryMemos memos;
  std::shared_ptr<SharedParts> family;  // May be null.
  PartsOfQuery parts;
};

struct Engine::State {
  State(EngineOptions engine_options, base::Clock& engine_clock, base::MetricsRegistry& metrics)
      : options(std::move(engine_options)),
        clock(engine_clock),
        gate(options.max_concurrency),
        running(metrics.AddGauge("bellwether_promql_queries_running", "Queries being evaluated.")),
        seconds(metrics.AddHistogram("bellwether_promql_query_seconds", "Time from a query's arrival to its result.",
                                     DurationBounds())),
        failures(metrics.AddCounter("bellwether_promql_query_failures_total", "Queries that ended with an error.")),
        memos(std::make_shared<MemoRegistry>(options.kept_memory)) {}

  base::Result<QueryResult> Execute(storage::Storage& storage, const Expr& expr, std::string_view text,
                                    const QuerySpan& span, const QueryOptions& query,
                                    PreparedQuery::Kept* kept = nullptr);
  base::Result<QueryResult> Evaluate(storage::Storage& storage, const Expr& expr, std::string_view text,
                                     QueryContext& context);
  base::Result<Value> RunPlan(Plan& plan, const Expr& expr, QueryContext& context, QueryStats& stats) const;

  const EngineOptions options;
  base::Clock& clock;
  QueryGate gate;
  base::Gauge& running;
  base::Histogram& seconds;
  base::Counter& failures;
  const std::shared_ptr<MemoRegistry> memos;  // Of prepared queries.
};

base::Result<QueryResult> Engine::State::Execute(storage::Storage& storage, const Expr& expr, std::string_view text,
                                                 const QuerySpan& span, const QueryOptions& query,
                                                 PreparedQuery::Kept* kept) {
  const std::int64_t arrived = clock.MonotonicNanos();
  std::optional<QueryProfile> profile;
  QueryContext context(options, clock);
  if (query.explain) {
    context.profile = &profile.emplace(clock);
    context.budget.TellTo(context.profile);
  }
  if (query.lookback.ms > 0) context.lookback = query.lookback;
  context.span = span;
  context.cancel = query.cancel;
  if (kept != nullptr) {
    context.memos = &kept->memos;
    context.shared = &kept->parts;
  }
  context.by_step = options.per_step_stats && query.per_step_stats;
  const base::DurationMs timeout = query.timeout.ms > 0 ? std::min(query.timeout, options.timeout) : options.timeout;
  context.deadline_ns = arrived + timeout.ms * 1'000'000;

  base::Result<QueryResult> result = [&]() -> base::Result<QueryResult> {
    BW_RETURN_IF_ERROR(gate.Enter(context));
    const std::int64_t entered = clock.MonotonicNanos();
    running.Add(1);
    base::Result<QueryResult> evaluated = Evaluate(storage, expr, text, context);
    running.Add(-1);
    gate.Leave();
    if (evaluated.ok()) {
      const std::int64_t now = clock.MonotonicNanos();
      evaluated->stats.queue_s = SecondsBetween(arrived, entered);
      evaluated->stats.eval_total_s = SecondsBetween(entered, now);
      evaluated->stats.total_s = SecondsBetween(arrived, now);
    }
    return evaluated;
  }();
  seconds.Observe(SecondsBetween(arrived, clock.MonotonicNanos()));
  if (!result.ok()) failures.Add();
  return result;
}

base::Result<QueryResult> Engine::State::Evaluate(storage::Storage& storage, const Expr& expr, std::string_view text,
                                                  QueryContext& context) {
  BW_RETURN_IF_ERROR(context.CheckAlive("query execution"));
  QueryResult result;
  const std::int64_t began = clock.MonotonicNanos();
  const PlanOptions plan_options{.span = context.span,
                                 .lookback = context.lookback,
                                 .default_subquery_step = options.default_subquery_step,
                                 .profile = context.profile,
                                 .shared = context.shared};
  BW_ASSIGN_OR_RETURN(Plan plan, MakePlan(expr, plan_options));
  if (plan.min <= plan.max) context.querier = storage.NewQuerier(plan.min, plan.max);
  result.stats.preparation_s = SecondsBetween(began, clock.MonotonicNanos());

  SampleCounts counts(plan.grid.count, context.by_step ? SampleCounts::Detail::kByStep : SampleCounts::Detail::kTotals);
  const CountingScope counting(context, counts);
  BW_ASSIGN_OR_RETURN(result.value, RunPlan(plan, expr, context, result.stats));
  result.annotations = context.annotations.Render(text);
  if (context.profile != nullptr) result.plan = context.profile->Tell(text);
  result.stats.total_queryable_samples = counts.looked();
  result.stats.samples_read = counts.read();
  result.stats.series_read = context.series_read;
  result.stats.queryable_by_step = StepCounts(plan.grid, counts.looked_by_step());
  result.stats.read_by_step = StepCounts(plan.grid, counts.read_by_step());
  result.stats.peak_samples = context.budget.peak();
  result.memory = context.budget.HandOver(BytesOf(result.value));
  return result;
}

base::Result<Value> Engine::State::RunPlan(Plan& plan, const Expr& expr, QueryContext& context,
                                           QueryStats& stats) const {
  const bool instant = context.span.step.ms == 0;
  const std::int64_t began = clock.MonotonicNanos();
  if (auto* text = std::get_if<std::string>(&plan.root)) return Value(String{context.span.start, *text});
  if (auto* scalar = std::get_if<ScalarOperatorPtr>(&plan.root)) {
    BW_ASSIGN_OR_RETURN(const ScalarColumn column, (*scalar)->Evaluate(context));
    stats.inner_eval_s = SecondsBetween(began, clock.MonotonicNanos());
    if (instant) return Value(Scalar{context.span.start, column[0]});
    MatrixSeries series;
    for (std::size_t i = 0; i < column.size(); ++i) series.floats.push_back({plan.grid.At(i), column[i]});
    return Value(Matrix{std::move(series)});
  }
  if (auto* range = std::get_if<RangeOperatorPtr>(&plan.root)) {
    RangeResultSpec spec;
    const Expr& inner = Unwrap(expr);
    if (inner.kind == ExprKind::kMatrixSelector) {
      const VectorSelector& selector = *static_cast<const MatrixSelector&>(inner).selector;
      spec = {selector.anchored, selector.smoothed};
    }
    BW_ASSIGN_OR_RETURN(Matrix matrix, CollectRange(context, **range, spec));
    stats.inner_eval_s = SecondsBetween(began, clock.MonotonicNanos());
    return Value(std::move(matrix));
  }
  BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *std::get<VectorOperatorPtr>(plan.root)));
  if (context.flags.delayed_name_removal) BW_RETURN_IF_ERROR(RemoveDelayedNames(all.rows));
  const std::int64_t evaluated = clock.MonotonicNanos();
  stats.inner_eval_s = SecondsBetween(began, evaluated);
  if (instant) return Value(ToVector(std::move(all.rows), context.span.start));
  BW_RETURN_IF_ERROR(all.hold.Add(0, PointBytesOf(all.rows)));  // Rows and points live at once.
  Value matrix = ToMatrix(std::move(all.rows), plan.grid);
  stats.result_sort_s = SecondsBetween(evaluated, clock.MonotonicNanos());
  return matrix;
}

Engine::Engine(EngineOptions options, base::Clock& clock, base::MetricsRegistry& metrics)
    : state_(std::make_unique<State>(std::move(options), clock, metrics)) {}
Engine::~Engine() = default;

const EngineOptions& Engine::options() const { return state_->options; }

base::Result<QueryResult> Engine::Instant(storage::Storage& storage, std::string_view query, base::TimestampMs at,
                                          const QueryOptions& options) const {
  BW_ASSIGN_OR_RETURN(const ExprPtr expr, Parse(query, state_->options.parser));
  return Instant(storage, expr, query, at, options);
}

base::Result<QueryResult> Engine::Instant(storage::Storage& storage, const ExprPtr& expr, std::string_view text,
                                          base::TimestampMs at, const QueryOptions& options) const {
  return state_->Execute(storage, *expr, text, QuerySpan{at, at, base::DurationMs()}, options);
}

QueryFamily::QueryFamily(std::shared_ptr<SharedParts> parts) : parts_(std::move(parts)) {}
QueryFamily::~QueryFamily() = default;

void QueryFamily::BeginTick() { parts_->ForgetResults(); }
void QueryFamily::NoteWritten(std::string_view metric) { parts_->ForgetThoseThatLookAt(metric); }

PreparedQuery::PreparedQuery(std::unique_ptr<Kept> kept) : kept_(std::move(kept)) {}
PreparedQuery::~PreparedQuery() {
  if (kept_->family != nullptr) kept_->family->Leave(kept_->parts);
}

std::unique_ptr<QueryFamily> Engine::NewFamily() const {
  return std::unique_ptr<QueryFamily>(new QueryFamily(std::make_shared<SharedParts>(state_->options.kept_memory)));
}

std::unique_ptr<PreparedQuery> Engine::Prepare(const ExprPtr& expr, std::string text, const QueryFamily* family) const {
  auto kept = std::make_unique<PreparedQuery::Kept>(
      PreparedQuery::Kept{expr, std::move(text), QueryMemos(state_->memos), nullptr, {}});
  if (family != nullptr) {
    kept->family = family->parts_;
    kept->parts = kept->family->Join(*expr);
  }
  return std::unique_ptr<PreparedQuery>(new PreparedQuery(std::move(kept)));
}

base::Result<QueryResult> Engine::Instant(storage::Storage& storage, PreparedQuery& query, base::TimestampMs at,
                                          const QueryOptions& options) const {
  const QuerySpan span{at, at, base::DurationMs()};
  PreparedQuery::Kept& kept = *query.kept_;
  return state_->Execute(storage, *kept.expr, kept.text, span, options, &kept);
}

base::Result<QueryResult> Engine::Range(storage::Storage& storage, std::string_view query, base::TimestampMs start,
                                        base::TimestampMs end, base::DurationMs step,
                                        const QueryOptions& options) const {
  BW_ASSIGN_OR_RETURN(const ExprPtr expr, Parse(query, state_->options.parser));
  const ValueType type = TypeOf(*expr);
  if (type != ValueType::kScalar && type != ValueType::kVector) {
    return base::InvalidArgument("invalid expression type \"" + std::string(ValueTypeText(type)) +
                                 "\" for range query, must be Scalar or instant Vector");
  }
  if (step.ms <= 0) return base::InvalidArgument("zero or negative query resolution step widths are not accepted");
  if (end < start) return base::InvalidArgument("end timestamp must not be before start time");
  return state_->Execute(storage, *expr, query, QuerySpan{start, end, step}, options);
}

}  // namespace bellwether::promql
