#include "promql/naive_evaluator_test.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "promql/parser/function_signatures.h"

namespace bellwether::promql {
namespace {

constexpr base::DurationMs kNaiveLookback = base::Minutes(5);

bool MatchesAll(const std::vector<metric::Matcher>& matchers, const metric::Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

base::TimestampMs Shifted(const TimeModifiers& time, base::TimestampMs at) {
  if (time.at) at = time.at->timestamp;
  return at - time.offset;
}

metric::Labels Keeping(const metric::Labels& labels, const std::vector<std::string>& names, bool keep) {
  const std::set<std::string, std::less<>> named(names.begin(), names.end());
  metric::LabelsBuilder out;
  for (const metric::LabelView label : labels) {
    const bool is_named = named.contains(label.name);
    if (keep ? is_named : !is_named && label.name != metric::kMetricName) out.Set(label.name, label.value);
  }
  return out.Build();
}

metric::Labels Unnamed(const metric::Labels& labels) { return Keeping(labels, {}, false); }

// NaN is less than everything.
bool ValueLess(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

double NaiveQuantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end(), ValueLess);
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(std::floor(rank));
  const std::size_t upper = std::min(lower + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

double NaiveSum(const std::vector<double>& values) {
  long double sum = 0;
  for (const double v : values) sum += v;
  return static_cast<double>(sum);
}

double NaiveVariance(const std::vector<double>& values) {
  const auto n = static_cast<long double>(values.size());
  long double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  for (const double v : values) squares += (v - sum / n) * (v - sum / n);
  return static_cast<double>(squares / n);
}

double NaiveExtreme(const std::vector<double>& values, bool greatest) {
  double best = std::numeric_limits<double>::quiet_NaN();
  for (const double v : values) {
    if (std::isnan(best) || (greatest ? v > best : v < best)) best = v;
  }
  return best;
}

NaiveHistogram Scaled(NaiveHistogram h, double factor) {
  h.count *= factor;
  h.sum *= factor;
  for (auto& [bound, count] : h.buckets) count *= factor;
  return h;
}

NaiveHistogram Summed(const std::vector<NaiveHistogram>& histograms) {
  NaiveHistogram total;
  for (const NaiveHistogram& h : histograms) {
    total.count += h.count;
    total.sum += h.sum;
    for (const auto& [bound, count] : h.buckets) total.buckets[bound] += count;
  }
  return total;
}

struct NaiveWindow {
  std::vector<double> seconds;
  std::vector<double> values;
  double start = 0;
  double end = 0;
};

// Increase, or difference, extrapolated to the ends of the window unless they are far away.
double NaiveExtrapolated(const NaiveWindow& w, bool is_counter) {
  double increase = w.values.back() - w.values.front();
  for (std::size_t i = 1; is_counter && i < w.values.size(); ++i) {
    if (w.values[i] < w.values[i - 1]) increase += w.values[i - 1];
  }
  const double sampled = w.seconds.back() - w.seconds.front();
  const double average = sampled / static_cast<double>(w.values.size() - 1);
  double to_start = w.seconds.front() - w.start;
  if (to_start >= average * 1.1) to_start = average / 2;
  if (is_counter && increase > 0 && w.values.front() >= 0) {
    to_start = std::min(to_start, sampled * w.values.front() / increase);
  }
  double to_end = w.end - w.seconds.back();
  if (to_end >= average * 1.1) to_end = average / 2;
  return increase * (sampled + to_start + to_end) / sampled;
}

double Neighbours(const NaiveWindow& w, const std::function<bool(double, double)>& counts) {
  double n = 0;
  for (std::size_t i = 1; i < w.values.size(); ++i) n += counts(w.values[i - 1], w.values[i]) ? 1 : 0;
  return n;
}

// Of a window with at least one float; nothing where the function asks for two.
std::optional<double> OverFloats(std::string_view name, const NaiveWindow& w, double parameter) {
  const auto n = static_cast<double>(w.values.size());
  const bool has_two = w.values.size() >= 2;
  if (name == "sum_over_time") return NaiveSum(w.values);
  if (name == "avg_over_time") return NaiveSum(w.values) / n;
  if (name == "min_over_time") return NaiveExtreme(w.values, false);
  if (name == "max_over_time") return NaiveExtreme(w.values, true);
  if (name == "stdvar_over_time") return NaiveVariance(w.values);
  if (name == "quantile_over_time") return NaiveQuantile(parameter, w.values);
  if (name == "changes") {
    return Neighbours(w, [](double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); });
  }
  if (name == "resets") return Neighbours(w, [](double a, double b) { return b < a; });
  if (!has_two) return std::nullopt;
  if (name == "increase") return NaiveExtrapolated(w, true);
  if (name == "rate") return NaiveExtrapolated(w, true) / (w.end - w.start);
  if (name == "delta") return NaiveExtrapolated(w, false);
  const double last = w.values.back(), before = w.values[w.values.size() - 2];
  if (name == "idelta") return last - before;
  BW_CHECK(name == "irate");
  return (last < before ? last : last - before) / (w.seconds.back() - w.seconds[w.seconds.size() - 2]);
}

double NaiveArithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd: return a + b;
    case BinaryOp::kSub: return a - b;
    case BinaryOp::kMul: return a * b;
    case BinaryOp::kDiv: return a / b;
    default: BW_CHECK(false);
  }
  return 0;
}

bool NaiveComparison(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kLess: return a < b;
    case BinaryOp::kLessEqual: return a <= b;
    case BinaryOp::kGreater: return a > b;
    case BinaryOp::kGreaterEqual: return a >= b;
    default: BW_CHECK(false);
  }
  return false;
}

}  // namespace

