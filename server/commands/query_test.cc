#include "server/commands/query.h"

#include <gtest/gtest.h>

#include "server/commands/server_answer.h"

namespace bellwether::server {
namespace {

TEST(QueryCommandTest, Times) {
  const base::TimestampMs now(1'700'000'000'000);
  const auto ms = [&](const char* text) {
    const auto time = ParseTimeFlag(text, now);
    return time.ok() ? time->ms : -1;
  };
  EXPECT_EQ(ms("now"), now.ms);
  EXPECT_EQ(ms("now-1h30m"), now.ms - 5'400'000);
  EXPECT_EQ(ms("now+5m"), now.ms + 300'000);
  EXPECT_EQ(ms("-5m"), now.ms - 300'000);
  EXPECT_EQ(ms("1700000000.5"), 1'700'000'000'500);
  EXPECT_EQ(ms("2023-11-14T22:13:20Z"), now.ms);
  for (const char* bad : {"", "yesterday", "now-", "now5m", "5m", "1e300", "NaN"}) EXPECT_EQ(ms(bad), -1) << bad;
}

TEST(QueryCommandTest, Forms) {
  EXPECT_EQ(EncodeForm({{"query", "a{b=\"c d\"}+1"}, {"match[]", "ü"}}),
            "query=a%7Bb%3D%22c%20d%22%7D%2B1&match%5B%5D=%C3%BC");
  EXPECT_EQ(EncodeForm({}), "");
}

}  // namespace
}  // namespace bellwether::server
