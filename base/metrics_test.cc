#include "base/metrics.h"

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(Metrics, WritesTheTextFormat) {
  MetricsRegistry registry;
  registry.AddCounter("b_total", "Things.", {{"kind", "a\"b"}}).Add(2);
  Counter& again = registry.AddCounter("b_total", "Things.", {{"kind", "a\"b"}});
  again.Add();
  registry.AddGauge("a", "A gauge.").Set(1.5);
  registry.AddGaugeFunction("c", "Asked for.", {}, [] { return 7.0; });
  auto& histogram = registry.AddHistogram("h_seconds", "Times.", {0.1, 1});
  histogram.Observe(0.1);
  histogram.Observe(0.5);
  histogram.Observe(3);
  EXPECT_EQ(registry.WriteText(),
            "# HELP a A gauge.\n# TYPE a gauge\na 1.5\n"
            "# HELP b_total Things.\n# TYPE b_total counter\nb_total{kind=\"a\\\"b\"} 3\n"
            "# HELP c Asked for.\n# TYPE c gauge\nc 7\n"
            "# HELP h_seconds Times.\n# TYPE h_seconds histogram\n"
            "h_seconds_bucket{le=\"0.1\"} 1\nh_seconds_bucket{le=\"1\"} 2\nh_seconds_bucket{le=\"+Inf\"} 3\n"
            "h_seconds_sum 3.6\nh_seconds_count 3\n");
}

TEST(Metrics, HelpEndsWithItsLine) {
  MetricsRegistry registry;
  registry.AddGauge("a", "One\ntwo \\ three.");
  EXPECT_EQ(registry.WriteText(), "# HELP a One\\ntwo \\\\ three.\n# TYPE a gauge\na 0\n");
}

}  // namespace
}  // namespace bellwether::base
