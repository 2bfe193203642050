// A backtest says what would have been left unsaid.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "promql/parser.h"
#include "rules/backtest.h"
#include "server/commands/test_surroundings.h"
#include "storage/open.h"

namespace bellwether::server {
namespace {

using base::TimestampMs;
using testing::ElementsAre;

constexpr std::string_view kPipelineRules = R"(
groups:
- name: pipelines
  rules:
  - {alert: PipelineDown, expr: pipeline_up == 0, labels: {severity: page}}
- name: models
  rules:
  - alert: ModelBad
    expr: accuracy < 0.5
    labels: {severity: page}
    depends_on: [{alert: PipelineDown, equal: [model], wait: 30s}]
)";

TEST(BacktestSuppressionTest, AlertsThatAnotherExplainsAreNotTold) {
  base::SimulatedClock clock(TimestampMs(1'700'000'000'000));
  base::MetricsRegistry metrics;
  const auto storage = storage::NewMemoryStorage({}, clock, metrics);
  const TimestampMs start = clock.Now();
  const auto send = [&](std::string_view series, double value) {
    const auto appender = storage->NewAppender();
    const storage::FloatSample sample{*appender->FindOrCreate(*promql::ParseMetric(series)), clock.Now(), value, {}};
    appender->Append(std::span(&sample, 1));
    ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  };
  for (int minute = 0; minute < 60; ++minute) {
    clock.Advance(base::Minutes(1));
    send(R"(pipeline_up{model="fraud"})", minute >= 10 && minute < 30 ? 0 : 1);
    send(R"(accuracy{model="fraud"})", minute >= 12 && minute < 40 ? 0.1 : 0.9);
    send(R"(accuracy{model="spam"})", minute >= 12 && minute < 20 ? 0.1 : 0.9);
  }
  rules::BacktestOptions options{.start = start, .end = clock.Now()};
  options.threads = 2;
  options.surroundings = std::make_shared<SurroundingsMaker>();
  const rules::RuleText file{"r.yml", std::string(kPipelineRules)};
  const auto report = rules::RunBacktest(*storage, std::span(&file, 1), options);
  ASSERT_TRUE(report.ok()) << report.status().message();
  std::vector<std::string> lines;
  for (const rules::AlertEpisode& episode : report->episodes) {
    std::string line =
        fmt::format("{} {}{}:", episode.alert, episode.labels.Get("model"), episode.WasTold() ? "" : " never told");
    for (const auto& telling : episode.tellings) line += fmt::format(" {}", telling.state);
    lines.push_back(line);
  }
  EXPECT_THAT(lines, ElementsAre("PipelineDown fraud:", "ModelBad fraud: suppressed told", "ModelBad spam: held told"));
  const auto& tellings = report->episodes[1].tellings;
  EXPECT_THAT(tellings[0].by, ElementsAre("PipelineDown"));
  // Two minutes after the pipeline came back.
  EXPECT_GE(tellings[1].at, *report->episodes[0].ended_at + base::Minutes(2));
  EXPECT_LE(tellings[1].at, *report->episodes[0].ended_at + base::Minutes(4));
}

}  // namespace
}  // namespace bellwether::server