std::optional<NaiveVector> NaiveEvaluator::Vector(const Expr& expr, base::TimestampMs at) {
  failed_ = false;
  NaiveVector result = Eval(expr, at);
  if (failed_) return std::nullopt;
  return result;
}

void NaiveEvaluator::Put(NaiveVector& out, metric::Labels labels, NaiveSample sample) {
  if (std::isfinite(sample.value)) scale_ = std::max(scale_, std::fabs(sample.value));
  std::string key = labels.ToString();
  NaiveSeries series{std::move(labels), {}};
  series.samples.push_back(std::move(sample));
  if (!out.emplace(std::move(key), std::move(series)).second) failed_ = true;
}

double NaiveEvaluator::ScalarAt(const Expr& expr, base::TimestampMs at) {
  const Expr& inner = Unwrap(expr);
  if (inner.kind == ExprKind::kNumber) return static_cast<const NumberLiteral&>(inner).value;
  if (inner.kind == ExprKind::kUnary) return -ScalarAt(*static_cast<const Unary&>(inner).expr, at);
  BW_CHECK(inner.kind == ExprKind::kCall);
  const auto& call = static_cast<const Call&>(inner);
  if (call.function->name == "time") return at.seconds();
  BW_CHECK(call.function->name == "scalar");
  const NaiveVector vector = Eval(*call.args[0], at);
  std::vector<double> floats;
  for (const auto& [key, series] : vector) {
    if (!series.samples[0].histogram) floats.push_back(series.samples[0].value);
  }
  return floats.size() == 1 ? floats[0] : std::numeric_limits<double>::quiet_NaN();
}

NaiveVector NaiveEvaluator::Eval(const Expr& expr, base::TimestampMs at) {
  switch (expr.kind) {
    case ExprKind::kParen: return Eval(*static_cast<const Paren&>(expr).expr, at);
    case ExprKind::kVectorSelector: return Select(static_cast<const VectorSelector&>(expr), at);
    case ExprKind::kCall: return EvalCall(static_cast<const Call&>(expr), at);
    case ExprKind::kAggregate: return EvalAggregate(static_cast<const Aggregate&>(expr), at);
    case ExprKind::kBinary: return EvalBinary(static_cast<const Binary&>(expr), at);
    case ExprKind::kUnary: {
      NaiveVector out;
      for (const auto& [key, series] : Eval(*static_cast<const Unary&>(expr).expr, at)) {
        NaiveSample sample = series.samples[0];
        sample.value = -sample.value;
        if (sample.histogram) sample.histogram = Scaled(*sample.histogram, -1);
        Put(out, Unnamed(series.labels), std::move(sample));
      }
      return out;
    }
    default: BW_CHECK(false);
  }
  return {};
}

