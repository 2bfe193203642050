#include "api/handlers/grafana/grafana_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number.h"
#include "promql/parser.h"

namespace bellwether::api {
namespace {

constexpr std::string_view kRegexMeta = "\\.+*?()|[]{}^$";
constexpr double kDefaultPoints = 1000;
constexpr double kPointsLimit = 11'000;

std::string ScalarText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number()) return base::FormatNumber(value.get<double>());
  return "";
}

// A time of a range: RFC 3339, or epoch milliseconds as number or text.
base::Result<base::TimestampMs> RangeTime(const Json& range, const char* key, base::TimestampMs absent) {
  const std::string text = JsonText(range, key);
  if (text.empty()) return absent;
  if (const auto ms = base::ParseNumber(text); ms && std::abs(*ms) < 1e17) {
    return base::TimestampMs(static_cast<std::int64_t>(*ms));
  }
  auto time = base::ParseRfc3339(text);
  if (time.ok()) return time;
  return base::InvalidArgument(fmt::format("range.{}: {}", key, time.status().message()));
}

// Splits at unescaped '|' outside parentheses and classes.
std::vector<std::string_view> SplitAlternatives(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '|') {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

bool IsAlternation(std::string_view text) {
  return text.size() >= 2 && text.front() == '(' && text.back() == ')' && !text.ends_with("\\)");
}

// True if every metacharacter of `text` is escaped: it stands for itself and not for a pattern.
bool IsEscapedLiteral(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] != '.' && kRegexMeta.find(text[i]) != std::string_view::npos) {
      return false;  // An unescaped dot is more often a name's than a pattern's.
    }
  }
  return true;
}

base::Result<metric::Matcher> FilterMatcher(const AdHocFilter& filter) {
  using metric::MatchOp;
  const auto join = [&] {
    std::string pattern;
    for (const std::string& value : filter.values.empty() ? std::vector<std::string>{filter.value} : filter.values) {
      pattern.append(pattern.empty() ? "" : "|").append(EscapeRegex(value));
    }
    return pattern;
  };
  if (filter.op == "=") return metric::Matcher::Equal(filter.key, filter.value);
  if (filter.op == "!=") return metric::Matcher::Make(MatchOp::kNotEqual, filter.key, filter.value);
  if (filter.op == "=~") return metric::Matcher::Make(MatchOp::kRegex, filter.key, filter.value);
  if (filter.op == "!~") return metric::Matcher::Make(MatchOp::kNotRegex, filter.key, filter.value);
  if (filter.op == "=|") return metric::Matcher::Make(MatchOp::kRegex, filter.key, join());
  return metric::Matcher::Make(MatchOp::kNotRegex, filter.key, join());
}

bool IsLabelOperator(std::string_view op) {
  constexpr std::string_view kOperators[] = {"=", "!=", "=~", "!~", "=|", "!=|"};
  return std::find(std::begin(kOperators), std::end(kOperators), op) != std::end(kOperators);
}

// simPod's payload, or the `data` of simple-json, each an object or JSON as text.
Json PayloadOf(const Json& target) {
  for (const char* key : {"payload", "data"}) {
    const Json& payload = JsonMember(target, key);
    if (payload.is_object()) return payload;
    if (payload.is_string()) {
      Json parsed = Json::parse(payload.get_ref<const std::string&>(), nullptr, false);
      if (parsed.is_object()) return parsed;
    }
  }
  return Json::object();
}

base::Result<GrafanaFormat> FormatOf(const Json& payload, const Json& target) {
  std::string format = JsonText(payload, "format");
  if (format.empty()) format = JsonText(target, "type");
  if (format.empty() || format == "time_series" || format == "timeserie" || format == "timeseries") {
    return GrafanaFormat::kTimeSeries;
  }
  if (format == "table") return GrafanaFormat::kTable;
  if (format == "frame") return GrafanaFormat::kFrame;
  return base::InvalidArgument(fmt::format("unknown format \"{}\" (expected time_series, table or frame)", format));
}

