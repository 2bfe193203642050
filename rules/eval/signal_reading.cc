#include "rules/eval/signal_reading.h"

#include <cmath>
#include <unordered_set>
#include <utility>

#include "rules/eval/alert_board.h"
#include "rules/eval/rule.h"
#include "rules/file/condition_text.h"

namespace bellwether::rules {
namespace {

// Whether `a` is worse than `b`, which may be absent.
bool IsWorse(double a, double b, Side bad_side) {
  if (std::isnan(a)) return false;
  return std::isnan(b) || (bad_side == Side::kAbove ? a > b : a < b);
}

// Another alert's instances are true while they fire.
std::vector<SeriesFinding> FindingsOf(AlertPosting posting) {
  std::vector<SeriesFinding> findings;
  findings.reserve(posting.firing.size());
  for (metric::Labels& labels : posting.firing) {
    findings.push_back({std::move(labels), 1, Truth::kTrue, Truth::kFalse});
  }
  return findings;
}

}  // namespace

SignalReader::SignalReader(SignalSpec spec, std::string clock_name)
    : spec_(std::move(spec)), clock_name_(std::move(clock_name)) {
  if (spec_.expr) query_.emplace(*spec_.expr);
  if (spec_.clear) clear_.emplace(*spec_.clear);
  if (spec_.threshold) {
    condition_ = ConditionText(*spec_.threshold);
  } else if (spec_.expr) {
    const auto comparison = FindNumberComparison(*spec_.expr->expr);
    if (comparison) condition_ = comparison->Text();
  }
}

SignalReading SignalReader::Read(const EvaluationContext& context, std::span<const std::string> match_on,
                                 SignalMemory& memory) const {
  SignalReading reading;
  std::vector<SeriesFinding> findings;
  if (query_) {
    auto found = Query(context);
    reading.status = found.status();
    reading.known = found.ok();
    if (found.ok()) findings = *std::move(found);
  } else {
    AlertPosting posting = context.board.Read(spec_.alert);
    reading.known = posting.known && !posting.failed;
    if (reading.known) findings = FindingsOf(std::move(posting));
  }
  if (match_on.empty()) {
    for (const SeriesFinding& finding : findings) {
      reading.series.push_back({finding.labels, finding.value, finding.begins, {}, true});
    }
    reading.join = std::make_unique<IdentityJoin>(reading.series);
    return reading;
  }
  // What a query that was stopped does not know is no news about its series.
  if (context.stop.stop_requested()) return reading;
  const SignalPolicy policy{
      .hold = spec_.hold, .reset_after = context.interval * 3, .absent = reading.known ? Absent() : Truth::kUnknown};
  reading.series = memory.Advance(clock_name_, findings, context.at, policy);
  if (spec_.through == Through::kTopology) {
    reading.join = std::make_unique<TopologyJoin>(reading.series, context.topology);
  } else {
    reading.join = std::make_unique<LabelJoin>(reading.series, match_on);
  }
  return reading;
}

base::Result<std::vector<SeriesFinding>> SignalReader::Query(const EvaluationContext& context) const {
  BW_ASSIGN_OR_RETURN(
      std::vector<ConditionSample> samples,
      query_->Run(context.engine, context.queries, context.storage, context.sample_at, context.stop, context.cost));
  std::unordered_set<metric::Labels, metric::LabelsHash> cleared;
  if (clear_) {
    BW_ASSIGN_OR_RETURN(const std::vector<metric::Labels> series, ReadClear(context, *clear_));
    cleared.insert(series.begin(), series.end());
  }
  std::vector<SeriesFinding> findings;
  findings.reserve(samples.size());
  for (ConditionSample& sample : samples) {
    SeriesFinding finding{std::move(sample.labels), sample.value, sample.truth, Not(sample.truth)};
    if (spec_.threshold) {
      finding.begins = IsBeyond(sample.value, spec_.threshold->side, spec_.threshold->bound);
      finding.ends = HasCleared(sample.value, *spec_.threshold);
    }
    if (clear_) finding.ends = TruthOf(cleared.contains(finding.labels));
    findings.push_back(std::move(finding));
  }
  return findings;
}

Truth SignalReader::Absent() const {
  if (spec_.missing) return *spec_.missing;
  if (!query_) return Truth::kFalse;
  return spec_.threshold ? Truth::kUnknown : query_->absent();
}

SignalStanding SignalReader::Judge(const SignalReading& reading, const metric::Labels& instance) const {
  SignalStanding standing;
  standing.name = spec_.name;
  standing.condition = condition_;
  const Side bad_side = spec_.threshold ? spec_.threshold->side : query_ ? query_->bad_side() : Side::kAbove;
  const std::vector<std::size_t> numbers = reading.join->SeriesOf(instance);
  std::size_t certain = 0;
  std::size_t possible = 0;
  int worst_rank = -1;  // Series that hold say more than those that soon will, and these more than others.
  for (const std::size_t number : numbers) {
    const SeriesStanding& series = reading.series[number];
    if (series.holds == Truth::kTrue) standing.series.push_back(series.labels);
    standing.present = standing.present || series.came;
    if (series.holds == Truth::kTrue) ++certain;
    if (series.holds != Truth::kFalse) ++possible;
    const int rank = series.holds == Truth::kTrue ? 2 : series.clock.running() ? 1 : 0;
    if (rank < worst_rank || (rank == worst_rank && !IsWorse(series.value, standing.value, bad_side))) continue;
    worst_rank = rank;
    standing.value = series.value;
    standing.since = series.clock.since;
    standing.labels = series.labels;
  }
  if (!reading.known) {
    standing.truth = Truth::kUnknown;
  } else if (numbers.empty()) {
    standing.truth = Absent();
  } else {
    standing.truth = TruthOfRange(certain >= spec_.need, possible >= spec_.need);
  }
  standing.pending = standing.truth == Truth::kFalse && worst_rank == 1;
  return standing;
}

base::Result<std::vector<metric::Labels>> ReadClear(const EvaluationContext& context, const ConditionQuery& query) {
  BW_ASSIGN_OR_RETURN(std::vector<ConditionSample> samples, query.Run(context.engine, context.queries, context.storage,
                                                                      context.sample_at, context.stop, context.cost));
  std::vector<metric::Labels> series;
  for (ConditionSample& sample : samples) {
    if (sample.truth == Truth::kTrue) series.push_back(std::move(sample.labels));
  }
  return series;
}

}  // namespace bellwether::rules
