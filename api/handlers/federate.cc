// /federate: the newest sample of each chosen series, in the text format, for another Prometheus to scrape.
//
// Source: Prometheus web/federate.go, expfmt/text_create.go.
#include <map>
#include <optional>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "base/number.h"
#include "base/quote.h"

namespace bellwether::api {
namespace {

constexpr std::string_view kInstanceLabel = "instance";

// By metric name, then by the rest.
using FederatedSamples = std::map<std::pair<std::string, metric::Labels>, metric::Sample>;

// The last sample of a series, if it is a number and the series did not end.
base::Result<std::optional<metric::Sample>> LastFloat(storage::SampleCursor& cursor) {
  std::optional<metric::Sample> last;
  storage::SampleBatch batch;
  while (cursor.Next(batch)) {
    last.reset();  // Histograms have no form in the text format.
    if (!batch.values.empty()) last = metric::Sample{batch.timestamps.back(), batch.values.back()};
  }
  BW_RETURN_IF_ERROR(cursor.status());
  if (last && metric::IsStaleMarker(last->value)) last.reset();
  return last;
}

base::Result<FederatedSamples> CollectFederated(const HandlerContext& context, const SelectorList& selectors) {
  const base::TimestampMs now = context.clock.Now();
  const auto querier = context.storage.NewQuerier(now - context.engine.options().lookback + base::Milliseconds(1), now);
  FederatedSamples samples;
  for (const auto& matchers : selectors) {
    const auto set = querier->Select(matchers);
    while (set->Next()) {
      BW_ASSIGN_OR_RETURN(const std::optional<metric::Sample> last, LastFloat(set->samples()));
      if (last) samples.emplace(std::pair(std::string(set->labels().Name()), set->labels()), *last);
    }
    BW_RETURN_IF_ERROR(set->status());
  }
  return samples;
}

// A name in the old alphabet: what does not belong there becomes an underscore, as the format without UTF-8 has it.
std::string LegacyName(std::string_view name, bool is_metric) {
  std::string legacy(name);
  for (char& c : legacy) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!letter && !(is_metric && c == ':')) c = '_';
  }
  if (!legacy.empty() && legacy[0] >= '0' && legacy[0] <= '9') legacy.insert(0, "_");
  return legacy;
}

void AppendTextLabel(std::string& out, std::string_view name, std::string_view value) {
  out.append(LegacyName(name, false)).push_back('=');
  base::AppendTextQuoted(out, value);
}

void AppendTextSample(std::string& out, const std::string& name, const metric::Labels& labels,
                      const metric::Sample& sample) {
  out.append(name).push_back('{');
  for (const auto [label, value] : labels) {
    if (label == metric::kMetricName) continue;
    AppendTextLabel(out, label, value);
    out.push_back(',');
  }
  // The scraping side would put its own instance in place of none.
  if (labels.Has(kInstanceLabel)) {
    out.pop_back();
  } else {
    AppendTextLabel(out, kInstanceLabel, "");
  }
  out.append("} ").append(base::FormatNumberG(sample.value)).push_back(' ');
  out.append(std::to_string(sample.timestamp.ms)).push_back('\n');
}

base::Status Federate(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const SelectorList selectors, ParseSelectors(request.ParamAll("match[]")));
  BW_ASSIGN_OR_RETURN(const FederatedSamples samples, CollectFederated(context, selectors));
  std::string text;
  const std::string* family = nullptr;
  for (const auto& [key, sample] : samples) {
    const std::string name = LegacyName(key.first, true);
    if (family == nullptr || *family != key.first) text.append("# TYPE ").append(name).append(" untyped\n");
    family = &key.first;
    AppendTextSample(text, name, key.second, sample);
  }
  RespondText(response, 200, std::move(text));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return base::OkStatus();
}

}  // namespace

void AddFederateRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(
      {{"GET"}, "/federate", WorkerPool::kQuery, [&context](const HttpRequest& request, HttpResponse& response) {
         const base::Status status = Federate(context, request, response);
         if (status.ok()) return;
         const bool callers_fault = status.code() == base::StatusCode::kInvalidArgument;
         RespondText(response, callers_fault ? 400 : 500, status.message() + "\n");
       }});
}

}  // namespace bellwether::api
