#include <gtest/gtest.h>

#include "api/admin_reports.h"

namespace bellwether::api {
namespace {

TEST(AdminJsonTest, WindowsAsBlocks) {
  EXPECT_EQ(BlocksJson({}), R"({"blocks":[]})");
  // The time of the example of the ULID specification; an id of 31 + 32.
  const std::vector<storage::SealedWindowInfo> windows = {{.id = 63,
                                                           .min = base::TimestampMs(1'469'918'176'385),
                                                           .max = base::TimestampMs(1'469'918'176'999),
                                                           .series = 2,
                                                           .chunks = 3,
                                                           .samples = 400,
                                                           .bytes = 5000,
                                                           .merged = 3,
                                                           .has_deletions = true}};
  EXPECT_EQ(BlocksJson(windows),
            R"({"blocks":[{"ulid":"01ARYZ6S41000000000000001Z","minTime":1469918176385,"maxTime":1469918177000,)"
            R"("stats":{"numSamples":400,"numSeries":2,"numChunks":3,"numBytes":5000},"compaction":{"level":2,)"
            R"("sources":["01ARYZ6S41000000000000001Z"],"hasTombstones":true},"version":1}]})");
}

}  // namespace
}  // namespace bellwether::api