base::Result<GrafanaTarget> ReadTarget(const Json& target) {
  const Json payload = PayloadOf(target);
  GrafanaTarget read;
  read.ref_id = JsonText(target, "refId");
  read.target = JsonText(target, "target");
  if (read.target == "select metric") read.target.clear();  // simple-json's placeholder.
  read.has_payload = !payload.empty();
  read.query = JsonText(payload, "query");
  read.where = JsonText(payload, "where");
  for (const char* label : {"model", "version", "feature"}) {
    const auto values = JsonTexts(payload, label);
    if (!values.empty()) read.narrowed.push_back(OneOfMatcher(label, values));
  }
  auto format = FormatOf(payload, target);
  if (!format.ok()) return format.status().WithContext(fmt::format("target {}", read.ref_id));
  read.format = *format;
  read.instant = JsonBool(payload, "instant").value_or(read.format == GrafanaFormat::kTable);
  read.legend = JsonText(payload, "legend");
  if (read.legend.empty()) read.legend = JsonText(target, "alias");
  return read;
}

void ReadStep(const Json& body, GrafanaQuery& query) {
  const double range_ms = static_cast<double>((query.range.max - query.range.min).ms);
  const double points = std::clamp(JsonNumber(body, "maxDataPoints").value_or(kDefaultPoints), 1.0, kPointsLimit);
  const double interval = std::max(1.0, JsonNumber(body, "intervalMs").value_or(1.0));
  const double step = std::ceil(std::max({interval, range_ms / points, range_ms / kPointsLimit}));
  query.step = base::DurationMs(static_cast<std::int64_t>(std::min(step, 1e15)));
  query.interval = interval > 1 ? base::DurationMs(static_cast<std::int64_t>(std::min(interval, 1e15))) : query.step;
  query.max_points = static_cast<std::size_t>(points);
}

}  // namespace

base::Result<Json> ParseJsonBody(std::string_view body) {
  if (body.empty()) return Json::object();
  try {
    return Json::parse(body);
  } catch (const Json::exception& e) {
    return base::InvalidArgument(fmt::format("the request body is not valid JSON: {}", e.what()));
  }
}

