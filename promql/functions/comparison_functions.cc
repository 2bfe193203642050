#include "promql/functions/comparison_functions.h"

#include <algorithm>
#include <cmath>

#include "judge/calibration.h"
#include "judge/contingency.h"
#include "judge/divergence.h"
#include "judge/exponential.h"
#include "judge/kolmogorov_smirnov.h"
#include "judge/minimum_counts.h"
#include "judge/moments.h"
#include "judge/ranking.h"
#include "judge/wasserstein.h"

namespace bellwether::promql {
namespace {

// Wider than this, bounds are told of: of a KS distance, and of a Wasserstein distance in deviations of the reference.
constexpr double kWideKs = 0.25;
constexpr double kWideWasserstein = 1;

struct Totals {
  double reference = 0;
  double current = 0;
  explicit Totals(const DistributionPair& pair)
      : reference(judge::TotalOf(pair.aligned.reference)), current(judge::TotalOf(pair.aligned.current)) {}
};

void NoteCoarse(const DistributionPair& pair, std::size_t bins, DistributionPairs& pairs) {
  if (!pair.categorical && bins < judge::kBinsMin) pairs.Note(Concern::kCoarseBuckets);
}

template <auto kDistance>
double DivergenceStatistic(const DistributionPair& pair, double, DistributionPairs& pairs) {
  const Totals totals(pair);
  const std::size_t bins = judge::PopulatedBins(pair.aligned.reference, pair.aligned.current);
  if (!judge::EnoughForDivergence(totals.reference, totals.current, bins)) pairs.Note(Concern::kTooFewSamples);
  NoteCoarse(pair, bins, pairs);
  return kDistance(pair.aligned.reference, pair.aligned.current);
}

double SmoothedPsi(judge::Counts reference, judge::Counts current) { return judge::Psi(reference, current); }
double SmoothedKl(judge::Counts reference, judge::Counts current) { return judge::KullbackLeibler(reference, current); }

judge::Moments ReferenceMoments(const DistributionPair& pair) {
  if (pair.categorical) return judge::MomentsAt(pair.points, pair.aligned.reference);
  return judge::MomentsOf(pair.reference.bins, pair.reference.sum);
}

judge::Bounds BoundsOfKs(const DistributionPair& pair) {
  const judge::AlignedPair& aligned = pair.aligned;
  if (pair.categorical) {
    const double d = judge::KsDistance(aligned.reference, aligned.current);
    return {d, d};
  }
  if (pair.reference.exponential == nullptr) return judge::KsBounds(pair.reference.bins, pair.current.bins);
  return judge::KsBounds({aligned.edges, aligned.reference, aligned.spacing},
                         {aligned.edges, aligned.current, aligned.spacing});
}

double KsStatistic(const DistributionPair& pair, double, DistributionPairs& pairs) {
  const Totals totals(pair);
  if (!judge::EnoughForKs(totals.reference, totals.current)) pairs.Note(Concern::kTooFewSamples);
  const judge::Bounds bounds = BoundsOfKs(pair);
  if (bounds.upper - bounds.lower > kWideKs) pairs.Note(Concern::kWideBounds);
  return judge::KsDistance(pair.aligned.reference, pair.aligned.current);
}

double KsPValue(const DistributionPair& pair, double, DistributionPairs& pairs) {
  const Totals totals(pair);
  if (!judge::EnoughForKs(totals.reference, totals.current)) {
    pairs.Note(Concern::kTooFewSamples);
    return judge::kUnknown;
  }
  const double d = judge::KsDistance(pair.aligned.reference, pair.aligned.current);
  return judge::KsTail(d, totals.reference, totals.current);
}

double ChiSquareStatistic(const DistributionPair& pair, double, DistributionPairs& pairs) {
  if (!judge::EnoughForTable(pair.aligned.reference, pair.aligned.current)) pairs.Note(Concern::kTooFewSamples);
  return judge::ChiSquareTest(pair.aligned.reference, pair.aligned.current).statistic;
}

double ChiSquarePValue(const DistributionPair& pair, double, DistributionPairs& pairs) {
  if (judge::EnoughForTable(pair.aligned.reference, pair.aligned.current)) {
    return judge::ChiSquareTest(pair.aligned.reference, pair.aligned.current).p_value;
  }
  const judge::CountTable merged =
      judge::MergeRare(pair.aligned.reference, pair.aligned.current,
                       pair.categorical ? judge::BinOrder::kAny : judge::BinOrder::kNeighbours);
  if (merged.reference.size() < 2) {
    pairs.Note(Concern::kTooFewSamples);
    return judge::kUnknown;
  }
  return judge::ChiSquareTest(merged.reference, merged.current).p_value;
}

double WassersteinDistance(const DistributionPair& pair) {
  if (!pair.categorical) return judge::Wasserstein(pair.aligned);
  return judge::WassersteinAt(pair.points, pair.aligned.reference, pair.aligned.current);
}

judge::Bounds BoundsOfWasserstein(const DistributionPair& pair) {
  if (!pair.categorical) return judge::WassersteinBounds(pair.aligned);
  const double distance = WassersteinDistance(pair);
  return {distance, distance};
}

double WassersteinStatistic(const DistributionPair& pair, double, DistributionPairs& pairs) {
  const Totals totals(pair);
  if (!judge::EnoughForKs(totals.reference, totals.current)) pairs.Note(Concern::kTooFewSamples);
  const judge::Bounds bounds = BoundsOfWasserstein(pair);
  if (bounds.upper - bounds.lower > kWideWasserstein * ReferenceMoments(pair).deviation()) {
    pairs.Note(Concern::kWideBounds);
  }
  return WassersteinDistance(pair);
}

double WassersteinNormalized(const DistributionPair& pair, double q, DistributionPairs& pairs) {
  const double deviation = ReferenceMoments(pair).deviation();
  return WassersteinStatistic(pair, q, pairs) / std::max(deviation, judge::kScaleMin);
}

double MeanShiftOf(const DistributionPair& pair, double, DistributionPairs&) {
  return judge::MeanShift(ReferenceMoments(pair), judge::MomentsOf(pair.current.bins, pair.current.sum));
}

double SpreadRatioOf(const DistributionPair& pair, double, DistributionPairs&) {
  return judge::SpreadRatio(ReferenceMoments(pair), judge::MomentsOf(pair.current.bins, pair.current.sum));
}

double QuantileIn(const judge::Distribution& distribution, double q) {
  if (distribution.exponential != nullptr) return judge::ExponentialQuantile(*distribution.exponential, q);
  return judge::QuantileOf(distribution.bins, q).value;
}

double QuantileShiftOf(const DistributionPair& pair, double q, DistributionPairs&) {
  const double deviation = ReferenceMoments(pair).deviation();
  return deviation > 0 ? (QuantileIn(pair.current, q) - QuantileIn(pair.reference, q)) / deviation : judge::kUnknown;
}

// `now` are the positives, the reference the negatives.
judge::BoundedValue AreaOf(const DistributionPair& pair, DistributionPairs& pairs) {
  const Totals totals(pair);
  if (!judge::EnoughForRanking(totals.current, totals.reference)) pairs.Note(Concern::kTooFewSamples);
  return judge::AreaUnderCurve(pair.aligned.current, pair.aligned.reference);
}

double AucOf(const DistributionPair& pair, double, DistributionPairs& pairs) { return AreaOf(pair, pairs).value; }

// `now` are all predictions, the reference the positives.
double CalibrationErrorOf(const DistributionPair& pair, double, DistributionPairs& pairs) {
  if (!judge::EnoughForCalibration(Totals(pair).current)) pairs.Note(Concern::kTooFewSamples);
  return judge::CalibrationOf(
             {.edges = pair.aligned.edges, .counts = pair.aligned.current, .positives = pair.aligned.reference})
      .middle_error;
}

constexpr PairNeeds kFewBins = {.bins_max = judge::kDivergenceBinsMax};
constexpr PairNeeds kAllBins = {};
constexpr PairNeeds kOrdered = {.ordered = true};
constexpr PairNeeds kSidesAlone = {.aligned = false};

constexpr ComparisonSpec kComparisons[] = {
    {.name = "auc", .statistic = &AucOf, .needs = kAllBins},
    {.name = "calibration_error", .statistic = &CalibrationErrorOf, .needs = kAllBins},
    {.name = "chi2_pvalue", .statistic = &ChiSquarePValue, .needs = kFewBins},
    {.name = "chi2_statistic", .statistic = &ChiSquareStatistic, .needs = kFewBins},
    {.name = "hellinger", .statistic = &DivergenceStatistic<&judge::Hellinger>, .needs = kFewBins},
    {.name = "js_divergence", .statistic = &DivergenceStatistic<&judge::JensenShannon>, .needs = kFewBins},
    {.name = "kl_divergence", .statistic = &DivergenceStatistic<&SmoothedKl>, .needs = kFewBins},
    {.name = "ks_pvalue", .statistic = &KsPValue, .needs = kOrdered},
    {.name = "ks_statistic", .statistic = &KsStatistic, .needs = kOrdered},
    {.name = "mean_shift", .statistic = &MeanShiftOf, .needs = kSidesAlone},
    {.name = "psi", .statistic = &DivergenceStatistic<&SmoothedPsi>, .needs = kFewBins},
    {.name = "quantile_shift", .statistic = &QuantileShiftOf, .needs = kSidesAlone, .has_scalar = true},
    {.name = "spread_ratio", .statistic = &SpreadRatioOf, .needs = kSidesAlone},
    {.name = "total_variation", .statistic = &DivergenceStatistic<&judge::TotalVariation>, .needs = kFewBins},
    {.name = "wasserstein", .statistic = &WassersteinStatistic, .needs = kOrdered},
    {.name = "wasserstein_normalized", .statistic = &WassersteinNormalized, .needs = kOrdered},
};

// Runs evaluate(step) for each step of each distribution that has a reference there, and hands on `rows` of each.
template <typename Evaluate, typename Push>
base::Status ForPairs(FunctionCall& call, QueryContext& context, DistributionPairs& pairs, Evaluate evaluate,
                      Push push) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    BW_RETURN_IF_ERROR(context.CheckAlive());
    pairs.Enter(i);
    for (std::size_t step = 0; step < call.grid.count; ++step) {
      BW_ASSIGN_OR_RETURN(const DistributionPairs::State state, pairs.At(step));
      if (state != DistributionPairs::State::kMissing) {
        evaluate(step, state == DistributionPairs::State::kComparable ? &pairs.pair() : nullptr);
      }
    }
    BW_RETURN_IF_ERROR(push(pairs.group(i)));
  }
  pairs.TellNotes();
  return base::OkStatus();
}

