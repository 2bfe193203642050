#include "metric/alert_update.h"

#include <gtest/gtest.h>

namespace bellwether::metric {
namespace {

TEST(AlertUpdate, RoundTripsAndRefusesEveryTruncation) {
  const AlertUpdate update = {
      .sequence = 300,
      .labels = {{"alertname", "Drift"}, {"model", "fraud"}},
      .annotations = {{"runbook_url", "https://runbooks.example/drift"}, {"summary", ""}},
      .phase = AlertPhase::kResolved,
      .starts_at = base::TimestampMs(1'700'000'000'000),
      .ends_at = base::TimestampMs(1'700'000'060'000),
      .updated_at = base::TimestampMs(-5),
      .value = 0.41,
      .generator_url = "/graph?g0.expr=x",
      .rule = "a.yml;g;Drift",
      .moved_to = {{"alertname", "Drift"}, {"severity", "page"}},
      .condition = "accuracy and drift",
      .peak = 0.52,
      .levels = {{"warning", base::TimestampMs(7)}, {"page", base::TimestampMs(8)}},
      .signals =
          {{.name = "drift", .state = "true", .condition = "> 0.2", .value = 0.41, .since = base::TimestampMs(7)},
           {.name = "late", .state = "unknown"}},
      .is_suppressed = true,
      .explains = {.count = 40, .some = {{{"alertname", "Slow"}}}}};
  std::string bytes;
  EncodeAlertUpdate(update, bytes);
  AlertUpdate back;
  std::string_view in = bytes;
  ASSERT_TRUE(DecodeAlertUpdate(in, back));
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(back, update);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    in = std::string_view(bytes).substr(0, n);
    EXPECT_FALSE(DecodeAlertUpdate(in, back)) << n;
  }
}

}  // namespace
}  // namespace bellwether::metric
