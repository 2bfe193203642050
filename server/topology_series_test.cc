#include "server/topology_series.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "promql/engine.h"
#include "storage/open.h"

namespace bellwether::server {
namespace {

TEST(TopologySeriesTest, WritesWhatHoldsAndEndsWhatDoesNot) {
  base::SimulatedClock clock(base::TimestampMs(1'800'000'000'000));
  base::MetricsRegistry metrics;
  storage::StorageOptions options;
  options.background_thread = false;
  const auto storage = storage::NewMemoryStorage(options, clock, metrics);
  const promql::Engine engine({}, clock, metrics);
  auto topology = std::make_shared<const incidents::Topology>(std::vector<incidents::Component>{
      {.id = {"pipeline", "fs"}, .depends_on = {}},
      {.id = {"model", "fraud"}, .depends_on = {{.on = {{"pipeline", "fs"}}, .need = 1}}}});
  TopologySeries series(*storage, clock, [&] { return topology; });
  const auto count = [&](const std::string& query) {
    const auto result = engine.Instant(*storage, query, clock.Now());
    EXPECT_TRUE(result.ok()) << result.status().message();
    return std::get<promql::Vector>(result->value).size();
  };
  ASSERT_TRUE(series.Write().ok());
  EXPECT_EQ(count(R"(bellwether_depends_info{model="fraud",upstream_kind="pipeline",upstream="fs",hops="1"} == 1)"),
            1U);
  clock.Advance(base::Minutes(1));
  topology = std::make_shared<const incidents::Topology>();
  ASSERT_TRUE(series.Write().ok());
  EXPECT_EQ(count("bellwether_depends_info"), 0U);
}

}  // namespace
}  // namespace bellwether::server
