#include "ingest/text/text_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "ingest/text/text_number.h"

namespace bellwether::ingest {
namespace {

constexpr std::string_view kCreated = "_created";
// At most this much of a bad token is repeated.
constexpr std::size_t kShownMax = 80;

bool IsTextBlank(char c) { return c == ' ' || c == '\t'; }

void SkipTextBlanks(std::string_view line, std::size_t& at) {
  while (at < line.size() && IsTextBlank(line[at])) ++at;
}

std::string_view TokenAt(std::string_view line, std::size_t at) {
  std::size_t end = at;
  while (end < line.size() && !IsTextBlank(line[end])) ++end;
  return line.substr(at, end - at);
}

// True if `line` begins with this naming part, whole.
bool NamesTheSame(std::string_view line, std::string_view naming) {
  std::size_t at = naming.size();
  if (naming.empty() || line.size() <= at || !IsTextBlank(line[at])) return false;
  if (std::memcmp(line.data(), naming.data(), at) != 0) return false;
  SkipTextBlanks(line, at);
  return at == line.size() || line[at] != '{';
}

std::string Shown(std::string_view text) {
  if (text.empty()) return "the end of the line";
  const bool cut = text.size() > kShownMax;
  std::string out = "\"";
  out.append(text.substr(0, kShownMax)).append(cut ? "...\"" : "\"");
  return out;
}

// "a\\nb" as HELP has it, quotes escaped in OpenMetrics alone.
std::string UnescapeHelp(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n' || next == '\\' || next == '"') {
      out.push_back(next == 'n' ? '\n' : next);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

storage::MetricType TypeOfWord(std::string_view word) {
  using storage::MetricType;
  for (const MetricType type :
       {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram, MetricType::kGaugeHistogram,
        MetricType::kSummary, MetricType::kInfo, MetricType::kStateSet}) {
    if (word == storage::MetricTypeName(type)) return type;
  }
  return MetricType::kUnknown;  // "unknown", "untyped"
}

}  // namespace

void TextBatch::Clear() {
  series.clear();
  samples.clear();
  exemplars.clear();
  metadata.clear();
}

base::Result<std::size_t> TextReader::Read(std::string_view text, More more, std::size_t samples_max,
                                           TextBatch& batch) {
  std::size_t taken = 0;
  while (taken < text.size() && batch.samples.size() < samples_max) {
    const char* begin = text.data() + taken;
    const void* feed = std::memchr(begin, '\n', text.size() - taken);
    if (feed == nullptr && more == More::kMayFollow) break;
    const char* end = feed == nullptr ? text.data() + text.size() : static_cast<const char*>(feed);
    std::string_view line(begin, static_cast<std::size_t>(end - begin));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++lines_;
    if (!ReadLine(line, batch)) {
      return base::InvalidArgument(fmt::format("line {}, column {}: {}", lines_, fault_.at + 1, fault_.words));
    }
    taken += static_cast<std::size_t>(end - begin) + (feed == nullptr ? 0 : 1);
  }
  return taken;
}

bool TextReader::Fail(std::size_t at, std::string words) {
  fault_ = {at, std::move(words)};
  return false;
}

bool TextReader::ReadLine(std::string_view line, TextBatch& batch) {
  std::size_t at = 0;
  SkipTextBlanks(line, at);
  if (at == line.size()) return true;
  if (seen_eof_) return Fail(at, "text behind # EOF; import files one by one rather than joined");
  if (line[at] == '#') return ReadComment(line.substr(at), batch);
  if (ReadSample(line.substr(at), batch)) return true;
  fault_.at += at;
  return false;
}

bool TextReader::ReadSample(std::string_view line, TextBatch& batch) {
  std::size_t at = 0;
  const std::string_view before = batch.series.empty() ? std::string_view() : batch.series.back().naming;
  const bool same = NamesTheSame(line, before);
  if (same) {
    at = before.size();
  } else {
    at = FindNamingEnd(line, fault_);
    if (at == 0) return false;
  }
  const std::string_view naming = line.substr(0, at);

  SkipTextBlanks(line, at);
  const std::string_view value_text = TokenAt(line, at);
  const auto value = ParseTextValue(value_text);
  if (!value) return Fail(at, fmt::format("expected a value, found {}", Shown(value_text)));
  at += value_text.size();
  SkipTextBlanks(line, at);
  base::TimestampMs t = now_;
  if (at < line.size() && line[at] != '#' && !ReadTime(line, at, t)) return false;

  if (!same) {
    if (FamilyHasStarts() && IsCreated(naming)) {
      TakeStart(naming, base::TimestampMs(static_cast<std::int64_t>(std::llround(*value * 1000))), t, batch);
      return true;
    }
    batch.series.push_back({naming, lines_, batch.samples.size()});
    series_start_ = has_start_ && MetricKey(naming, key_) && key_ == start_key_ ? start_ : base::TimestampMs();
  }
  batch.samples.push_back({storage::SeriesRef::kNone, t, *value, series_start_});
  return at == line.size() || ReadExemplar(line, at, batch);
}

bool TextReader::ReadTime(std::string_view line, std::size_t& at, base::TimestampMs& t) {
  const std::string_view text = TokenAt(line, at);
  const bool seconds = format_ == TextFormat::kOpenMetrics;
  const auto parsed = seconds ? ParseTextSeconds(text) : ParseTextMillis(text);
  if (!parsed) {
    return Fail(at, fmt::format("expected a time in {}, found {}",
                                seconds ? "seconds (OpenMetrics)" : "whole milliseconds (Prometheus text format)",
                                Shown(text)));
  }
  t = *parsed;
  at += text.size();
  SkipTextBlanks(line, at);
  if (at == line.size() || line[at] == '#') return true;
  return Fail(at, fmt::format("expected the end of the line behind the time, found {}", Shown(TokenAt(line, at))));
}

// # {trace_id="abc"} 0.67 1520879607.789
bool TextReader::ReadExemplar(std::string_view line, std::size_t at, TextBatch& batch) {
  ++at;
  SkipTextBlanks(line, at);
  if (at == line.size() || line[at] != '{') return Fail(at, "expected the labels of an exemplar behind #");
  TextFault fault;
  const std::size_t end = FindNamingEnd(line.substr(at), fault);
  if (end == 0) return Fail(at + fault.at, fault.words);
  TextExemplar exemplar{batch.series.size() - 1, line.substr(at, end), 0, batch.samples.back().timestamp};
  at += end;
  SkipTextBlanks(line, at);
  const std::string_view value_text = TokenAt(line, at);
  const auto value = ParseTextValue(value_text);
  if (!value) return Fail(at, fmt::format("expected the value of an exemplar, found {}", Shown(value_text)));
  exemplar.value = *value;
  at += value_text.size();
  SkipTextBlanks(line, at);
  if (at < line.size() && !ReadTime(line, at, exemplar.timestamp)) return false;
  if (at < line.size()) return Fail(at, "expected the end of the line behind an exemplar");
  batch.exemplars.push_back(exemplar);
  return true;
}

bool TextReader::ReadComment(std::string_view line, TextBatch& batch) {
  if (line == "# EOF" && format_ == TextFormat::kOpenMetrics) {
    seen_eof_ = true;
    return true;
  }
  std::size_t at = 1;
  SkipTextBlanks(line, at);
  const std::string_view keyword = TokenAt(line, at);
  if (keyword != "TYPE" && keyword != "HELP" && keyword != "UNIT") return true;
  at += keyword.size();
  SkipTextBlanks(line, at);
  std::string_view family = TokenAt(line, at);
  std::string unquoted;
  if (family.starts_with('"')) {
    // HELP may have quotes of its own: then the name ends at the first one that is not escaped.
    std::size_t quote = at + 1;
    while (quote < line.size() && line[quote] != '"') quote += line[quote] == '\\' ? 2 : 1;
    if (quote >= line.size()) return Fail(at, "the closing quote is missing");
    unquoted = UnescapeHelp(line.substr(at + 1, quote - at - 1));
    at = quote + 1;
    family = unquoted;
  } else {
    at += family.size();
  }
  if (family.empty()) return Fail(at, fmt::format("expected a metric name behind {}", keyword));
  if (!base::IsValidUtf8(line)) return Fail(at, "not valid UTF-8");
  SkipTextBlanks(line, at);
  const std::string_view rest = line.substr(at);
  if (metadata_.metric != family) {
    metadata_ = storage::MetricMetadata();
    metadata_.metric = family;
  }
  if (keyword == "HELP") {
    metadata_.help = UnescapeHelp(rest);
  } else if (keyword == "UNIT") {
    metadata_.unit = rest;
  } else {
    metadata_.type = TypeOfWord(rest);
    family_ = family;
    type_ = metadata_.type;
    has_start_ = false;
    series_start_ = base::TimestampMs();
  }
  if (batch.metadata.empty() || batch.metadata.back().metric != family) batch.metadata.emplace_back();
  batch.metadata.back() = metadata_;
  return true;
}

bool TextReader::FamilyHasStarts() const {
  using storage::MetricType;
  return format_ == TextFormat::kOpenMetrics &&
         (type_ == MetricType::kCounter || type_ == MetricType::kHistogram || type_ == MetricType::kSummary);
}

bool TextReader::IsCreated(std::string_view naming) const {
  const std::string_view name = MetricNameOf(naming);
  if (!name.ends_with(kCreated)) return false;
  std::string_view family = family_;
  if (family.ends_with("_total")) family.remove_suffix(6);  // As Prometheus's own clients name counters in TYPE.
  return name.substr(0, name.size() - kCreated.size()) == family;
}

bool TextReader::MetricKey(std::string_view naming, std::string& key) {
  labels_.clear();
  TextFault fault;
  if (!ReadTextLabels(naming, labels_, unescaped_, fault)) return false;
  std::sort(labels_.begin(), labels_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  key.clear();
  std::string_view family = family_;
  if (family.ends_with("_total")) family.remove_suffix(6);
  for (const auto& [name, value] : labels_) {
    if (name == metric::kMetricName) {
      if (!value.starts_with(family)) return false;
      const std::string_view suffix = value.substr(family.size());
      constexpr std::array<std::string_view, 6> kSuffixes{"", "_total", "_count", "_sum", "_bucket", kCreated};
      if (std::find(kSuffixes.begin(), kSuffixes.end(), suffix) == kSuffixes.end()) return false;
    } else if (name != metric::kBucketLabel && name != "quantile") {
      key.append(name).push_back('\xff');
      key.append(value).push_back('\xff');
    }
  }
  return true;
}

void TextReader::TakeStart(std::string_view naming, base::TimestampMs start, base::TimestampMs t, TextBatch& batch) {
  has_start_ = MetricKey(naming, start_key_);
  start_ = start;
  if (!has_start_ || batch.series.empty()) return;
  if (!MetricKey(batch.series.back().naming, key_) || key_ != start_key_) return;
  series_start_ = start;
  for (std::size_t i = batch.series.size(), end = batch.samples.size(); i-- > 0;) {
    storage::FloatSample& last = batch.samples[end - 1];
    if (last.timestamp != t || !MetricKey(batch.series[i].naming, key_) || key_ != start_key_) return;
    last.start_timestamp = start;
    // Go on to the series before only if this sample stands alone: else its others are of other times.
    if (end - batch.series[i].samples > 1) return;
    end = batch.series[i].samples;
  }
}

}  // namespace bellwether::ingest