NaiveVector NaiveEvaluator::Select(const VectorSelector& selector, base::TimestampMs at) {
  const base::TimestampMs end = Shifted(selector.time, at);
  NaiveVector out;
  for (const NaiveSeries& series : data_) {
    if (!MatchesAll(selector.matchers, series.labels)) continue;
    const NaiveSample* newest = nullptr;
    for (const NaiveSample& sample : series.samples) {
      if (sample.time <= end && sample.time > end - kNaiveLookback) newest = &sample;
    }
    if (newest != nullptr && !newest->is_stale) Put(out, series.labels, *newest);
  }
  return out;
}

std::vector<NaiveSeries> NaiveEvaluator::Window(const Expr& expr, base::TimestampMs at, base::TimestampMs& end,
                                                base::DurationMs& range) {
  const Expr& inner = Unwrap(expr);
  std::map<std::string, NaiveSeries> found;
  if (inner.kind == ExprKind::kMatrixSelector) {
    const auto& matrix = static_cast<const MatrixSelector&>(inner);
    end = Shifted(matrix.selector->time, at);
    range = matrix.range;
    for (const NaiveSeries& series : data_) {
      if (!MatchesAll(matrix.selector->matchers, series.labels)) continue;
      NaiveSeries& in_window = found[series.labels.ToString()];
      in_window.labels = series.labels;
      for (const NaiveSample& sample : series.samples) {
        if (sample.time <= end && sample.time > end - range && !sample.is_stale) in_window.samples.push_back(sample);
      }
    }
  } else {
    BW_CHECK(inner.kind == ExprKind::kSubquery);
    const auto& subquery = static_cast<const Subquery&>(inner);
    end = Shifted(subquery.time, at);
    range = subquery.range;
    std::int64_t t = (end - range).ms / subquery.step.ms * subquery.step.ms;
    while (t <= (end - range).ms) t += subquery.step.ms;
    for (; t <= end.ms; t += subquery.step.ms) {
      for (const auto& [key, series] : Eval(*subquery.expr, base::TimestampMs(t))) {
        NaiveSeries& in_window = found[key];
        in_window.labels = series.labels;
        in_window.samples.push_back(series.samples[0]);
        in_window.samples.back().time = base::TimestampMs(t);
      }
    }
  }
  std::vector<NaiveSeries> out;
  for (auto& [key, series] : found) {
    if (!series.samples.empty()) out.push_back(std::move(series));
  }
  return out;
}

