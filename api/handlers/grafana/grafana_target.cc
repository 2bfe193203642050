#include "api/handlers/grafana/grafana_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "api/handlers/selectors.h"
#include "api/handlers/series_lookup.h"
#include "api/json/envelope.h"

namespace bellwether::api {
namespace {

// What the built-in Prometheus data source assumes where nothing else is configured.
constexpr base::DurationMs kScrapeInterval = base::Seconds(15);

promql::ExprPtr SelectorOf(metric::Matcher matcher) {
  auto selector = std::make_shared<promql::VectorSelector>();
  selector->matchers.push_back(std::move(matcher));
  return selector;
}

// A text that may be a metric name and can be nothing but that, or PromQL of two names and a minus.
bool MayBeMetricName(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\n(){}[]\"'`") == std::string_view::npos;
}

base::Result<bool> MetricExists(storage::Storage& storage, const std::string& name, const TimeBounds& range) {
  const SelectorList selectors = {{metric::Matcher::Equal(std::string(metric::kMetricName), name)}};
  BW_ASSIGN_OR_RETURN(const auto found, FindSeries(storage, {selectors, range, 1}));
  return !found.items.empty();
}

// The matchers that the payload and the dashboard's filters add to every selector.
base::Result<FilterMatchers> ExtraMatchers(const GrafanaQuery& query, const GrafanaTarget& target) {
  BW_ASSIGN_OR_RETURN(FilterMatchers extra, MatchersOf(query.filters));
  extra.matchers.insert(extra.matchers.end(), target.narrowed.begin(), target.narrowed.end());
  const auto where = ParseWhere(target.where);
  if (!where.ok()) return where.status().WithContext("payload key where");
  extra.matchers.insert(extra.matchers.end(), where->begin(), where->end());
  return extra;
}

base::Result<std::string> TextOf(const GrafanaTarget& target) {
  if (!target.query.empty()) return target.query;
  if (target.target != kPromqlTarget) return target.target;
  if (!target.has_payload)
    return base::InvalidArgument("the payload is empty or was not valid JSON: it needs \"query\"");
  return base::InvalidArgument("the payload needs \"query\": a PromQL expression");
}

// Keeps the least, the greatest and the last point of each of `max_points` / 3 equal stretches.
void ReducePoints(std::vector<promql::FloatPoint>& points, std::size_t max_points) {
  const std::size_t stretches = std::max<std::size_t>(1, max_points / 3);
  std::vector<promql::FloatPoint> kept;
  const auto by_value = [](const promql::FloatPoint& a, const promql::FloatPoint& b) { return a.value < b.value; };
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto first = points.begin() + static_cast<std::ptrdiff_t>(points.size() * i / stretches);
    const auto last = points.begin() + static_cast<std::ptrdiff_t>(points.size() * (i + 1) / stretches);
    if (first == last) continue;
    std::vector<std::ptrdiff_t> picks = {std::min_element(first, last, by_value) - points.begin(),
                                         std::max_element(first, last, by_value) - points.begin(),
                                         last - points.begin() - 1};
    std::sort(picks.begin(), picks.end());
    picks.erase(std::unique(picks.begin(), picks.end()), picks.end());
    for (const std::ptrdiff_t pick : picks) kept.push_back(points[static_cast<std::size_t>(pick)]);
  }
  points = std::move(kept);
}

// Raw samples (of a range vector) are not bound to the step, so they are thinned to the width of the panel.
void ReduceMatrix(promql::Value& value, std::size_t max_points, std::vector<GrafanaNotice>& notices) {
  auto* matrix = std::get_if<promql::Matrix>(&value);
  if (matrix == nullptr) return;
  std::size_t before = 0;
  std::size_t after = 0;
  for (promql::MatrixSeries& series : *matrix) {
    before += series.floats.size();
    if (series.floats.size() > std::max<std::size_t>(max_points, 3)) ReducePoints(series.floats, max_points);
    after += series.floats.size();
  }
  if (before != after) {
    notices.push_back(
        {"info",
         fmt::format("reduced from {} to {} samples: the least, greatest and last of each stretch", before, after)});
  }
}

base::Result<promql::QueryResult> Evaluate(const HandlerContext& context, const GrafanaQuery& query, bool instant,
                                           const promql::ExprPtr& expr, const std::string& text,
                                           std::stop_token cancel) {
  promql::QueryOptions options;
  options.cancel = std::move(cancel);
  const promql::ValueType type = promql::TypeOf(*expr);
  const bool steps = type == promql::ValueType::kVector || type == promql::ValueType::kScalar;
  if (instant || !steps) return context.engine.Instant(context.storage, text, query.range.max, options);
  // Steps at multiples of the step: a refreshed panel shows the same points again.
  const std::int64_t past = (query.range.min.ms % query.step.ms + query.step.ms) % query.step.ms;
  const base::TimestampMs start = query.range.min + base::DurationMs(past == 0 ? 0 : query.step.ms - past);
  return context.engine.Range(context.storage, text, std::min(start, query.range.max), query.range.max, query.step,
                              options);
}