// `bounds_of(pair, pairs)`.
template <typename BoundsOf>
base::Status BoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink, const PairNeeds& needs,
                            BoundsOf bounds_of) {
  BW_ASSIGN_OR_RETURN(const auto pairs, DistributionPairs::Make(call, context, needs));
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    Row lower(call.grid.count), upper(call.grid.count);
    const auto evaluate = [&](std::size_t step, const DistributionPair* pair) {
      const judge::Bounds bounds = pair == nullptr ? judge::Bounds() : bounds_of(*pair, *pairs);
      lower.SetFloat(step, bounds.lower);
      upper.SetFloat(step, bounds.upper);
    };
    const auto push = [&](const DistributionInput::Group& group) -> base::Status {
      if (!lower.AnyPresent()) return base::OkStatus();
      for (const auto& [row, name] : {std::pair(&lower, "lower"), std::pair(&upper, "upper")}) {
        row->labels = metric::LabelsBuilder(group.labels).Set("bound", name).Build();
        BW_RETURN_IF_ERROR(nameless(*row));
        row->Reset(call.grid.count);
      }
      return base::OkStatus();
    };
    return ForPairs(call, context, *pairs, evaluate, push);
  });
}

}  // namespace

const ComparisonSpec* FindComparison(std::string_view name) {
  const auto* it = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                [&](const ComparisonSpec& spec) { return spec.name == name; });
  return it == std::end(kComparisons) ? nullptr : it;
}

