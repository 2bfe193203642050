// Any expression whose types fit, over series with everything that a sample may be: no crash, no error that says that
// the engine is at fault, the same series at a step of a range query as in the instant query there, and the same with a
// plan as without.
//
// Input: bytes that choose, each one of the alternatives at hand; where they end, the shortest expression is taken.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "promql/engine.h"
#include "promql/explain.h"
#include "promql/parser/function_signatures.h"
#include "storage/open.h"

namespace bellwether::promql {
namespace {

constexpr base::TimestampMs kFuzzEnd(600'000);

class ExpressionOfBytes {
 public:
  explicit ExpressionOfBytes(std::string_view bytes) : bytes_(bytes) {}

  std::string Vector(int depth = 0) {
    if (depth > 6) return "up";
    switch (Choose(7)) {
      case 0: return Selector() + Modifiers();
      case 1: return Aggregate(depth);
      case 2: return "(" + Vector(depth + 1) + BinaryOperator() + Matching() + Vector(depth + 1) + ")";
      case 3: return "(" + Vector(depth + 1) + BinaryOperator() + Scalar(depth + 1) + ")";
      case 4: return "(" + Scalar(depth + 1) + BinaryOperator() + Vector(depth + 1) + ")";
      case 5: return "-" + Vector(depth + 1);
      default: return Call(depth, ValueType::kVector);
    }
  }

 private:
  std::size_t Choose(std::size_t alternatives) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % alternatives;
  }
  std::string Pick(std::initializer_list<const char*> texts) { return texts.begin()[Choose(texts.size())]; }

  std::string Selector() {
    return Pick({"up", "c_total", "h", "custom", "mixed", "latency_bucket", "{__name__=~\".+\"}"}) +
           Pick({"", "{a=\"x\"}", "{a!=\"x\"}", "{a=~\"x|y\"}", "{b=\"\"}"});
  }
  std::string Modifiers() {
    return Pick({"", " offset 1m", " offset -90s", " @ 300", " @ start()", " @ end() offset 1m", " anchored",
                 " smoothed", " offset step()"});
  }
  std::string Duration() {
    return Pick({"1m", "5m", "30s", "1ms", "1h", "step() + 1s", "max_of(1m, range())", "2 * 20s"});
  }
  std::string Number() { return Pick({"1", "0", "-1", "0.5", "NaN", "Inf", "-Inf", "1e300", "2", "100"}); }

  std::string Scalar(int depth) {
    if (depth > 6) return "1";
    switch (Choose(4)) {
      case 0: return Number();
      case 1:
        return "(" + Scalar(depth + 1) + Pick({" + ", " * ", " / ", " % ", " ^ ", " > bool "}) + Scalar(depth + 1) +
               ")";
      case 2: return "scalar(" + Vector(depth + 1) + ")";
      default: return Call(depth, ValueType::kScalar);
    }
  }

  std::string Matrix(int depth) {
    if (depth > 6 || Choose(3) > 0) return Selector() + "[" + Duration() + "]" + Modifiers();
    return "(" + Vector(depth + 1) + ")[" + Duration() + ":" + Pick({"", "30s", "1m", "7s", "step()"}) + "]" +
           Pick({"", " offset 1m", " @ end()"});
  }

  std::string Aggregate(int depth) {
    const std::string grouping = Pick({"", " by (a)", " without (a)", " by (le)", " by ()", " by (b, a)"});
    const std::string op = Pick({"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk",
                                 "quantile", "limitk", "limit_ratio", "count_values"});
    std::string parameter;
    if (op == "count_values") parameter = Pick({"\"v\", ", "\"a\", "});
    if (op == "topk" || op == "bottomk" || op == "quantile" || op.starts_with("limit"))
      parameter = Scalar(depth + 1) + ", ";
    return op + grouping + " (" + parameter + Vector(depth + 1) + ")";
  }

  std::string BinaryOperator() {
    return Pick({" + ",  " - ", " * ", " / ",  " % ",  " ^ ",   " atan2 ", " == bool ", " > bool ", " == ",
                 " != ", " > ", " < ", " >= ", " <= ", " and ", " or ",    " unless ",  " </ ",     " >/ "});
  }
  std::string Matching() {
    return Pick({"", "on (a) ", "ignoring (a) ", "on () ", "on (a) group_left () ", "on (a) group_right (b) ",
                 "on (a) fill (0) ", "ignoring (a) fill_left (1) ", "on (a) group_left () fill_right (2) "});
  }

  std::string Call(int depth, ValueType result) {
    std::vector<const FunctionSignature*> fitting;
    for (const FunctionSignature& function : AllFunctions()) {
      if (function.result == result) fitting.push_back(&function);
    }
    const FunctionSignature& function = *fitting[Choose(fitting.size())];
    // Of optional arguments, any number.
    const auto optional = static_cast<std::size_t>(function.variadic == 0  ? 0
                                                   : function.variadic < 0 ? 2
                                                                           : function.variadic);
    const std::size_t count = function.args.size() - (optional > 0 ? Choose(optional + 1) : 0);
    std::string text = std::string(function.name) + "(";
    for (std::size_t i = 0; i < count && i < function.args.size(); ++i) {
      text += (i == 0 ? "" : ", ") + Argument(depth, function.args[i]);
    }
    return text + ")";
  }

  std::string Argument(int depth, ValueType type) {
    switch (type) {
      case ValueType::kScalar: return Scalar(depth + 1);
      case ValueType::kVector: return Vector(depth + 1);
      case ValueType::kMatrix: return Matrix(depth + 1);
      case ValueType::kString: return Pick({"\"a\"", "\"$1\"", "\"(.*)\"", "\"le\"", "\"\"", "\"new\""});
    }
    return "";
  }

  std::string_view bytes_;
};

// Series with floats of all kinds, histograms of two kinds, and one that has both.
class FuzzedEngine {
 public:
  FuzzedEngine()
      : storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)) {
    const double infinity = INFINITY;
    Floats({{"__name__", "up"}, {"a", "x"}}, {1, 0, 1, metric::kStaleMarker, 1, 1, 0, 1});
    Floats({{"__name__", "up"}, {"a", "y"}, {"b", "z"}}, {1, NAN, -0.0, infinity, -infinity, 1e308, 5e-324, 7});
    Floats({{"__name__", "c_total"}, {"a", "x"}}, {0, 10, 25, 3, 8, 8, 40, 41});
    Floats({{"__name__", "mixed"}, {"a", "x"}}, {1, 2, 3});
    for (const char* le : {"0.1", "1", "+Inf"}) {
      Floats({{"__name__", "latency_bucket"}, {"a", "x"}, {"le", le}}, {1, 2, 4, 4, 9, 1, 5, 6});
    }
    metric::NativeHistogram exponential;
    exponential.count = 6;
    exponential.sum = 4.5;
    exponential.zero_threshold = 0.001;
    exponential.zero_count = 1;
    exponential.positive_spans = {{0, 2}};
    exponential.positive_buckets = {1, 2};
    exponential.negative_spans = {{1, 1}};
    exponential.negative_buckets = {2};
    metric::NativeHistogram custom;
    custom.schema = metric::kCustomBucketsSchema;
    custom.count = 3;
    custom.sum = 2;
    custom.custom_values = {0.5, 1, 5};
    custom.positive_spans = {{0, 3}};
    custom.positive_buckets = {1, 1, 1};
    Histograms({{"__name__", "h"}, {"a", "x"}}, exponential, 0);
    Histograms({{"__name__", "h"}, {"a", "y"}}, exponential, 3);
    Histograms({{"__name__", "custom"}, {"a", "x"}}, custom, 0);
    Histograms({{"__name__", "mixed"}, {"a", "x"}}, exponential, 3);
  }

