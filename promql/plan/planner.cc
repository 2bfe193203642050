#include "promql/plan/planner.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "promql/eval/aggregation.h"
#include "promql/eval/binary_vectors.h"
#include "promql/eval/broadcast.h"
#include "promql/eval/call_operators.h"
#include "promql/eval/info.h"
#include "promql/eval/instant_selector.h"
#include "promql/eval/profile.h"
#include "promql/eval/range_selector.h"
#include "promql/eval/scalar_operators.h"
#include "promql/eval/set_operators.h"
#include "promql/eval/shared_parts.h"
#include "promql/eval/smoothed_selector.h"
#include "promql/parser/function_signatures.h"
#include "promql/plan/durations.h"
#include "promql/plan/step_invariance.h"

namespace bellwether::promql {
namespace {

constexpr std::string_view kRepeated = "once for all steps";

// What an operator is called in a plan that is told.
std::string_view KindOf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector: return "selector";
    case ExprKind::kMatrixSelector: return "range selector";
    case ExprKind::kSubquery: return "subquery";
    case ExprKind::kAggregate: return "aggregation";
    case ExprKind::kUnary: return "negation";
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(expr);
      if (!binary.matching) return "arithmetic";
      return IsSetOp(binary.op) ? "set operation" : "join";
    }
    case ExprKind::kCall: {
      const bool over_range = FindRangeFunction(static_cast<const Call&>(expr).function->name) != nullptr;
      return over_range ? "range function" : "function";
    }
    default: return "literal";
  }
}

// Without parentheses and unary plus, which are no operators.
const Expr& WithoutPlus(const Expr& expr) {
  const Expr& inner = Unwrap(expr);
  if (inner.kind != ExprKind::kUnary || static_cast<const Unary&>(inner).negative) return inner;
  return WithoutPlus(*static_cast<const Unary&>(inner).expr);
}

class Planner {
 public:
  Planner(const PlanOptions& options, Plan& plan) : options_(options), plan_(plan) {}

