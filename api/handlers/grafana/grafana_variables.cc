#include "api/handlers/grafana/grafana_variables.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/handlers/grafana/grafana_input.h"
#include "api/handlers/series_lookup.h"
#include "base/number.h"

namespace bellwether::api {
namespace {

using VariableTexts = std::vector<std::string>;
using VariableMatchers = std::vector<metric::Matcher>;

struct VariableScope {
  const HandlerContext& context;
  const TimeBounds& range;
  VariableMatchers matchers;  // Of further keys of the payload.
};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Where the argument that begins at `start` ends: at the next comma on this level, or at the end of `text`.
std::size_t ArgumentEnd(std::string_view text, std::size_t start) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '{' || c == '[') {
      ++depth;
    } else if (c == ')' || c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

base::Result<VariableTexts> ValuesOf(const VariableScope& scope, std::string_view label, VariableMatchers matchers) {
  matchers.insert(matchers.end(), scope.matchers.begin(), scope.matchers.end());
  SelectorList selectors;
  if (!matchers.empty()) selectors.push_back(std::move(matchers));
  BW_ASSIGN_OR_RETURN(auto found,
                      FindLabelValues(scope.context.storage, label, {selectors, scope.range, kVariableOptionsMax}));
  return std::move(found.items);
}

base::Result<VariableTexts> NamesOf(const VariableScope& scope, VariableMatchers matchers) {
  matchers.insert(matchers.end(), scope.matchers.begin(), scope.matchers.end());
  SelectorList selectors;
  if (!matchers.empty()) selectors.push_back(std::move(matchers));
  BW_ASSIGN_OR_RETURN(auto found, FindLabelNames(scope.context.storage, {selectors, scope.range, kVariableOptionsMax}));
  std::erase(found.items, metric::kMetricName);
  return std::move(found.items);
}

// A selector, or a metric name, which may be an alternation.
base::Result<VariableMatchers> SelectorArgument(const std::string& text) {
  if (text.empty()) return VariableMatchers();
  if (AlternativesOf(text).size() > 1) {
    return VariableMatchers{OneOfMatcher(std::string(metric::kMetricName), {text})};
  }
  auto matchers = promql::ParseMetricSelector(text);
  if (matchers.ok()) return matchers;
  if (text.find('{') == std::string::npos) {
    return VariableMatchers{metric::Matcher::Equal(std::string(metric::kMetricName), UnescapeRegex(text))};
  }
  return matchers.status().WithContext(fmt::format("selector {}", text));
}

base::Result<VariableTexts> SeriesTexts(const VariableScope& scope, VariableMatchers matchers) {
  matchers.insert(matchers.end(), scope.matchers.begin(), scope.matchers.end());
  const SelectorList selectors = {std::move(matchers)};
  BW_ASSIGN_OR_RETURN(const auto found,
                      FindSeries(scope.context.storage, {selectors, scope.range, kVariableOptionsMax}));
  VariableTexts texts;
  for (const metric::Labels& labels : found.items) texts.push_back(labels.ToMetricString());
  return texts;
}

base::Result<VariableTexts> QueryResultTexts(const VariableScope& scope, const std::string& query) {
  BW_ASSIGN_OR_RETURN(const promql::QueryResult result,
                      scope.context.engine.Instant(scope.context.storage, query, scope.range.max));
  VariableTexts texts;
  if (const auto* vector = std::get_if<promql::Vector>(&result.value)) {
    for (const promql::VectorSample& sample : *vector) {
      if (texts.size() == kVariableOptionsMax) break;
      texts.push_back(fmt::format("{} {} {}", sample.labels.ToMetricString(), base::FormatNumber(sample.value),
                                  sample.timestamp.ms));
    }
  } else if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    texts.push_back(fmt::format("{} {}", base::FormatNumber(scalar->value), scalar->timestamp.ms));
  } else {
    return base::InvalidArgument("query_result needs an instant vector or a scalar");
  }
  return texts;
}

// models(), versions(MODEL), features(MODEL): values of one label, narrowed by the model.
base::Result<VariableTexts> ModelLabelValues(const VariableScope& scope, std::string_view label,
                                             const VariableCall& call) {
  VariableMatchers matchers;
  if (!call.args.empty() && !call.args.front().empty()) matchers.push_back(OneOfMatcher("model", {call.args.front()}));
  return ValuesOf(scope, label, std::move(matchers));
}

base::Result<VariableTexts> LabelValuesCall(const VariableScope& scope, const VariableCall& call) {
  if (call.args.empty() || call.args.back().empty()) {
    return base::InvalidArgument("label_values needs a label: label_values(LABEL) or label_values(SELECTOR, LABEL)");
  }
  VariableMatchers matchers;
  if (call.args.size() > 1) {
    BW_ASSIGN_OR_RETURN(matchers, SelectorArgument(call.args.front()));
  }
  return ValuesOf(scope, call.args.back(), std::move(matchers));
}

base::Result<VariableTexts> RunCall(const VariableScope& scope, const VariableCall& call) {
  const std::string first = call.args.empty() ? "" : call.args.front();
  if (call.name == "models") return ValuesOf(scope, "model", {});
  if (call.name == "versions") return ModelLabelValues(scope, "version", call);
  if (call.name == "features") return ModelLabelValues(scope, "feature", call);
  if (call.name == "metrics") return MetricNames(scope.context, first, scope.range);
  if (call.name == "label_values") return LabelValuesCall(scope, call);
  if (call.name == "query_result") return QueryResultTexts(scope, first);
  if (call.name == "labels" || call.name == "label_names") {
    BW_ASSIGN_OR_RETURN(VariableMatchers matchers, SelectorArgument(first));
    return NamesOf(scope, std::move(matchers));
  }
  if (!call.name.empty()) {
    return base::InvalidArgument(
        fmt::format("unknown variable call \"{}\" (known: models, versions, features, metrics, labels, label_names, "
                    "label_values, query_result)",
                    call.name));
  }
  if (first.empty()) return VariableTexts();
  BW_ASSIGN_OR_RETURN(VariableMatchers matchers, SelectorArgument(first));
  return SeriesTexts(scope, std::move(matchers));
}

bool IsBareCall(std::string_view name) { return name == "models" || name == "versions" || name == "features"; }

}  // namespace