NaiveVector NaiveEvaluator::EvalCall(const Call& call, base::TimestampMs at) {
  const std::string_view name = call.function->name;
  NaiveVector out;
  const Expr& last = *call.args.back();
  if (TypeOf(last) == ValueType::kMatrix) {
    const double parameter = call.args.size() > 1 ? ScalarAt(*call.args[0], at) : 0;
    base::TimestampMs end;
    base::DurationMs range;
    for (const NaiveSeries& series : Window(last, at, end, range)) {
      NaiveWindow w{.seconds = {}, .values = {}, .start = (end - range).seconds(), .end = end.seconds()};
      std::vector<NaiveHistogram> histograms;
      for (const NaiveSample& sample : series.samples) {
        if (sample.histogram) {
          histograms.push_back(*sample.histogram);
          continue;
        }
        w.seconds.push_back(sample.time.seconds());
        w.values.push_back(sample.value);
        if (std::isfinite(sample.value)) scale_ = std::max(scale_, std::fabs(sample.value));
      }
      NaiveSample result{.time = at, .value = 0, .histogram = {}, .is_stale = false};
      if (name == "last_over_time") {
        Put(out, series.labels, series.samples.back());
      } else if (name == "count_over_time") {
        result.value = static_cast<double>(series.samples.size());
        Put(out, Unnamed(series.labels), result);
      } else if (!histograms.empty() && w.values.empty() && (name == "sum_over_time" || name == "avg_over_time")) {
        const double divisor = name == "sum_over_time" ? 1 : static_cast<double>(histograms.size());
        result.histogram = Scaled(Summed(histograms), 1 / divisor);
        Put(out, Unnamed(series.labels), result);
      } else if (histograms.empty()) {
        const std::optional<double> value = OverFloats(name, w, parameter);
        if (!value) continue;
        result.value = *value;
        Put(out, Unnamed(series.labels), result);
      }
    }
    return out;
  }
  for (const auto& [key, series] : Eval(*call.args[0], at)) {
    NaiveSample sample = series.samples[0];
    if (name == "histogram_count" || name == "histogram_sum") {
      if (!sample.histogram) continue;
      sample.value = name == "histogram_count" ? sample.histogram->count : sample.histogram->sum;
      sample.histogram.reset();
    } else {
      if (sample.histogram) continue;
      BW_CHECK(name == "abs" || name == "clamp");
      if (name == "abs") {
        sample.value = std::fabs(sample.value);
      } else if (!std::isnan(sample.value)) {
        sample.value = std::clamp(sample.value, ScalarAt(*call.args[1], at), ScalarAt(*call.args[2], at));
      }
    }
    Put(out, Unnamed(series.labels), std::move(sample));
  }
  return out;
}

NaiveVector NaiveEvaluator::EvalAggregate(const Aggregate& aggregate, base::TimestampMs at) {
  struct Group {
    metric::Labels labels;
    std::vector<double> floats;
    std::vector<NaiveHistogram> histograms;
  };
  std::map<std::string, Group> groups;
  for (const auto& [key, series] : Eval(*aggregate.expr, at)) {
    metric::Labels labels = Keeping(series.labels, aggregate.grouping, !aggregate.without);
    Group& group = groups[labels.ToString()];
    group.labels = std::move(labels);
    if (series.samples[0].histogram) {
      group.histograms.push_back(*series.samples[0].histogram);
    } else {
      group.floats.push_back(series.samples[0].value);
    }
  }
  NaiveVector out;
  for (const auto& [key, group] : groups) {
    NaiveSample result{.time = at, .value = 0, .histogram = {}, .is_stale = false};
    const auto all = static_cast<double>(group.floats.size() + group.histograms.size());
    const bool sums = aggregate.op == AggregateOp::kSum || aggregate.op == AggregateOp::kAvg;
    if (aggregate.op == AggregateOp::kCount) {
      result.value = all;
    } else if (aggregate.op == AggregateOp::kGroup) {
      result.value = 1;
    } else if (sums && group.floats.empty()) {
      result.histogram = Scaled(Summed(group.histograms), aggregate.op == AggregateOp::kSum ? 1 : 1 / all);
    } else if (group.floats.empty() || (sums && !group.histograms.empty())) {
      continue;  // A mix has no sum; the others look at floats alone.
    } else {
      switch (aggregate.op) {
        case AggregateOp::kSum: result.value = NaiveSum(group.floats); break;
        case AggregateOp::kAvg: result.value = NaiveSum(group.floats) / all; break;
        case AggregateOp::kMin: result.value = NaiveExtreme(group.floats, false); break;
        case AggregateOp::kMax: result.value = NaiveExtreme(group.floats, true); break;
        case AggregateOp::kStdvar: result.value = NaiveVariance(group.floats); break;
        case AggregateOp::kQuantile: result.value = NaiveQuantile(ScalarAt(*aggregate.param, at), group.floats); break;
        default: BW_CHECK(false);
      }
    }
    Put(out, group.labels, std::move(result));
  }
  return out;
}

