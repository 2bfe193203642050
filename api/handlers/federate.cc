// /federate: the newest sample of each chosen series for another Prometheus to scrape, in the text format or as
// OpenMetrics. Histograms with custom buckets become classic ones; exponential ones have a form in protobuf alone.
//
// Source: Prometheus web/federate.go, expfmt/text_create.go, expfmt/openmetrics_create.go.
#include <algorithm>
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
constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";

struct FederatedSample {
  base::TimestampMs timestamp;
  double value = 0;
  std::optional<metric::NativeHistogram> histogram;  // With custom buckets; instead of `value`.
};

// By metric name, then by the rest.
using FederatedSamples = std::map<std::pair<std::string, metric::Labels>, FederatedSample>;

// The last sample of a series, if it has a form and the series did not end.
base::Result<std::optional<FederatedSample>> LastSample(storage::SampleCursor& cursor) {
  std::optional<FederatedSample> last;
  storage::SampleBatch batch;
  while (cursor.Next(batch)) {
    last = FederatedSample{.timestamp = batch.timestamps.back(), .histogram = std::nullopt};
    if (!batch.values.empty()) last->value = batch.values.back();
    if (!batch.histograms.empty()) last->histogram = *batch.histograms.back();
  }
  BW_RETURN_IF_ERROR(cursor.status());
  if (!last) return last;
  const bool is_stale = last->histogram ? last->histogram->IsStale() : metric::IsStaleMarker(last->value);
  if (is_stale || (last->histogram && !last->histogram->UsesCustomBuckets())) last.reset();
  return last;
}

base::Result<FederatedSamples> CollectFederated(const HandlerContext& context, const SelectorList& selectors) {
  const base::TimestampMs now = context.clock.Now();
  const auto querier = context.storage.NewQuerier(now - context.engine.options().lookback + base::Milliseconds(1), now);
  FederatedSamples samples;
  for (const auto& matchers : selectors) {
    const auto set = querier->Select(matchers);
    while (set->Next()) {
      BW_ASSIGN_OR_RETURN(std::optional<FederatedSample> last, LastSample(set->samples()));
      if (last) samples.emplace(std::pair(std::string(set->labels().Name()), set->labels()), *std::move(last));
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

enum class FederateFormat : std::uint8_t { kText, kOpenMetrics };

// The weight that an Accept header gives to a type, 0 if it does not list it.
double AcceptWeight(std::string_view accept, std::string_view type) {
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    std::string_view item = accept.substr(0, comma);
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    const std::string_view name = item.substr(0, std::min(item.find_first_of("; "), item.size()));
    if (name != type) continue;
    const std::size_t q = item.find("q=");
    if (q == std::string_view::npos) return 1;
    const std::string_view weight = item.substr(q + 2);
    return base::ParseNumber(weight.substr(0, weight.find_first_not_of("0123456789."))).value_or(0);
  }
  return 0;
}

FederateFormat ChooseFederateFormat(std::string_view accept) {
  const double open_metrics = AcceptWeight(accept, kOpenMetricsType);
  return open_metrics > 0 && open_metrics >= AcceptWeight(accept, "text/plain") ? FederateFormat::kOpenMetrics
                                                                                : FederateFormat::kText;
}

// Writes families and samples.
class FederateWriter {
 public:
  FederateWriter(FederateFormat format, const metric::Labels& external)
      : open_metrics_(format == FederateFormat::kOpenMetrics), external_(external) {}

  // Samples of one name and kind come one after another.
  void Add(const std::string& name, const metric::Labels& labels, const FederatedSample& sample) {
    const char* type = sample.histogram ? "histogram" : (open_metrics_ ? "unknown" : "untyped");
    if (name != family_ || type != type_) {
      text_.append("# TYPE ").append(LegacyName(name, true)).append(" ").append(type).append("\n");
    }
    family_ = name;
    type_ = type;
    FillPairs(labels);
    if (sample.histogram) {
      AddHistogram(LegacyName(name, true), sample);
    } else {
      Line(LegacyName(name, true), sample.value, sample.timestamp);
    }
  }

  std::string Finish() {
    if (open_metrics_) text_.append("# EOF\n");
    return std::move(text_);
  }

 private:
  // The labels of a line: the external ones where the series has none of that name, and an instance in any case,
  // because the scraping side would put its own in place of none.
  void FillPairs(const metric::Labels& labels) {
    pairs_.clear();
    metric::LabelsBuilder all(external_);
    for (const auto [name, value] : labels) all.Set(name, value);
    const metric::Labels merged = all.Build();
    for (const auto [name, value] : merged) {
      if (name != metric::kMetricName) AppendPair(pairs_, name, value);
    }
    if (!merged.Has(kInstanceLabel)) AppendPair(pairs_, kInstanceLabel, "");
  }

  static void AppendPair(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out.push_back(',');
    out.append(LegacyName(name, false)).push_back('=');
    base::AppendTextQuoted(out, value);
  }

  // Numbers of OpenMetrics show that they are floats.
  [[nodiscard]] std::string NumberText(double v) const {
    std::string text = base::FormatNumberG(v);
    if (open_metrics_ && text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return text;
  }

  void Line(const std::string& name, double value, base::TimestampMs t, std::string_view bound = {}) {
    text_.append(name).append("{").append(pairs_);
    if (!bound.empty()) text_.append(",le=\"").append(bound).append("\"");
    text_.append("} ").append(NumberText(value)).append(" ");
    text_.append(open_metrics_ ? NumberText(t.seconds()) : std::to_string(t.ms)).append("\n");
  }

  void AddHistogram(const std::string& name, const FederatedSample& sample) {
    const metric::NativeHistogram& h = *sample.histogram;
    std::vector<double> counts(h.custom_values.size() + 1);
    std::size_t at = 0;
    std::size_t bucket = 0;
    for (const metric::BucketSpan& span : h.positive_spans) {
      at += static_cast<std::size_t>(span.offset);
      for (std::uint32_t i = 0; i < span.length; ++i, ++at, ++bucket) {
        if (at < counts.size()) counts[at] = h.positive_buckets[bucket];
      }
    }
    double cumulative = 0;
    for (std::size_t i = 0; i < h.custom_values.size(); ++i) {
      cumulative += counts[i];
      Line(name + "_bucket", cumulative, sample.timestamp, NumberText(h.custom_values[i]));
    }
    Line(name + "_bucket", h.count, sample.timestamp, "+Inf");
    Line(name + "_sum", h.sum, sample.timestamp);
    Line(name + "_count", h.count, sample.timestamp);
  }

  const bool open_metrics_;
  const metric::Labels& external_;
  std::string text_;
  std::string family_;
  std::string_view type_;
  std::string pairs_;
};

base::Status Federate(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const SelectorList selectors, ParseSelectors(request.ParamAll("match[]")));
  BW_ASSIGN_OR_RETURN(const FederatedSamples samples, CollectFederated(context, selectors));
  const FederateFormat format = ChooseFederateFormat(request.Header("Accept"));
  const metric::Labels external = context.external_labels();
  FederateWriter writer(format, external);
  for (const auto& [key, sample] : samples) writer.Add(key.first, key.second, sample);
  RespondText(response, 200, writer.Finish());
  response.content_type = format == FederateFormat::kOpenMetrics
                              ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8";
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