  base::Result<VectorOperatorPtr> Vector(const Expr& written, const Grid& grid) {
    const Expr& expr = WithoutPlus(written);
    const bool once = grid.count > 1 && IsStepInvariant(expr);
    const QueryProfile::Scope scope(options_.profile, once ? kRepeated : KindOf(expr), expr.position, grid.count);
    const std::shared_ptr<SharedPart> part = SharedHere(expr, grid);
    const std::size_t users_around = std::exchange(users_, part == nullptr ? users_ : part->users);
    const SharedPart::Around around = AroundHere();
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr op, once ? RepeatedVector(expr, grid) : VectorNode(expr, grid));
    users_ = users_around;
    if (part != nullptr) return MakeSharedVector(part, grid.start, around, std::move(op));
    return scope.Measured(std::move(op));
  }

  base::Result<ScalarOperatorPtr> Scalar(const Expr& written, const Grid& grid) {
    const Expr& expr = WithoutPlus(written);
    if (expr.kind == ExprKind::kNumber) return MakeNumber(grid, static_cast<const NumberLiteral&>(expr).value);
    const bool once = grid.count > 1 && IsStepInvariant(expr);
    const QueryProfile::Scope scope(options_.profile, once ? kRepeated : KindOf(expr), expr.position, grid.count);
    BW_ASSIGN_OR_RETURN(ScalarOperatorPtr op, once ? RepeatedScalar(expr, grid) : ScalarNode(expr, grid));
    return scope.Measured(std::move(op));
  }

  // A matrix selector or a subquery.
  base::Result<RangeOperatorPtr> Range(const Expr& written, const Grid& grid) {
    const Expr& expr = Unwrap(written);
    const QueryProfile::Scope scope(options_.profile, KindOf(expr), expr.position, grid.count);
    BW_ASSIGN_OR_RETURN(RangeOperatorPtr op, RangeNode(expr, grid));
    return scope.Measured(std::move(op));
  }

 private:
  // The part that the node is, if other places have it than those that have the part around it. At the query's own time
  // alone: not in subqueries, nor of range queries.
  [[nodiscard]] std::shared_ptr<SharedPart> SharedHere(const Expr& expr, const Grid& grid) const {
    if (options_.shared == nullptr || options_.profile != nullptr) return nullptr;
    if (options_.span.step.ms != 0 || grid.count != 1 || grid.start != options_.span.start) return nullptr;
    const auto part = options_.shared->find(&expr);
    return part == options_.shared->end() || part->second->users <= users_ ? nullptr : part->second;
  }

  // The operator alone, and those below it.
  base::Result<VectorOperatorPtr> VectorNode(const Expr& expr, const Grid& grid) {
    switch (expr.kind) {
      case ExprKind::kVectorSelector:
        return Selector(static_cast<const VectorSelector&>(expr), grid, SampleFacet::kValue);
      case ExprKind::kAggregate: return Aggregation(static_cast<const Aggregate&>(expr), grid);
      case ExprKind::kBinary: return VectorBinary(static_cast<const Binary&>(expr), grid);
      case ExprKind::kCall: return VectorCall(static_cast<const Call&>(expr), grid);
      case ExprKind::kUnary: {
        BW_ASSIGN_OR_RETURN(VectorOperatorPtr inner, Vector(*static_cast<const Unary&>(expr).expr, grid));
        return MakeNegatedVector(static_cast<const Unary&>(expr), std::move(inner));
      }
      default: return base::Internal("no plan for a node that is no instant vector");
    }
  }

  base::Result<VectorOperatorPtr> RepeatedVector(const Expr& expr, const Grid& grid) {
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr once, Vector(expr, grid.First()));
    return MakeBroadcast(std::move(once), grid.count);
  }

  base::Result<ScalarOperatorPtr> ScalarNode(const Expr& expr, const Grid& grid) {
    switch (expr.kind) {
      case ExprKind::kBinary: {
        const auto& binary = static_cast<const Binary&>(expr);
        BW_ASSIGN_OR_RETURN(ScalarOperatorPtr lhs, Scalar(*binary.lhs, grid));
        BW_ASSIGN_OR_RETURN(ScalarOperatorPtr rhs, Scalar(*binary.rhs, grid));
        return MakeScalarBinary(binary, std::move(lhs), std::move(rhs));
      }
      case ExprKind::kCall: {
        const auto& call = static_cast<const Call&>(expr);
        const ScalarFunction function = FindScalarFunction(call.function->name);
        if (function == nullptr) return Unbound(call);
        BW_ASSIGN_OR_RETURN(FunctionCall bound, Arguments(call, grid));
        return MakeScalarCall(function, std::move(bound));
      }
      case ExprKind::kUnary: {
        BW_ASSIGN_OR_RETURN(ScalarOperatorPtr inner, Scalar(*static_cast<const Unary&>(expr).expr, grid));
        return MakeNegatedScalar(std::move(inner));
      }
      default: return base::Internal("no plan for a node that is no scalar");
    }
  }

  base::Result<ScalarOperatorPtr> RepeatedScalar(const Expr& expr, const Grid& grid) {
    BW_ASSIGN_OR_RETURN(ScalarOperatorPtr once, Scalar(expr, grid.First()));
    return MakeBroadcast(std::move(once), grid.count);
  }

  base::Result<RangeOperatorPtr> RangeNode(const Expr& expr, const Grid& grid) {
    if (expr.kind == ExprKind::kSubquery) return SubqueryRange(static_cast<const Subquery&>(expr), grid);
    if (expr.kind != ExprKind::kMatrixSelector) return base::Internal("no plan for a node that is no range vector");
    const auto& matrix = static_cast<const MatrixSelector&>(expr);
    const VectorSelector& selector = *matrix.selector;
    WindowSpec window{.grid = grid, .shift = {}, .range = {}, .before = {}, .after = {}};
    BW_ASSIGN_OR_RETURN(window.shift, Shift(selector.time));
    BW_ASSIGN_OR_RETURN(window.range, Resolve(matrix.range, matrix.range_expr, DurationRule::kPositive));
    if (selector.anchored || selector.smoothed) window.before = options_.lookback;
    if (selector.smoothed) window.after = options_.lookback;
    Touch(grid, window.shift, window.range + window.before, window.after);
    return MakeRangeSelector(selector.matchers, window, PartsHere());
  }

  // Counts a node among those around the ones planned in its scope, if it is of the kind.
  class Within {
   public:
    Within(int& depth, bool is_one) : depth_(depth), by_(is_one ? 1 : 0) { depth_ += by_; }
    ~Within() { depth_ -= by_; }
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    int& depth_;
    const int by_;
  };

  static bool NeedsBuckets(std::string_view function) {
    return function == "histogram_quantile" || function == "histogram_quantiles" || function == "histogram_fraction";
  }
  static bool NeedsCountsOnly(std::string_view function) {
    return function == "histogram_count" || function == "histogram_sum" || function == "histogram_avg";
  }
  [[nodiscard]] HistogramParts PartsHere() const {
    return counts_only_ > 0 && whole_histograms_ == 0 ? HistogramParts::kCountAndSum : HistogramParts::kAll;
  }

  // Decides PartsHere of every node below.
  [[nodiscard]] SharedPart::Around AroundHere() const {
    if (whole_histograms_ > 0) return SharedPart::Around::kWantsBuckets;
    return counts_only_ > 0 ? SharedPart::Around::kWantsCounts : SharedPart::Around::kAnything;
  }

  base::Result<base::DurationMs> Resolve(base::DurationMs literal, const ExprPtr& expr, DurationRule rule) const {
    if (expr == nullptr) return literal;
    return ResolveDuration(*expr, options_.span, rule);
  }

  base::Result<TimeShift> Shift(const TimeModifiers& time) const {
    TimeShift shift;
    BW_ASSIGN_OR_RETURN(shift.offset, Resolve(time.offset, time.offset_expr, DurationRule::kAny));
    if (!time.at) return shift;
    switch (time.at->kind) {
      case AtModifier::Kind::kTimestamp: shift.at = time.at->timestamp; break;
      case AtModifier::Kind::kStart: shift.at = options_.span.start; break;
      case AtModifier::Kind::kEnd: shift.at = options_.span.end; break;
    }
    return shift;
  }

  void Touch(const Grid& grid, const TimeShift& shift, base::DurationMs before, base::DurationMs after) {
    const Selection bounds = MakeSelection({}, grid, shift, before, after);
    plan_.min = std::min(plan_.min, bounds.min);
    plan_.max = std::max(plan_.max, bounds.max);
  }

  base::Result<VectorOperatorPtr> Selector(const VectorSelector& selector, const Grid& grid, SampleFacet facet) {
    InstantSelectorSpec spec{.matchers = selector.matchers,
                             .grid = grid,
                             .shift = {},
                             .lookback = options_.lookback,
                             .facet = facet,
                             .parts = PartsHere()};
    BW_ASSIGN_OR_RETURN(spec.shift, Shift(selector.time));
    Touch(grid, spec.shift, spec.lookback, selector.smoothed ? spec.lookback : base::DurationMs());
    if (selector.smoothed && facet == SampleFacet::kValue) {
      return MakeSmoothedSelector(std::move(spec), selector.position);
    }
    return MakeInstantSelector(std::move(spec));
  }

  base::Result<RangeOperatorPtr> SubqueryRange(const Subquery& subquery, const Grid& grid) {
    WindowSpec window{.grid = grid, .shift = {}, .range = {}, .before = {}, .after = {}};
    BW_ASSIGN_OR_RETURN(window.shift, Shift(subquery.time));
    BW_ASSIGN_OR_RETURN(window.range, Resolve(subquery.range, subquery.range_expr, DurationRule::kPositive));
    BW_ASSIGN_OR_RETURN(base::DurationMs step, Resolve(subquery.step, subquery.step_expr, DurationRule::kPositive));
    if (step.ms == 0) step = options_.default_subquery_step;
    const Grid inner_grid = SubqueryGrid(window, step);
    VectorOperatorPtr inner;
    if (inner_grid.count > 0) {
      const Within whole(whole_histograms_, true);
      BW_ASSIGN_OR_RETURN(inner, Vector(*subquery.expr, inner_grid));
    }
    return MakeSubquery(std::move(inner), inner_grid, window);
  }

  base::Result<VectorOperatorPtr> Aggregation(const Aggregate& expr, const Grid& grid) {
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr input, Vector(*expr.expr, grid));
    if (expr.op == AggregateOp::kCountValues) {
      const auto& label = static_cast<const StringLiteral&>(Unwrap(*expr.param));
      return MakeCountValues(expr, grid, std::move(input), label.value);
    }
    if (expr.param == nullptr) return MakeFoldingAggregate(expr, grid, std::move(input));
    BW_ASSIGN_OR_RETURN(ScalarOperatorPtr param, Scalar(*expr.param, grid));
    switch (expr.op) {
      case AggregateOp::kQuantile: return MakeQuantileAggregate(expr, grid, std::move(input), std::move(param));
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk: return MakeTopAggregate(expr, grid, std::move(input), std::move(param));
      default: return MakeLimitAggregate(expr, grid, std::move(input), std::move(param));
    }
  }

  base::Result<VectorOperatorPtr> VectorBinary(const Binary& expr, const Grid& grid) {
    const Within whole(whole_histograms_, IsTrim(expr.op));
    const bool scalar_left = TypeOf(*expr.lhs) == ValueType::kScalar;
    if (scalar_left || TypeOf(*expr.rhs) == ValueType::kScalar) {
      BW_ASSIGN_OR_RETURN(VectorOperatorPtr vector, Vector(scalar_left ? *expr.rhs : *expr.lhs, grid));
      BW_ASSIGN_OR_RETURN(ScalarOperatorPtr scalar, Scalar(scalar_left ? *expr.lhs : *expr.rhs, grid));
      return MakeVectorScalar(expr, std::move(vector), std::move(scalar), scalar_left);
    }
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr lhs, Vector(*expr.lhs, grid));
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr rhs, Vector(*expr.rhs, grid));
    if (IsSetOp(expr.op)) return MakeSetOperator(expr, grid, std::move(lhs), std::move(rhs));
    return MakeBinaryVectors(expr, grid, std::move(lhs), std::move(rhs));
  }

  base::Result<VectorOperatorPtr> VectorCall(const Call& call, const Grid& grid) {
    const std::string_view name = call.function->name;
    const Within whole(whole_histograms_, NeedsBuckets(name));
    const Within counts(counts_only_, NeedsCountsOnly(name));
    if (const RangeFunctionSpec* function = FindRangeFunction(name)) return RangeFunctionCall(call, *function, grid);
    if (name == "info") return InfoCall(call, grid);
    BoundVectorFunction function = FindVectorFunction(name);
    if (function == nullptr) return Unbound(call);
    if (!call.args.empty()) {
      if (const VectorSelector* selector = SelectorUnder(*call.args[0])) {
        BW_RETURN_IF_ERROR(CheckExtended(name, *selector, false, false));
      }
    }
    BW_ASSIGN_OR_RETURN(FunctionCall bound, Arguments(call, grid));
    return MakeVectorCall(std::move(function), std::move(bound));
  }

  base::Result<VectorOperatorPtr> InfoCall(const Call& call, const Grid& grid) {
    InfoSpec spec{.base = nullptr, .selector = {}, .grid = grid, .shift = {}, .lookback = options_.lookback};
    BW_ASSIGN_OR_RETURN(spec.base, Vector(*call.args[0], grid));
    if (call.args.size() > 1) spec.selector = static_cast<const VectorSelector&>(Unwrap(*call.args[1])).matchers;
    BW_ASSIGN_OR_RETURN(const std::optional<TimeShift> shift, ShiftOfFirstSelector(*call.args[0]));
    spec.shift = shift.value_or(TimeShift());
    Touch(grid, spec.shift, spec.lookback, base::DurationMs());
    return MakeInfo(std::move(spec));
  }

  // Where the first selector in `expr` looks, seen from the whole: the offsets of the subqueries around it add up,
  // until an @ pins it. Nothing if there is no selector.
  base::Result<std::optional<TimeShift>> ShiftOfFirstSelector(const Expr& expr) const {
    switch (expr.kind) {
      case ExprKind::kVectorSelector: return SomeShift(static_cast<const VectorSelector&>(expr).time);
      case ExprKind::kMatrixSelector: return SomeShift(static_cast<const MatrixSelector&>(expr).selector->time);
      case ExprKind::kParen: return ShiftOfFirstSelector(*static_cast<const Paren&>(expr).expr);
      case ExprKind::kUnary: return ShiftOfFirstSelector(*static_cast<const Unary&>(expr).expr);
      case ExprKind::kSubquery: {
        const auto& subquery = static_cast<const Subquery&>(expr);
        BW_ASSIGN_OR_RETURN(std::optional<TimeShift> inner, ShiftOfFirstSelector(*subquery.expr));
        if (!inner || inner->at) return inner;
        BW_ASSIGN_OR_RETURN(const TimeShift outer, Shift(subquery.time));
        return std::optional<TimeShift>(TimeShift{inner->offset + outer.offset, outer.at});
      }
      case ExprKind::kAggregate: {
        const auto& aggregate = static_cast<const Aggregate&>(expr);
        return FirstShiftOf({aggregate.expr, aggregate.param});
      }
      case ExprKind::kBinary: {
        const auto& binary = static_cast<const Binary&>(expr);
        return FirstShiftOf({binary.lhs, binary.rhs});
      }
      case ExprKind::kCall: return FirstShiftOf(static_cast<const Call&>(expr).args);
      default: return std::optional<TimeShift>();
    }
  }

  base::Result<std::optional<TimeShift>> SomeShift(const TimeModifiers& time) const {
    BW_ASSIGN_OR_RETURN(const TimeShift shift, Shift(time));
    return std::optional<TimeShift>(shift);
  }

  base::Result<std::optional<TimeShift>> FirstShiftOf(const std::vector<ExprPtr>& exprs) const {
    for (const ExprPtr& expr : exprs) {
      if (expr == nullptr) continue;
      BW_ASSIGN_OR_RETURN(std::optional<TimeShift> shift, ShiftOfFirstSelector(*expr));
      if (shift) return shift;
    }
    return std::optional<TimeShift>();
  }

  base::Result<VectorOperatorPtr> RangeFunctionCall(const Call& call, const RangeFunctionSpec& function,
                                                    const Grid& grid) {
    RangeCallPlan plan;
    plan.expr = &call;
    plan.function = &function;
    for (const ExprPtr& arg : call.args) {
      const Expr& expr = Unwrap(*arg);
      if (TypeOf(expr) == ValueType::kMatrix) {
        if (const VectorSelector* selector = SelectorUnder(expr)) {
          BW_RETURN_IF_ERROR(CheckExtended(function.name, *selector, function.anchored_ok, function.smoothed_ok));
          plan.anchored = selector->anchored;
          plan.smoothed = selector->smoothed;
        }
        plan.position = expr.position;
        BW_ASSIGN_OR_RETURN(plan.range, Range(expr, grid));
      } else {
        BW_ASSIGN_OR_RETURN(ScalarOperatorPtr scalar, Scalar(expr, grid));
        plan.scalars.push_back(std::move(scalar));
        plan.scalar_positions.push_back(expr.position);
      }
    }
    return MakeRangeCall(std::move(plan));
  }

  // The selector of a matrix selector; null for anything else.
  static const VectorSelector* SelectorUnder(const Expr& expr) {
    const Expr& inner = Unwrap(expr);
    return inner.kind == ExprKind::kMatrixSelector ? static_cast<const MatrixSelector&>(inner).selector.get() : nullptr;
  }

  static base::Status CheckExtended(std::string_view function, const VectorSelector& selector, bool anchored_ok,
                                    bool smoothed_ok) {
    if (selector.anchored && !anchored_ok) {
      return base::Execution(
          fmt::format("anchored modifier can only be used with: {} - not with {}", AnchoredFunctionNames(), function));
    }
    if (selector.smoothed && !smoothed_ok) {
      return base::Execution(
          fmt::format("smoothed modifier can only be used with: {} - not with {}", SmoothedFunctionNames(), function));
    }
    return base::OkStatus();
  }

  base::Result<FunctionCall> Arguments(const Call& call, const Grid& grid) {
    FunctionCall bound;
    bound.expr = &call;
    bound.grid = grid;
    bound.position = call.position;
    for (const ExprPtr& arg : call.args) {
      FunctionArgument& argument = bound.args.emplace_back();
      argument.expr = arg;
      const Expr& expr = Unwrap(*arg);
      switch (TypeOf(expr)) {
        case ValueType::kScalar: {
          BW_ASSIGN_OR_RETURN(argument.scalar, Scalar(expr, grid));
          break;
        }
        case ValueType::kVector: {
          BW_ASSIGN_OR_RETURN(argument.vector, VectorArgument(call, expr, grid, bound.direct_selector));
          break;
        }
        case ValueType::kMatrix: {
          BW_ASSIGN_OR_RETURN(argument.range, Range(expr, grid));
          break;
        }
        case ValueType::kString: argument.text = static_cast<const StringLiteral&>(expr).value; break;
      }
    }
    return bound;
  }

  // timestamp() and start_timestamp() directly on a selector ask for another facet of the sample.
  base::Result<VectorOperatorPtr> VectorArgument(const Call& call, const Expr& expr, const Grid& grid,
                                                 bool& direct_selector) {
    const std::string_view name = call.function->name;
    const bool of_time = name == "timestamp";
    if (expr.kind != ExprKind::kVectorSelector || (!of_time && name != "start_timestamp")) return Vector(expr, grid);
    direct_selector = true;
    const auto& selector = static_cast<const VectorSelector&>(expr);
    const QueryProfile::Scope scope(options_.profile, KindOf(expr), expr.position, grid.count);
    BW_ASSIGN_OR_RETURN(VectorOperatorPtr op,
                        Selector(selector, grid, of_time ? SampleFacet::kTime : SampleFacet::kStartTime));
    return scope.Measured(std::move(op));
  }

  static base::Status Unbound(const Call& call) {
    return base::Internal(fmt::format("function {} is not implemented", call.function->name));
  }

  const PlanOptions& options_;
  Plan& plan_;
  // Of the nodes around the one being planned: those that look at buckets or at samples apart, and those that look at
  // nothing but count and sum.
  int whole_histograms_ = 0;
  int counts_only_ = 0;
  std::size_t users_ = 1;  // Of the shared part around it.
};

Grid QueryGrid(const QuerySpan& span) {
  if (span.step.ms == 0) return {span.start, base::DurationMs(1), 1};
  return {span.start, span.step, static_cast<std::size_t>((span.end - span.start).ms / span.step.ms) + 1};
}

}  // namespace

base::Result<Plan> MakePlan(const Expr& expr, const PlanOptions& options) {
  Plan plan;
  plan.grid = QueryGrid(options.span);
  Planner planner(options, plan);
  switch (TypeOf(expr)) {
    case ValueType::kString: plan.root = static_cast<const StringLiteral&>(Unwrap(expr)).value; break;
    case ValueType::kScalar: {
      BW_ASSIGN_OR_RETURN(plan.root, planner.Scalar(expr, plan.grid));
      break;
    }
    case ValueType::kVector: {
      BW_ASSIGN_OR_RETURN(plan.root, planner.Vector(expr, plan.grid));
      break;
    }
    case ValueType::kMatrix: {
      BW_ASSIGN_OR_RETURN(plan.root, planner.Range(expr, plan.grid));
      break;
    }
  }
  return plan;
}

}  // namespace bellwether::promql