base::Status ComparisonFunction(FunctionCall& call, QueryContext& context, const RowSink& sink,
                                const ComparisonSpec& spec) {
  ScalarColumn q;
  if (spec.has_scalar) {
    BW_ASSIGN_OR_RETURN(q, call.args[0].scalar->Evaluate(context));
    for (const double v : q) {
      if (!(v >= 0 && v <= 1)) context.annotations.Add(InvalidQuantile(v, call.args[0].position()));
    }
  }
  BW_ASSIGN_OR_RETURN(const auto pairs, DistributionPairs::Make(call, context, spec.needs, spec.has_scalar ? 1 : 0));
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    Row row(call.grid.count);
    const auto evaluate = [&](std::size_t step, const DistributionPair* pair) {
      const double scalar = q.empty() ? 0 : q[step];
      row.SetFloat(step, pair == nullptr ? judge::kUnknown : spec.statistic(*pair, scalar, *pairs));
    };
    const auto push = [&](const DistributionInput::Group& group) -> base::Status {
      if (!row.AnyPresent()) return base::OkStatus();
      row.labels = group.labels;
      row.drop_name = group.drop_name;
      BW_RETURN_IF_ERROR(nameless(row));
      row.Reset(call.grid.count);
      return base::OkStatus();
    };
    return ForPairs(call, context, *pairs, evaluate, push);
  });
}

base::Status KsBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return BoundsFunction(call, context, sink, kOrdered,
                        [](const DistributionPair& pair, DistributionPairs&) { return BoundsOfKs(pair); });
}

base::Status WassersteinBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return BoundsFunction(call, context, sink, kOrdered,
                        [](const DistributionPair& pair, DistributionPairs&) { return BoundsOfWasserstein(pair); });
}

base::Status AucBoundsFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return BoundsFunction(call, context, sink, kAllBins, [](const DistributionPair& pair, DistributionPairs& pairs) {
    const judge::BoundedValue area = AreaOf(pair, pairs);
    return judge::Bounds{area.lower, area.upper};
  });
}

}  // namespace bellwether::promql