NaiveVector NaiveEvaluator::EvalBinary(const Binary& binary, base::TimestampMs at) {
  if (binary.matching) {
    const NaiveVector lhs = Eval(*binary.lhs, at);
    const NaiveVector rhs = Eval(*binary.rhs, at);
    return IsSetOp(binary.op) ? Filter(binary, lhs, rhs) : Join(binary, lhs, rhs);
  }
  const bool scalar_left = TypeOf(*binary.lhs) == ValueType::kScalar;
  const double scalar = ScalarAt(scalar_left ? *binary.lhs : *binary.rhs, at);
  NaiveVector out;
  for (const auto& [key, series] : Eval(scalar_left ? *binary.rhs : *binary.lhs, at)) {
    NaiveSample sample = series.samples[0];
    const double a = scalar_left ? scalar : sample.value;
    const double b = scalar_left ? sample.value : scalar;
    if (sample.histogram) {
      const bool scales = binary.op == BinaryOp::kMul || (binary.op == BinaryOp::kDiv && !scalar_left);
      if (!scales) continue;
      sample.histogram = Scaled(*sample.histogram, binary.op == BinaryOp::kMul ? scalar : 1 / scalar);
      Put(out, Unnamed(series.labels), std::move(sample));
    } else if (!IsComparison(binary.op)) {
      sample.value = NaiveArithmetic(binary.op, a, b);
      Put(out, Unnamed(series.labels), std::move(sample));
    } else if (binary.return_bool) {
      sample.value = NaiveComparison(binary.op, a, b) ? 1 : 0;
      Put(out, Unnamed(series.labels), std::move(sample));
    } else if (NaiveComparison(binary.op, a, b)) {
      Put(out, series.labels, std::move(sample));
    }
  }
  return out;
}

NaiveVector NaiveEvaluator::Filter(const Binary& binary, const NaiveVector& lhs, const NaiveVector& rhs) {
  const auto key_of = [&](const NaiveSeries& series) {
    return Keeping(series.labels, binary.matching->labels, binary.matching->on).ToString();
  };
  const auto keys_of = [&](const NaiveVector& vector) {
    std::set<std::string> keys;
    for (const auto& [labels, series] : vector) keys.insert(key_of(series));
    return keys;
  };
  const std::set<std::string> left = keys_of(lhs), right = keys_of(rhs);
  NaiveVector out;
  for (const auto& [labels, series] : lhs) {
    const bool matched = right.contains(key_of(series));
    if (binary.op == BinaryOp::kOr || matched == (binary.op == BinaryOp::kAnd)) {
      Put(out, series.labels, series.samples[0]);
    }
  }
  for (const auto& [labels, series] : rhs) {
    if (binary.op == BinaryOp::kOr && !left.contains(key_of(series))) Put(out, series.labels, series.samples[0]);
  }
  return out;
}

// One to one, floats.
NaiveVector NaiveEvaluator::Join(const Binary& binary, const NaiveVector& lhs, const NaiveVector& rhs) {
  const auto key_of = [&](const NaiveSeries& series) {
    return Keeping(series.labels, binary.matching->labels, binary.matching->on);
  };
  std::map<std::string, const NaiveSeries*> partners;
  for (const auto& [labels, series] : rhs) {
    const bool is_new = partners.emplace(key_of(series).ToString(), &series).second;
    if (!is_new && !lhs.empty()) failed_ = true;
  }
  NaiveVector out;
  std::set<std::string> matched;
  for (const auto& [labels, series] : lhs) {
    const metric::Labels key = key_of(series);
    const auto partner = partners.find(key.ToString());
    if (partner == partners.end()) continue;
    if (series.samples[0].histogram || partner->second->samples[0].histogram) continue;
    if (!matched.insert(key.ToString()).second) {
      failed_ = true;
      continue;
    }
    NaiveSample sample = series.samples[0];
    sample.value = NaiveArithmetic(binary.op, sample.value, partner->second->samples[0].value);
    Put(out, key, std::move(sample));
  }
  return out;
}

}  // namespace bellwether::promql
