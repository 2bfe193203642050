#include "promql/parser/sequence_reader.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/quote.h"
#include "metric/sample.h"
#include "promql/histogram/arithmetic.h"
#include "promql/parser/lexer.h"
#include "promql/parser/literal.h"

namespace bellwether::promql {
namespace {

constexpr std::uint64_t kSequenceValuesMax = 10'000'000;

bool IsSequenceDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSequenceSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsSequenceLetter(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string LowerWord(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

SequenceValue SequenceGap() {
  SequenceValue value;
  value.omitted = true;
  return value;
}

SequenceValue SequenceNumber(double v) {
  SequenceValue value;
  value.value = v;
  return value;
}

// One span of absolute counts.
void SetBuckets(std::vector<double> counts, std::int64_t offset, std::vector<metric::BucketSpan>& spans,
                std::vector<double>& buckets) {
  if (!counts.empty()) {
    spans = {{.offset = static_cast<std::int32_t>(offset), .length = static_cast<std::uint32_t>(counts.size())}};
  }
  buckets = std::move(counts);
}

}  // namespace

bool SequenceReader::Take(std::string_view text) {
  if (!Ahead(text)) return false;
  pos_ += text.size();
  return true;
}

void SequenceReader::SkipSpace() {
  while (!AtEnd() && IsSequenceSpace(line_[pos_])) ++pos_;
}

std::string_view SequenceReader::Word() {
  const std::size_t start = pos_;
  while (!AtEnd() && (IsSequenceLetter(line_[pos_]) || IsSequenceDigit(line_[pos_]))) ++pos_;
  return line_.substr(start, pos_ - start);
}

base::Status SequenceReader::Fail(std::string message) const {
  return base::InvalidArgument(fmt::format("1:{}: parse error: {}", std::min(pos_, line_.size()) + 1, message));
}

base::Status SequenceReader::CheckSize(std::size_t have, std::uint64_t more) const {
  if (more <= kSequenceValuesMax && have + more <= kSequenceValuesMax) return base::OkStatus();
  return Fail(fmt::format("series has more than {} values", kSequenceValuesMax));
}

base::Status SequenceReader::ReadAll(std::vector<SequenceValue>& values) {
  while (true) {
    const std::size_t before = pos_;
    SkipSpace();
    if (AtEnd()) return base::OkStatus();
    if (pos_ == before) return Fail("unexpected character in series values: values are separated by spaces");
    BW_RETURN_IF_ERROR(Item(values));
  }
}

base::Status SequenceReader::Item(std::vector<SequenceValue>& values) {
  if (Ahead("_")) return Gaps(values);
  if (Ahead("{{")) return Histograms(values);
  return Numbers(values);
}

// N of "xN", 0 if there is no repetition.
base::Result<std::uint64_t> SequenceReader::Repetition() {
  if (!Take("x")) return std::uint64_t{0};
  std::uint64_t n = 0;
  const char* const first = line_.data() + pos_;
  const auto [end, error] = std::from_chars(first, line_.data() + line_.size(), n);
  if (error != std::errc()) return Fail("invalid repetition in series values: a whole number must follow x");
  pos_ += static_cast<std::size_t>(end - first);
  return n;
}

base::Status SequenceReader::Gaps(std::vector<SequenceValue>& values) {
  Take("_");
  std::uint64_t n = 1;
  if (Ahead("x")) {
    BW_ASSIGN_OR_RETURN(n, Repetition());
  }
  BW_RETURN_IF_ERROR(CheckSize(values.size(), n));
  values.insert(values.end(), n, SequenceGap());
  return base::OkStatus();
}

base::Status SequenceReader::Numbers(std::vector<SequenceValue>& values) {
  double value = metric::kStaleMarker;
  if (!Take("stale")) {
    BW_ASSIGN_OR_RETURN(value, SignedNumber());
  }
  double increment = 0;
  bool increments = false;
  if (Ahead("+") || Ahead("-")) {
    BW_ASSIGN_OR_RETURN(increment, SignedNumber());
    increments = true;
    if (!Ahead("x")) return Fail("expected xN behind the increment in series values");
  }
  BW_ASSIGN_OR_RETURN(const std::uint64_t n, Repetition());
  BW_RETURN_IF_ERROR(CheckSize(values.size(), n + 1));
  for (std::uint64_t i = 0; i <= n; ++i) {
    values.push_back(SequenceNumber(value));
    if (increments) value += increment;
  }
  return base::OkStatus();
}

base::Result<double> SequenceReader::UnsignedNumber() {
  const std::size_t start = pos_;
  if (!AtEnd() && IsSequenceLetter(line_[pos_])) {
    constexpr std::size_t kWordSize = 3;
    const std::string word = LowerWord(line_.substr(pos_, kWordSize));
    if (word == "inf" || word == "nan") {
      pos_ += kWordSize;
      return word == "inf" ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    }
    return Fail(
        fmt::format("unexpected identifier {} in series values, expected number or \"stale\"", base::Quote(Word())));
  }
  const bool begins = !AtEnd() && (IsSequenceDigit(line_[pos_]) || line_[pos_] == '.');
  if (begins && ScanNumber(line_, pos_, true)) {
    auto value = NumberValue(line_.substr(start, pos_ - start));
    return value.ok() ? value : Fail(value.status().message());
  }
  if (begins && pos_ > start && ScanDurationUnits(line_, pos_)) {
    auto value = DurationSeconds(line_.substr(start, pos_ - start));
    return value.ok() ? value : Fail(value.status().message());
  }
  pos_ = start;
  return Fail("unexpected character in series values, expected number or \"stale\"");
}

base::Result<double> SequenceReader::SignedNumber() {
  const bool negative = Ahead("-");
  if (!Take("-")) Take("+");
  BW_ASSIGN_OR_RETURN(const double value, UnsignedNumber());
  return negative ? -value : value;
}

base::Status SequenceReader::Histograms(std::vector<SequenceValue>& values) {
  BW_ASSIGN_OR_RETURN(HistogramLiteral first, Histogram());
  SequenceValue value;
  value.histogram = std::make_shared<const metric::NativeHistogram>(std::move(first.histogram));
  value.reset_hint_written = first.hint_written;
  const bool adds = Ahead("+");
  if (!adds && !Ahead("-")) {
    BW_ASSIGN_OR_RETURN(const std::uint64_t n, Repetition());
    BW_RETURN_IF_ERROR(CheckSize(values.size(), n + 1));
    values.insert(values.end(), n + 1, value);
    return base::OkStatus();
  }
  ++pos_;
  BW_ASSIGN_OR_RETURN(const HistogramLiteral step, Histogram());
  if (!Ahead("x")) return Fail("expected xN behind the increment in series values");
  BW_ASSIGN_OR_RETURN(const std::uint64_t n, Repetition());
  BW_RETURN_IF_ERROR(CheckSize(values.size(), n + 1));
  value.reset_hint_written = step.hint_written;
  values.push_back(value);
  for (std::uint64_t i = 0; i < n; ++i) {
    const metric::NativeHistogram& current = *value.histogram;
    if (current.schema > step.histogram.schema) {
      return Fail(fmt::format("error combining histograms: cannot merge from schema {} to {}", step.histogram.schema,
                              current.schema));
    }
    auto combined = adds ? histogram::Add(current, step.histogram) : histogram::Subtract(current, step.histogram);
    if (combined.incompatible) return Fail("error combining histograms: one is exponential, one has custom buckets");
    value.histogram = std::make_shared<const metric::NativeHistogram>(std::move(combined.value));
    values.push_back(value);
  }
  return base::OkStatus();
}

base::Result<std::int64_t> SequenceReader::Integer() {
  std::int64_t n = 0;
  const char* const first = line_.data() + pos_;
  const auto [end, error] = std::from_chars(first, line_.data() + line_.size(), n);
  if (error != std::errc() || n != static_cast<std::int32_t>(n)) {
    return Fail("expected a whole number in histogram description");
  }
  pos_ += static_cast<std::size_t>(end - first);
  return n;
}

base::Result<std::vector<double>> SequenceReader::NumberSet() {
  if (!Take("[")) return Fail("expected [ in histogram description, e.g. buckets:[5 10 7]");
  std::vector<double> numbers;
  while (true) {
    SkipSpace();
    if (Take("]")) return numbers;
    BW_ASSIGN_OR_RETURN(const double number, SignedNumber());
    numbers.push_back(number);
  }
}

base::Result<SequenceReader::HistogramLiteral> SequenceReader::Histogram() {
  if (!Take("{{")) return Fail("expected {{ of a histogram description");
  HistogramLiteral out;
  out.histogram.is_float = true;
  std::vector<double> buckets, negative_buckets;
  std::int64_t offset = 0, negative_offset = 0;
  std::set<std::string> seen;
  while (true) {
    SkipSpace();
    if (Take("}}")) break;
    const std::size_t key_start = pos_;
    const std::string key = LowerWord(Word());
    if (!seen.insert(key).second) {
      pos_ = key_start;
      return Fail(fmt::format("duplicate key {} in histogram", base::Quote(key)));
    }
    if (key.empty() || !Take(":")) {
      pos_ = key_start;
      return Fail(
          "unexpected text in histogram description, expected histogram description key, e.g. buckets:[5 10 7]");
    }
    if (key == "buckets") {
      BW_ASSIGN_OR_RETURN(buckets, NumberSet());
    } else if (key == "n_buckets") {
      BW_ASSIGN_OR_RETURN(negative_buckets, NumberSet());
    } else if (key == "offset") {
      BW_ASSIGN_OR_RETURN(offset, Integer());
    } else if (key == "n_offset") {
      BW_ASSIGN_OR_RETURN(negative_offset, Integer());
    } else {
      BW_RETURN_IF_ERROR(HistogramField(key, out));
    }
  }
  SetBuckets(std::move(buckets), offset, out.histogram.positive_spans, out.histogram.positive_buckets);
  SetBuckets(std::move(negative_buckets), negative_offset, out.histogram.negative_spans,
             out.histogram.negative_buckets);
  return out;
}

base::Status SequenceReader::HistogramField(std::string_view key, HistogramLiteral& out) {
  metric::NativeHistogram& h = out.histogram;
  if (key == "schema") {
    BW_ASSIGN_OR_RETURN(const std::int64_t schema, Integer());
    h.schema = static_cast<std::int32_t>(schema);
  } else if (key == "sum") {
    BW_ASSIGN_OR_RETURN(h.sum, SignedNumber());
  } else if (key == "count") {
    BW_ASSIGN_OR_RETURN(h.count, SignedNumber());
  } else if (key == "z_bucket") {
    BW_ASSIGN_OR_RETURN(h.zero_count, SignedNumber());
  } else if (key == "z_bucket_w") {
    BW_ASSIGN_OR_RETURN(h.zero_threshold, UnsignedNumber());
  } else if (key == "custom_values") {
    BW_ASSIGN_OR_RETURN(h.custom_values, NumberSet());
  } else if (key == "counter_reset_hint") {
    const std::string hint = LowerWord(Word());
    out.hint_written = true;
    if (hint == "unknown") {
      h.reset_hint = metric::CounterResetHint::kUnknown;
    } else if (hint == "reset") {
      h.reset_hint = metric::CounterResetHint::kReset;
    } else if (hint == "not_reset") {
      h.reset_hint = metric::CounterResetHint::kNotReset;
    } else if (hint == "gauge") {
      h.reset_hint = metric::CounterResetHint::kGauge;
    } else {
      return Fail(
          fmt::format("unknown counter_reset_hint {}, expected unknown, reset, not_reset or gauge", base::Quote(hint)));
    }
  } else {
    return Fail("bad histogram descriptor found: " + base::Quote(key));
  }
  return base::OkStatus();
}

}  // namespace bellwether::promql
