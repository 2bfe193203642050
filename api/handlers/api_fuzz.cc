// Any parameters to any route, over a small store: no crash, a status that HTTP knows, JSON where it says JSON, and a
// text for each error.
//
// Input: a byte that chooses the route, one that chooses the method, then lines "name=value"; what follows a line "--"
// is the body. A path's {name} is the value of the parameter "name".
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>

#include "api/handlers/routes.h"
#include "api/json/json_writer.h"
#include "base/check.h"
#include "base/clock.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

constexpr base::TimestampMs kFuzzNow(600'000);

// Routes over a store with floats and a histogram, made once.
class FuzzedApi {
 public:
  FuzzedApi()
      : clock_(kFuzzNow),
        storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)),
        engine_({.max_samples = 100'000}, clock_, metrics_),
        context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_} {
    Fill();
    context_.write = [](const ingest::WriteRequest&) { return ingest::WriteOutcome(); };
    context_.import_text = [](const ingest::ImportRequest&) { return ingest::ImportOutcome(); };
    context_.groups = [] { return std::vector<rules::GroupSnapshot>(); };
    context_.history = [](base::TimestampMs, base::TimestampMs) {
      return base::Result<std::vector<rules::AlertTransition>>(std::vector<rules::AlertTransition>());
    };
    context_.reload = [] { return base::OkStatus(); };
    context_.config_status = [] { return ConfigStatus(); };
    context_.config_yaml = [] { return std::string(); };
    context_.flags = [] { return std::vector<std::pair<std::string, std::string>>(); };
    context_.ready = [] { return true; };
    context_.stopping = [] { return false; };
    context_.enable_lifecycle = true;
    context_.enable_search = true;
    routes_ = AllRoutes(context_);
  }

  void Ask(std::string_view input) {
    const std::uint8_t choice = TakeByte(input);
    const RouteEntry& route = routes_[choice % routes_.size()];
    HttpRequest request;
    request.method = route.methods[TakeByte(input) % route.methods.size()];
    request.path = route.path;
    ReadParams(input, request);
    request.path_params.emplace_back("name", request.Param("name").value_or("model"));
    HttpResponse response;
    route.handler(request, response);
    if (response.stream) {
      StringSink sink(response.body);
      response.stream(sink);
    }
    Check(request, response);
  }

 private:
  static std::uint8_t TakeByte(std::string_view& input) {
    if (input.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    return byte;
  }

  static void ReadParams(std::string_view input, HttpRequest& request) {
    while (!input.empty()) {
      const std::size_t end = std::min(input.find('\n'), input.size());
      const std::string_view line = input.substr(0, end);
      input.remove_prefix(std::min(end + 1, input.size()));
      if (line == "--") {
        request.body = input;
        return;
      }
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      request.params.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    }
  }

  static void Check(const HttpRequest& request, const HttpResponse& response) {
    const bool is_json = response.content_type.starts_with("application/json");
    const bool empty = response.body.empty();
    // What needs a flag is refused with 500, as Prometheus does.
    const bool disabled = request.path.starts_with("/api/v1/admin/");
    bool sound = response.status >= 200 && response.status < 600 && (response.status != 500 || disabled);
    if (is_json && !empty) sound = sound && nlohmann::json::accept(response.body);
    if (response.status >= 400 && empty) sound = false;
    if (sound) return;
    std::fprintf(stderr, "%s %s: %d %s\n", request.method.c_str(), request.path.c_str(), response.status,
                 response.body.c_str());
    std::abort();
  }

  void Fill() {
    const auto appender = storage_->NewAppender();
    std::vector<storage::FloatSample> samples;
    for (const char* model : {"churn", "fraud"}) {
      const auto ref = appender->FindOrCreate({{"__name__", "ml_requests_total"}, {"model", model}});
      BW_CHECK(ref.ok());
      for (int i = 0; i < 10; ++i) {
        samples.push_back({*ref, base::TimestampMs(i * 60'000), i * 6.0, base::TimestampMs(0)});
      }
    }
    appender->Append(samples);
    metric::NativeHistogram histogram;
    histogram.count = 3;
    histogram.sum = 4.5;
    histogram.positive_spans = {{0, 2}};
    histogram.positive_buckets = {1, 2};
    const auto ref = appender->FindOrCreate({{"__name__", "ml_latency_seconds"}, {"model", "churn"}});
    BW_CHECK(ref.ok());
    const storage::HistogramSample latency[] = {{*ref, kFuzzNow, &histogram, base::TimestampMs(0)}};
    appender->AppendHistograms(latency);
    BW_CHECK(appender->Commit(storage::Durability::kVisible).ok());
  }

  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_;
  std::unique_ptr<storage::Storage> storage_;
  promql::Engine engine_;
  HandlerContext context_;
  RouteTable routes_;
};

}  // namespace
}  // namespace bellwether::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static bellwether::api::FuzzedApi api;
  api.Ask({reinterpret_cast<const char*>(data), size});
  return 0;
}