  void Ask(const std::string& query) {
    const base::TimestampMs start(240'000);
    const auto range = engine_.Range(*storage_, query, start, kFuzzEnd, base::Seconds(90));
    CheckError(query, range.status());
    QueryOptions explained;
    explained.explain = true;
    const auto same = engine_.Range(*storage_, query, start, kFuzzEnd, base::Seconds(90), explained);
    if (same.ok() != range.ok()) Fail(query, "the plan changes the outcome");
    if (!range.ok()) return;
    if (SeriesAt(same->value, start) != SeriesAt(range->value, start)) Fail(query, "the plan changes the value");
    for (const char* of_the_range : {"start()", "end()", "range()", "step()"}) {
      if (query.find(of_the_range) != std::string::npos) return;
    }
    const base::TimestampMs at = start + base::Seconds(180);
    const auto instant = engine_.Instant(*storage_, query, at);
    if (!instant.ok()) Fail(query, "the instant fails: " + instant.status().message());
    if (SeriesAt(instant->value, at) != SeriesAt(range->value, at)) Fail(query, "range and instant differ");
  }

 private:
  static void Fail(const std::string& query, const std::string& why) {
    std::fprintf(stderr, "%s\n%s\n", query.c_str(), why.c_str());
    std::abort();
  }

  // Types that do not fit and what cannot be computed are the query's fault.
  static void CheckError(const std::string& query, const base::Status& status) {
    const bool fault_of_query = status.ok() || status.code() == base::StatusCode::kInvalidArgument ||
                                status.code() == base::StatusCode::kExecution;
    if (!fault_of_query) Fail(query, status.ToString());
  }

  // Which series there are at a time, and whether as floats.
  static std::multiset<std::string> SeriesAt(const Value& value, base::TimestampMs at) {
    std::multiset<std::string> found;
    if (const auto* vector = std::get_if<Vector>(&value)) {
      for (const VectorSample& s : *vector) found.insert(s.labels.ToString() + (s.histogram ? "h" : "f"));
    } else if (const auto* matrix = std::get_if<Matrix>(&value)) {
      for (const MatrixSeries& s : *matrix) {
        for (const FloatPoint& p : s.floats) {
          if (p.timestamp == at) found.insert(s.labels.ToString() + "f");
        }
        for (const HistogramPoint& p : s.histograms) {
          if (p.timestamp == at) found.insert(s.labels.ToString() + "h");
        }
      }
    } else {
      found.insert("{}f");
    }
    return found;
  }

  void Floats(const std::vector<metric::LabelView>& labels, const std::vector<double>& values) {
    const auto appender = storage_->NewAppender();
    const auto ref = appender->FindOrCreate(metric::Labels::FromPairs(labels));
    BW_CHECK(ref.ok());
    std::vector<storage::FloatSample> samples;
    for (std::size_t i = 0; i < values.size(); ++i) {
      samples.push_back({*ref, base::TimestampMs(static_cast<std::int64_t>(i) * 60'000), values[i], {}});
    }
    appender->Append(samples);
    BW_CHECK(appender->Commit(storage::Durability::kVisible).ok());
  }

  void Histograms(const std::vector<metric::LabelView>& labels, metric::NativeHistogram h, int first) {
    const auto appender = storage_->NewAppender();
    const auto ref = appender->FindOrCreate(metric::Labels::FromPairs(labels));
    BW_CHECK(ref.ok());
    for (int i = first; i < 9; ++i) {
      const storage::HistogramSample sample[] = {{*ref, base::TimestampMs(i * 60'000), &h, {}}};
      appender->AppendHistograms(sample);
      h.sum += 1;
      if (i == 5) h.positive_buckets[0] = 0, h.count -= 1;  // Looks like a reset.
    }
    BW_CHECK(appender->Commit(storage::Durability::kVisible).ok());
  }

  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_{kFuzzEnd};
  std::unique_ptr<storage::Storage> storage_;
  Engine engine_{
      {.parser = {.experimental_functions = true, .extended_range_selectors = true, .binop_fill_modifiers = true},
       .max_samples = 100'000},
      clock_,
      metrics_};
};

}  // namespace
}  // namespace bellwether::promql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static bellwether::promql::FuzzedEngine engine;
  constexpr std::size_t kChoicesMax = 200;
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, kChoicesMax));
  engine.Ask(bellwether::promql::ExpressionOfBytes(bytes).Vector());
  return 0;
}