void ReplaceAll(std::string& text, std::string_view name, const std::string& value) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const std::string bare = fmt::format("${}", name);
  const std::string braced = fmt::format("${{{}}}", name);
  for (std::size_t at = text.find(braced); at != std::string::npos; at = text.find(braced, at + value.size())) {
    text.replace(at, braced.size(), value);
  }
  for (std::size_t at = text.find(bare); at != std::string::npos; at = text.find(bare, at + 1)) {
    const std::size_t after = at + bare.size();
    if (after == text.size() || !is_word(text[after])) text.replace(at, bare.size(), value);
  }
}

}  // namespace

std::string ReplaceGrafanaVariables(std::string text, const GrafanaQuery& query) {
  const base::DurationMs range = query.range.max - query.range.min;
  const base::DurationMs rate_interval = std::max(query.interval + kScrapeInterval, kScrapeInterval * 4);
  const std::int64_t range_s = (range.ms + 500) / 1000;
  ReplaceAll(text, "__interval", base::FormatDuration(query.interval));
  ReplaceAll(text, "__interval_ms", std::to_string(query.interval.ms));
  ReplaceAll(text, "__range", fmt::format("{}s", range_s));
  ReplaceAll(text, "__range_s", std::to_string(range_s));
  ReplaceAll(text, "__range_ms", std::to_string(range.ms));
  ReplaceAll(text, "__rate_interval", base::FormatDuration(rate_interval));
  return text;
}

base::Result<promql::ExprPtr> ResolveGrafanaText(const HandlerContext& context, const std::string& text,
                                                 const TimeBounds& range) {
  const promql::ParserOptions& parser = context.engine.options().parser;
  if (MayBeMetricName(text) && !metric::IsLegacyMetricName(text)) {
    for (const std::string& name : {text, UnescapeRegex(text)}) {
      BW_ASSIGN_OR_RETURN(const bool exists, MetricExists(context.storage, name, range));
      if (exists) return SelectorOf(metric::Matcher::Equal(std::string(metric::kMetricName), name));
    }
  }
  auto expr = promql::Parse(text, parser);
  if (expr.ok()) return expr;
  if (auto unescaped = promql::Parse(UnescapeRegex(text), parser); unescaped.ok()) return unescaped;
  const auto names = AlternativesOf(text);
  if (names.size() > 1 && std::all_of(names.begin(), names.end(), MayBeMetricName)) {
    return SelectorOf(OneOfMatcher(std::string(metric::kMetricName), {text}));
  }
  return expr;  // What is wrong with the text as it stands.
}

base::Result<GrafanaResult> EvaluateGrafanaTarget(const HandlerContext& context, const GrafanaQuery& query,
                                                  const GrafanaTarget& target, std::stop_token cancel) {
  GrafanaResult result;
  result.ref_id = target.ref_id;
  result.format = target.format;
  result.legend = target.legend;
  BW_ASSIGN_OR_RETURN(std::string text, TextOf(target));
  if (text.empty()) return result;  // Nothing was chosen yet.
  text = ReplaceGrafanaVariables(std::move(text), query);
  BW_ASSIGN_OR_RETURN(promql::ExprPtr expr, ResolveGrafanaText(context, text, query.range));
  BW_ASSIGN_OR_RETURN(FilterMatchers extra, ExtraMatchers(query, target));
  for (std::string& sentence : extra.left_out) result.notices.push_back({"warning", std::move(sentence)});
  expr = WithMatchers(expr, extra.matchers);
  result.executed = promql::Print(*expr);
  BW_ASSIGN_OR_RETURN(promql::QueryResult evaluated,
                      Evaluate(context, query, target.instant, expr, result.executed, std::move(cancel)));
  result.value = std::move(evaluated.value);
  const promql::Annotations& annotations = evaluated.annotations;
  for (std::string& warning : FirstTen(annotations.warnings, "warning")) {
    result.notices.push_back({"warning", std::move(warning)});
  }
  for (std::string& info : FirstTen(annotations.infos, "info")) result.notices.push_back({"info", std::move(info)});
  ReduceMatrix(result.value, query.max_points, result.notices);
  return result;
}

}  // namespace bellwether::api