const Json& JsonMember(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string JsonText(const Json& object, const char* key) { return ScalarText(JsonMember(object, key)); }

std::optional<double> JsonNumber(const Json& object, const char* key) {
  const auto number = base::ParseNumber(JsonText(object, key));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> JsonBool(const Json& object, const char* key) {
  const auto value = ParseGoBool(JsonText(object, key));
  return value.ok() ? std::optional<bool>(*value) : std::nullopt;
}

std::vector<std::string> JsonTexts(const Json& object, const char* key) {
  const Json& value = JsonMember(object, key);
  std::vector<std::string> texts;
  if (value.is_array()) {
    for (const Json& item : value) texts.push_back(ScalarText(item));
  } else {
    texts.push_back(ScalarText(value));
  }
  std::erase(texts, "");
  return texts;
}

base::Result<TimeBounds> ReadGrafanaRange(const Json& body, const char* key, base::TimestampMs now) {
  const Json& range = JsonMember(body, key);
  TimeBounds bounds;
  BW_ASSIGN_OR_RETURN(bounds.max, RangeTime(range, "to", now));
  BW_ASSIGN_OR_RETURN(bounds.min, RangeTime(range, "from", bounds.max - base::Hours(6)));
  if (bounds.max < bounds.min) return base::InvalidArgument("range.to is before range.from");
  return bounds;
}

std::string UnescapeRegex(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && std::ispunct(static_cast<unsigned char>(text[i + 1]));
    if (escape) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

std::string EscapeRegex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (kRegexMeta.find(c) != std::string_view::npos) escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

std::vector<std::string> AlternativesOf(std::string_view text) {
  if (!IsAlternation(text)) return {UnescapeRegex(text)};
  std::vector<std::string> alternatives;
  for (const std::string_view part : SplitAlternatives(text.substr(1, text.size() - 2))) {
    alternatives.push_back(UnescapeRegex(part));
  }
  return alternatives;
}

metric::Matcher OneOfMatcher(const std::string& name, const std::vector<std::string>& values) {
  std::vector<std::string> literals;
  std::string pattern;
  for (const std::string& value : values) {
    const bool alternation = IsAlternation(value);
    const std::string_view inner =
        alternation ? std::string_view(value).substr(1, value.size() - 2) : std::string_view(value);
    for (const std::string_view part : alternation ? SplitAlternatives(inner) : std::vector<std::string_view>{inner}) {
      const bool literal = !alternation || IsEscapedLiteral(part);
      if (literal) literals.push_back(UnescapeRegex(part));
      pattern.append(pattern.empty() ? "" : "|").append(literal ? EscapeRegex(literals.back()) : std::string(part));
    }
  }
  if (literals.size() == 1 && pattern == EscapeRegex(literals.front())) {
    return metric::Matcher::Equal(name, literals.front());
  }
  auto matcher = metric::Matcher::Make(metric::MatchOp::kRegex, name, pattern);
  // What does not parse as a pattern was a plain text.
  return matcher.ok() ? *matcher : metric::Matcher::Equal(name, values.front());
}

base::Result<std::vector<metric::Matcher>> ParseWhere(std::string_view where) {
  if (where.starts_with('{') && where.ends_with('}')) where = where.substr(1, where.size() - 2);
  if (where.find_first_not_of(' ') == std::string_view::npos) return std::vector<metric::Matcher>();
  // A selector needs a matcher that the empty text does not match: the last one is that, and is taken off again.
  auto matchers = promql::ParseMetricSelector(fmt::format("{{{},__name__!=\"\"}}", where));
  if (matchers.ok()) matchers->pop_back();
  return matchers;
}

std::vector<AdHocFilter> ReadAdHocFilters(const Json& body) {
  std::vector<AdHocFilter> filters;
  for (const char* list : {"filters", "adhocFilters"}) {
    const Json& entries = JsonMember(body, list);
    if (!entries.is_array()) continue;
    for (const Json& entry : entries) {
      AdHocFilter filter{JsonText(entry, "key"), JsonText(entry, "operator"), JsonText(entry, "value"),
                         JsonTexts(entry, "values")};
      if (!filter.key.empty()) filters.push_back(std::move(filter));
    }
  }
  return filters;
}

base::Result<FilterMatchers> MatchersOf(const std::vector<AdHocFilter>& filters, std::string_view except_key) {
  FilterMatchers result;
  for (const AdHocFilter& filter : filters) {
    if (filter.key == except_key) continue;
    if (!IsLabelOperator(filter.op)) {
      result.left_out.push_back(fmt::format("filter {} {} {} left out: labels are text and know no such operator",
                                            filter.key, filter.op, filter.value));
      continue;
    }
    const bool still_typing =
        filter.op.size() == 2 && filter.op != "!=" && filter.value.empty() && filter.values.empty();
    if (still_typing || (filter.op == "!=|" && filter.value.empty() && filter.values.empty())) continue;
    BW_ASSIGN_OR_RETURN(metric::Matcher matcher, FilterMatcher(filter));
    result.matchers.push_back(std::move(matcher));
  }
  return result;
}

base::Result<GrafanaQuery> ReadGrafanaQuery(std::string_view text, base::TimestampMs now) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(text));
  if (!body.is_object()) return base::InvalidArgument("the request body is not a JSON object");
  GrafanaQuery query;
  BW_ASSIGN_OR_RETURN(query.range, ReadGrafanaRange(body, "range", now));
  ReadStep(body, query);
  query.filters = ReadAdHocFilters(body);
  const Json& targets = JsonMember(body, "targets");
  if (!targets.is_array()) return base::InvalidArgument("targets: a list of queries is expected");
  for (const Json& target : targets) {
    if (JsonBool(target, "hide").value_or(false)) continue;
    BW_ASSIGN_OR_RETURN(GrafanaTarget read, ReadTarget(target));
    query.targets.push_back(std::move(read));
  }
  return query;
}

}  // namespace bellwether::api
