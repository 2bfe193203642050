// Everything breaks at once: alerts arrive, are routed, grouped, flushed into the outbox, repeated, silenced and
// resolved.
//
//   alert_storm_bench DIRECTORY [ALERTS]
//
// Prints the CPU time and the wall time of each step and the memory after it. DIRECTORY, of the state store, is made
// and left behind. Nothing is sent: the receivers refuse the first message, and the others wait.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "base/process_memory.h"
#include "notify/dispatcher.h"
#include "storage/open.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kBatch = 1000;  // Of one rule group's tick.
constexpr std::string_view kStormConfig = R"(
route:
  receiver: default
  group_by: [alertname, model]
  routes:
    - {matchers: ['severity="page"'], receiver: oncall, continue: true}
    - {matchers: ['team=~"risk|ads"'], receiver: ml}
receivers:
  - {name: default, webhook_configs: [{url: 'http://receiver.invalid/default'}]}
  - {name: oncall, webhook_configs: [{url: 'http://receiver.invalid/oncall'}]}
  - {name: ml, webhook_configs: [{url: 'http://receiver.invalid/ml'}]}
inhibit_rules:
  - {source_matchers: ['severity="page"'], target_matchers: ['severity="warning"'], equal: [feature]}
)";

double StormCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Step(const char* name, const std::function<void()>& run) {
  const double cpu = StormCpuSeconds();
  const auto wall = std::chrono::steady_clock::now();
  run();
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  std::printf("%-34s %6.2f s CPU %6.2f s %8.0f MB\n", name, StormCpuSeconds() - cpu, elapsed,
              static_cast<double>(base::ProcessMemory()) / 1e6);
}

metric::AlertUpdate StormAlert(std::size_t i, std::uint64_t sequence, base::TimestampMs at) {
  const std::string model = "model-" + std::to_string(i / 10 % 500), feature = "feature-" + std::to_string(i);
  const std::string name = "Alert" + std::to_string(i % 10);
  metric::AlertUpdate update;
  update.sequence = sequence;
  update.labels = {{"alertname", name},
                   {"feature", feature},
                   {"model", model},
                   {"severity", i % 10 == 0 ? "page" : "warning"},
                   {"team", i % 2 == 0 ? "risk" : "core"}};
  update.annotations = {{"summary", "The distribution of " + feature + " of " + model + " is far off its baseline"},
                        {"runbook_url", "https://runbooks.example/" + name}};
  update.starts_at = at;
  update.updated_at = at;
  update.ends_at = at + base::Hours(4);
  update.rule = "rules.yml;g;" + name;
  return update;
}

void Storm(const std::string& directory, std::size_t alerts) {
  base::SystemClock real;
  base::MetricsRegistry metrics;
  storage::StorageOptions options;
  options.path = directory;
  auto opened = storage::OpenRocksStorage(options, real, metrics);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().message().c_str());
    std::exit(1);
  }
  base::SimulatedClock clock(base::TimestampMs(1'788'250'350'000));
  base::FakeHttpClient http;
  http.SetHandler([](const base::HttpClientRequest&) -> base::Result<base::HttpClientResponse> {
    return base::HttpClientResponse{.status = 401, .headers = {}, .body = {}};
  });
  Dispatcher dispatcher("http://bw.example",
                        {.state = *opened->state, .http = http, .clock = clock, .metrics = metrics, .seed = 1});
  dispatcher.Configure(ParseConfig("storm.yml", kStormConfig, "").value(), "http://bw.example");
  const base::TimestampMs began = clock.Now();
  std::uint64_t sequence = 0;
  const auto tell = [&](metric::AlertPhase phase) {
    std::vector<metric::AlertUpdate> batch;
    for (std::size_t i = 0; i < alerts; ++i) {
      batch.push_back(StormAlert(i, ++sequence, began));
      batch.back().phase = phase;
      batch.back().updated_at = clock.Now();
      if (phase == metric::AlertPhase::kResolved) batch.back().ends_at = clock.Now();
      if (batch.size() < kBatch && i + 1 < alerts) continue;
      if (!dispatcher.Take(batch).ok()) std::abort();
      batch.clear();
    }
  };
  std::printf("%zu alerts\n", alerts);
  Step("taken, routed and grouped", [&] { tell(metric::AlertPhase::kFiring); });
  clock.Advance(base::Seconds(31));
  Step("flushed and queued", [&] { dispatcher.RunDue(); });
  std::printf("%zu messages wait\n", dispatcher.Outbox().size());
  clock.Advance(base::Seconds(29));
  Step("told again after a minute", [&] { tell(metric::AlertPhase::kFiring); });
  Step("shown (/api/v2/alerts)", [&] { std::printf("%zu alerts; ", dispatcher.Alerts().size()); });
  Step("shown in groups", [&] { std::printf("%zu groups; ", dispatcher.Groups().size()); });
  Step("resolved", [&] { tell(metric::AlertPhase::kResolved); });
}

}  // namespace
}  // namespace bellwether::notify

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: alert_storm_bench DIRECTORY [ALERTS]\n");
    return 2;
  }
  bellwether::notify::Storm(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50'000);
}
