#include <algorithm>
#include <set>
#include <vector>

#include "judge/calibration.h"
#include "judge/classification.h"
#include "judge/importance.h"
#include "judge/kolmogorov_smirnov.h"
#include "judge/ranking.h"
#include "tests/drift/golden.h"
#include "tests/drift/inputs.h"

namespace bellwether::golden {
namespace {

Json ClassificationCase(const Json& one, const Json&) {
  const Json& cells = one["input"]["confusion"];
  judge::ConfusionMatrix matrix(cells.size());
  for (std::size_t a = 0; a < cells.size(); ++a) {
    for (std::size_t p = 0; p < cells.size(); ++p) matrix.Add(a, p, NumberOf(cells[a][p]));
  }
  const judge::Quality quality = judge::QualityOf(matrix);
  Json per_class = Json::array();
  for (const judge::ClassQuality& c : quality.of_class) {
    per_class.push_back({{"precision", c.precision},
                         {"recall", c.recall},
                         {"f1", c.f1},
                         {"specificity", c.specificity},
                         {"support", c.support}});
  }
  return {{"accuracy", quality.accuracy},
          {"accuracy_wilson95", JsonOf(quality.accuracy_interval)},
          {"balanced_accuracy", quality.balanced_accuracy},
          {"kappa", quality.kappa},
          {"mcc", quality.mcc},
          {"macro_precision", quality.macro_precision},
          {"macro_recall", quality.macro_recall},
          {"macro_f1", quality.macro_f1},
          {"weighted_f1", quality.weighted_f1},
          {"per_class", per_class}};
}

Json AucCase(const Json& one, const Json&) {
  const std::vector<double> positives = ClassicOf(one["input"]["positive"]).bins.counts;
  const std::vector<double> negatives = ClassicOf(one["input"]["negative"]).bins.counts;
  const judge::BoundedValue area = judge::AreaUnderCurve(positives, negatives);
  const judge::BoundedValue precision = judge::AveragePrecision(positives, negatives);
  Json curve = Json::array();
  for (const judge::RocPoint& point : judge::RocCurve(positives, negatives)) {
    curve.push_back({point.false_positive_rate, point.true_positive_rate});
  }
  // Without negatives there is nothing to tell positives from.
  const bool both = judge::TotalOf(positives) > 0 && judge::TotalOf(negatives) > 0;
  return {{"auc", area.value},
          {"auc_lower", area.lower},
          {"auc_upper", area.upper},
          {"gini", 2 * area.value - 1},
          {"average_precision", precision.value},
          {"average_precision_lower", precision.lower},
          {"average_precision_upper", precision.upper},
          {"ks_separation", both ? judge::KsDistance(positives, negatives) : judge::kUnknown},
          {"roc_fpr_tpr", curve}};
}

Json CalibrationCase(const Json& one, const Json&) {
  std::vector<double> edges = NumbersOf(one["input"]["le"]);
  edges.insert(edges.begin(), 0.0);
  const std::vector<double> counts = NumbersOf(one["input"]["count"]);
  const std::vector<double> positives = NumbersOf(one["input"]["positives"]);
  const std::vector<double> sums = NumbersOf(one["input"]["score_sum"]);
  const judge::Calibration c =
      judge::CalibrationOf({.edges = edges, .counts = counts, .positives = positives, .score_sums = sums});
  return {{"ece", c.error},
          {"mce", c.largest_error},
          {"ece_midpoint", c.middle_error},
          {"ece_lower", c.error_bounds.lower},
          {"ece_upper", c.error_bounds.upper},
          {"brier_midpoint", c.middle_brier},
          {"mean_score", c.mean_score},
          {"base_rate", c.base_rate},
          {"calibration_ratio", c.ratio}};
}

Json ImportanceCase(const Json& one, const Json&) {
  const std::vector<double> reference = NumbersOf(one["input"]["reference"]);
  const std::vector<double> current = NumbersOf(one["input"]["current"]);
  return {{"ndcg", judge::RankingGain(reference, current)},
          {"spearman", judge::RankCorrelation(reference, current)},
          {"tvd", judge::TotalVariation(reference, current)}};
}

// Counts in [edges[i], edges[i + 1]), the last bin with both ends.
std::vector<double> LeftClosed(const std::vector<double>& values, const std::vector<double>& edges) {
  std::vector<double> counts(edges.size() - 1);
  for (const double v : values) {
    const auto above = static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), v) - edges.begin());
    ++counts[std::min(above - 1, counts.size() - 1)];
  }
  return counts;
}

Json EvidentlyCase(const Json& one, const Json&) {
  const Json& input = one["input"];
  if (input["reference"].is_object()) {
    const judge::AlignedPair pair = PairOf(input);
    return {{"psi", judge::Psi(pair.reference, pair.current, judge::ZeroRule::kFloor)}};
  }
  const std::vector<double> reference = NumbersOf(input["reference"]);
  const std::vector<double> current = NumbersOf(input["current"]);
  std::vector<double> edges;
  if (one["expect"].contains("bins")) {
    edges = NumbersOf(one["expect"]["bins"]["edges"]);
  } else {  // Few distinct numbers are categories.
    std::set<double> distinct(reference.begin(), reference.end());
    distinct.insert(current.begin(), current.end());
    edges.assign(distinct.begin(), distinct.end());
    edges.push_back(edges.back() + 1);
  }
  const std::vector<double> a = LeftClosed(reference, edges);
  const std::vector<double> b = LeftClosed(current, edges);
  return {{"psi", judge::Psi(a, b, judge::ZeroRule::kFloor)},
          {"bins", {{"edges", edges}, {"reference", a}, {"current", b}}}};
}

}  // namespace

std::vector<Suite> QualitySuites() {
  return {{.name = "classification", .evaluate = ClassificationCase},
          {.name = "auc",
           .evaluate = AucCase,
           .raw_bounds = {{"auc", "auc_lower", "auc_upper"},
                          {"average_precision", "average_precision_lower", "average_precision_upper"}}},
          {.name = "calibration", .evaluate = CalibrationCase},
          {.name = "importance", .evaluate = ImportanceCase, .optional = {"kendall_tau_b"}},
          {.name = "evidently",
           .evaluate = EvidentlyCase,
           .optional = {"kl_div", "jensenshannon", "hellinger", "wasserstein", "ks", "chisquare", "g_test"}}};
}

}  // namespace bellwether::golden