VariableCall ParseVariableCall(std::string_view text) {
  text = Trimmed(text);
  std::size_t name = 0;
  while (name < text.size() && (std::isalpha(static_cast<unsigned char>(text[name])) || text[name] == '_')) ++name;
  if (name == text.size() && IsBareCall(text)) return {std::string(text), {}};
  if (name == 0 || name == text.size() || text[name] != '(' || text.back() != ')') return {"", {std::string(text)}};
  VariableCall call{std::string(text.substr(0, name)), {}};
  const std::string_view args = text.substr(name + 1, text.size() - name - 2);
  if (Trimmed(args).empty()) return call;
  // A query has commas of its own.
  if (call.name == "query_result") {
    call.args.emplace_back(Trimmed(args));
    return call;
  }
  for (std::size_t start = 0; start <= args.size();) {
    const std::size_t end = ArgumentEnd(args, start);
    call.args.emplace_back(Trimmed(args.substr(start, end - start)));
    start = end + 1;
  }
  return call;
}

base::Result<VariableTexts> VariableOptions(const HandlerContext& context, const nlohmann::json& payload,
                                            const TimeBounds& range) {
  VariableScope scope{context, range, {}};
  if (payload.is_string()) return RunCall(scope, ParseVariableCall(payload.get<std::string>()));
  VariableCall call = ParseVariableCall(JsonText(payload, "target"));
  if (!payload.is_object()) return RunCall(scope, call);
  for (const auto& [key, value] : payload.items()) {
    if (key == "target" || key == "type") continue;
    if (const auto values = JsonTexts(payload, key.c_str()); !values.empty()) {
      scope.matchers.push_back(OneOfMatcher(key, values));
    }
  }
  return RunCall(scope, call);
}

base::Result<VariableTexts> MetricNames(const HandlerContext& context, std::string_view prefix,
                                        const TimeBounds& range) {
  SelectorList selectors;
  if (!prefix.empty()) {
    BW_ASSIGN_OR_RETURN(metric::Matcher matcher,
                        metric::Matcher::Make(metric::MatchOp::kRegex, std::string(metric::kMetricName),
                                              fmt::format("(?:{}).*", prefix)));
    selectors.push_back({std::move(matcher)});
  }
  BW_ASSIGN_OR_RETURN(auto found,
                      FindLabelValues(context.storage, metric::kMetricName, {selectors, range, kVariableOptionsMax}));
  return std::move(found.items);
}

}  // namespace bellwether::api
