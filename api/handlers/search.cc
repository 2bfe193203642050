// Search for metric names, label names and label values, as somebody types them. Behind --enable-feature=search-api.
// The answer is lines of JSON: batches of results, then how it ended.
//
// Source: Prometheus web/api/v1/search.go, search_filters.go.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/search_score.h"
#include "api/handlers/series_lookup.h"
#include "api/json/envelope.h"
#include "base/quote.h"

namespace bellwether::api {
namespace {

enum class SearchKind : std::uint8_t { kMetricNames, kLabelNames, kLabelValues };
enum class SearchOrder : std::uint8_t { kAscending, kDescending, kByScore };

struct SearchQuery {
  SelectorList selectors;
  std::vector<std::string> terms;  // Any of them; lower case where case does not matter. Empty: everything.
  double threshold = 0;            // 0 to 1.
  SearchAlgorithm algorithm = SearchAlgorithm::kSubsequence;
  bool case_sensitive = true;
  bool include_score = false;
  bool include_metadata = false;
  SearchOrder order = SearchOrder::kAscending;
  TimeBounds bounds;
  std::size_t limit = 100;
  std::size_t batch_size = 100;
  std::string label;
};

struct SearchHit {
  std::string text;
  double score = 1;
};

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

base::Status ReadSearchBool(const HttpRequest& request, const char* name, bool& out) {
  const std::string text = request.Param(name).value_or("");
  if (text.empty()) return base::OkStatus();
  const auto value = ParseGoBool(text);
  if (!value.ok()) return base::InvalidArgument(fmt::format("invalid {} {}: must be boolean", name, base::Quote(text)));
  out = *value;
  return base::OkStatus();
}

base::Status ReadSearchCount(const HttpRequest& request, const char* name, std::size_t& out) {
  const std::string text = request.Param(name).value_or("");
  if (text.empty()) return base::OkStatus();
  const auto n = ParseGoInteger(text, "Atoi");
  if (!n.ok() || *n <= 0) {
    return base::InvalidArgument(fmt::format("invalid {} {}: must be a positive integer", name, base::Quote(text)));
  }
  out = static_cast<std::size_t>(*n);
  return base::OkStatus();
}

base::Status ReadSearchTerms(const HttpRequest& request, SearchQuery& query) {
  constexpr std::size_t kTermsMax = 32;
  const std::vector<std::string> terms = request.ParamAll("search[]");
  if (terms.size() > kTermsMax) {
    return base::InvalidArgument(
        fmt::format("too many search[] terms: got {}, maximum is {}", terms.size(), kTermsMax));
  }
  for (const std::string& term : terms) {
    if (!term.empty()) query.terms.push_back(query.case_sensitive ? term : LowerCase(term));
  }
  return base::OkStatus();
}

base::Status ReadFuzziness(const HttpRequest& request, SearchQuery& query) {
  if (const std::string text = request.Param("fuzz_threshold").value_or(""); !text.empty()) {
    const auto n = ParseGoInteger(text, "Atoi");
    if (!n.ok() || *n < 0 || *n > 100) {
      return base::InvalidArgument(fmt::format("invalid fuzz_threshold {}: must be 0-100", base::Quote(text)));
    }
    query.threshold = static_cast<double>(*n) / 100;
  }
  const std::string algorithm = request.Param("fuzz_alg").value_or("");
  if (algorithm == "jarowinkler") query.algorithm = SearchAlgorithm::kJaroWinkler;
  if (algorithm.empty() || algorithm == "subsequence" || algorithm == "jarowinkler") return base::OkStatus();
  return base::InvalidArgument(
      fmt::format("unsupported fuzz_alg {}: must be one of [subsequence jarowinkler]", base::Quote(algorithm)));
}

base::Status ReadSearchOrder(const HttpRequest& request, SearchQuery& query) {
  const std::string by = request.Param("sort_by").value_or("");
  const std::string direction = request.Param("sort_dir").value_or("");
  if (!by.empty() && by != "alpha" && by != "score") {
    return base::InvalidArgument(fmt::format("unsupported sort_by {}: must be one of [alpha score]", base::Quote(by)));
  }
  if (by == "score" && query.terms.empty()) {
    return base::InvalidArgument("sort_by=score requires search[] to be set");
  }
  if (by == "score") query.order = SearchOrder::kByScore;
  if (direction.empty()) return base::OkStatus();
  if (by.empty()) return base::InvalidArgument("sort_dir is only valid when sort_by is set");
  if (by == "score") return base::InvalidArgument("sort_dir is not supported for sort_by=score");
  if (direction == "dsc") query.order = SearchOrder::kDescending;
  if (direction == "asc" || direction == "dsc") return base::OkStatus();
  return base::InvalidArgument(
      fmt::format("unsupported sort_dir {}: must be one of [asc dsc]", base::Quote(direction)));
}

base::Status ReadSearchLimits(const HandlerContext& context, const HttpRequest& request, SearchQuery& query) {
  const base::TimestampMs now = context.clock.Now();
  BW_ASSIGN_OR_RETURN(query.bounds.min, TimeParam(request, "start", now - base::Hours(1)));
  BW_ASSIGN_OR_RETURN(query.bounds.max, TimeParam(request, "end", now));
  if (query.bounds.max < query.bounds.min) {
    return InvalidParameter("end", "end timestamp must not be before start time");
  }
  const std::size_t most = context.search_limit_max;
  if (most != 0) query.limit = std::min(query.limit, most);
  BW_RETURN_IF_ERROR(ReadSearchCount(request, "limit", query.limit));
  if (most != 0 && query.limit > most) {
    return base::InvalidArgument(
        fmt::format("limit {} exceeds the configured maximum ({}, see --web.search.max-limit)", query.limit, most));
  }
  return ReadSearchCount(request, "batch_size", query.batch_size);
}

base::Result<SearchQuery> ReadSearchQuery(const HandlerContext& context, SearchKind kind, const HttpRequest& request) {
  SearchQuery query;
  auto selectors = ParseSelectors(request.ParamAll("match[]"));
  if (!selectors.ok()) return InvalidParameter("match[]", selectors.status().message());
  query.selectors = std::move(*selectors);
  BW_RETURN_IF_ERROR(ReadSearchBool(request, "case_sensitive", query.case_sensitive));
  BW_RETURN_IF_ERROR(ReadSearchTerms(request, query));
  BW_RETURN_IF_ERROR(ReadFuzziness(request, query));
  BW_RETURN_IF_ERROR(ReadSearchBool(request, "include_score", query.include_score));
  if (kind == SearchKind::kMetricNames) {
    BW_RETURN_IF_ERROR(ReadSearchBool(request, "include_metadata", query.include_metadata));
  }
  BW_RETURN_IF_ERROR(ReadSearchOrder(request, query));
  BW_RETURN_IF_ERROR(ReadSearchLimits(context, request, query));
  query.label =
      kind == SearchKind::kMetricNames ? std::string(metric::kMetricName) : request.Param("label").value_or("");
  if (kind == SearchKind::kLabelValues && query.label.empty()) {
    return base::InvalidArgument("missing required parameter \"label\"");
  }
  return query;
}

// The best score of any term; 0: the text is not meant.
double BestScore(const SearchQuery& query, const std::string& text) {
  if (query.terms.empty()) return 1;
  const std::string lower = query.case_sensitive ? std::string() : LowerCase(text);
  double best = 0;
  for (const std::string& term : query.terms) {
    best = std::max(best, SearchScore(query.algorithm, query.threshold, term, query.case_sensitive ? text : lower));
  }
  return best;
}

base::Result<std::vector<SearchHit>> FindHits(const HandlerContext& context, SearchKind kind,
                                              const SearchQuery& query) {
  const LookupScope scope{query.selectors, query.bounds, 0};
  auto found = kind == SearchKind::kLabelNames ? FindLabelNames(context.storage, scope)
                                               : FindLabelValues(context.storage, query.label, scope);
  if (!found.ok()) return found.status();
  std::vector<SearchHit> hits;
  for (std::string& text : found->items) {
    if (const double score = BestScore(query, text); score > 0) hits.push_back({std::move(text), score});
  }
  if (query.order == SearchOrder::kDescending) std::reverse(hits.begin(), hits.end());
  if (query.order == SearchOrder::kByScore) {
    std::stable_sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  }
  return hits;
}

// What is written: everything is found before the first line.
struct SearchAnswer {
  SearchKind kind = SearchKind::kMetricNames;
  SearchQuery query;
  std::vector<SearchHit> hits;
  bool has_more = false;
  std::map<std::string, storage::MetricMetadata> metadata;
};

void WriteHit(JsonWriter& json, const SearchAnswer& answer, const SearchHit& hit) {
  json.BeginObject().Key(answer.kind == SearchKind::kLabelValues ? "value" : "name").String(hit.text);
  if (answer.query.include_score) json.Key("score").Number(hit.score);
  if (const auto found = answer.metadata.find(hit.text); found != answer.metadata.end()) {
    json.Key("type").String(storage::MetricTypeName(found->second.type));
    json.Key("help").String(found->second.help).Key("unit").String(found->second.unit);
  }
  json.EndObject();
}

// One value and the end of its line.
void WriteSearchLine(BodySink& sink, const JsonBody& write) {
  {
    JsonWriter json(sink);
    write(json);
  }
  sink.Write("\n");
}

void WriteSearchAnswer(const SearchAnswer& answer, BodySink& sink) {
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(at + answer.query.batch_size, answer.hits.size());
    WriteSearchLine(sink, [&](JsonWriter& json) {
      json.BeginObject().Key("results").BeginArray();
      for (; at < end; ++at) WriteHit(json, answer, answer.hits[at]);
      json.EndArray().EndObject();
    });
  } while (at < answer.hits.size());
  WriteSearchLine(sink, [&](JsonWriter& json) {
    json.BeginObject().Key("status").String("success").Key("has_more").Bool(answer.has_more).EndObject();
  });
}

base::Status Search(const HandlerContext& context, SearchKind kind, const HttpRequest& request,
                    HttpResponse& response) {
  SearchAnswer answer;
  answer.kind = kind;
  BW_ASSIGN_OR_RETURN(answer.query, ReadSearchQuery(context, kind, request));
  BW_ASSIGN_OR_RETURN(answer.hits, FindHits(context, kind, answer.query));
  answer.has_more = answer.hits.size() > answer.query.limit;
  if (answer.has_more) answer.hits.resize(answer.query.limit);
  if (answer.query.include_metadata) {
    for (storage::MetricMetadata& m : context.storage.Metadata("")) answer.metadata.emplace(m.metric, std::move(m));
  }
  response.content_type = "application/x-ndjson; charset=utf-8";
  response.stream = [answer = std::move(answer)](BodySink& sink) { WriteSearchAnswer(answer, sink); };
  return base::OkStatus();
}

}  // namespace

void AddSearchRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, SearchKind kind) {
    const auto search = [kind](const HandlerContext& of, const HttpRequest& request, HttpResponse& response) {
      if (of.enable_search) return Search(of, kind, request, response);
      RespondDisabled(response, "search API disabled");
      return base::OkStatus();
    };
    routes.push_back(ApiRoute(context, {"GET", "POST"}, path, search));
  };
  add("/api/v1/search/metric_names", SearchKind::kMetricNames);
  add("/api/v1/search/label_names", SearchKind::kLabelNames);
  add("/api/v1/search/label_values", SearchKind::kLabelValues);
}

}  // namespace bellwether::api
