#include "judge/classification.h"

#include <cmath>

#include "judge/proportion.h"

namespace bellwether::judge {
namespace {

double Ratio(double part, double whole) { return whole > 0 ? part / whole : kUnknown; }
double OrZero(double v) { return std::isnan(v) ? 0 : v; }

struct Margins {
  std::vector<double> actual;
  std::vector<double> predicted;
  double hits = 0;
  double total = 0;

  explicit Margins(const ConfusionMatrix& matrix) : actual(matrix.classes()), predicted(matrix.classes()) {
    for (std::size_t a = 0; a < matrix.classes(); ++a) {
      for (std::size_t p = 0; p < matrix.classes(); ++p) {
        actual[a] += matrix.at(a, p);
        predicted[p] += matrix.at(a, p);
        total += matrix.at(a, p);
      }
      hits += matrix.at(a, a);
    }
  }
};

void AddMeans(const Margins& margins, Quality& out) {
  double seen = 0, present = 0, recall = 0, precision_sum = 0, f1_sum = 0, weighted = 0;
  for (std::size_t i = 0; i < out.of_class.size(); ++i) {
    const ClassQuality& c = out.of_class[i];
    if (c.support > 0) ++present;
    if (c.support > 0 || margins.predicted[i] > 0) ++seen;
    recall += OrZero(c.recall);
    precision_sum += OrZero(c.precision);
    f1_sum += OrZero(c.f1);
    weighted += OrZero(c.f1) * c.support;
  }
  out.balanced_accuracy = recall / present;
  out.macro_recall = recall / seen;
  out.macro_precision = precision_sum / seen;
  out.macro_f1 = f1_sum / seen;
  out.weighted_f1 = weighted / margins.total;
}

void AddAgreement(const Margins& margins, Quality& out) {
  const double n = margins.total;
  double by_chance = 0, actual_squares = 0, predicted_squares = 0;
  for (std::size_t i = 0; i < margins.actual.size(); ++i) {
    by_chance += margins.actual[i] * margins.predicted[i];
    actual_squares += margins.actual[i] * margins.actual[i];
    predicted_squares += margins.predicted[i] * margins.predicted[i];
  }
  out.kappa = Ratio(margins.hits / n - by_chance / (n * n), 1 - by_chance / (n * n));
  const double spread = std::sqrt(n * n - predicted_squares) * std::sqrt(n * n - actual_squares);
  out.mcc = spread > 0 ? (n * margins.hits - by_chance) / spread : 0;
}

}  // namespace

Quality QualityOf(const ConfusionMatrix& matrix) {
  Quality out;
  const Margins margins(matrix);
  out.of_class.resize(matrix.classes());
  for (std::size_t i = 0; i < matrix.classes(); ++i) {
    const double hits = matrix.at(i, i);
    const double false_alarms = margins.predicted[i] - hits;
    const double misses = margins.actual[i] - hits;
    const double rest = margins.total - hits - false_alarms - misses;
    out.of_class[i] = {.precision = Ratio(hits, margins.predicted[i]),
                       .recall = Ratio(hits, margins.actual[i]),
                       .f1 = Ratio(2 * hits, 2 * hits + false_alarms + misses),
                       .specificity = Ratio(rest, rest + false_alarms),
                       .support = margins.actual[i]};
  }
  if (!(margins.total > 0)) return out;
  out.accuracy = margins.hits / margins.total;
  out.accuracy_interval = WilsonInterval({.hits = margins.hits, .total = margins.total});
  AddMeans(margins, out);
  AddAgreement(margins, out);
  return out;
}

}  // namespace bellwether::judge
