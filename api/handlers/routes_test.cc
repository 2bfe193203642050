// What is common to the routes: whose pages may read. And the table of senders.
#include "api/handlers/routes.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

class CorsTest : public ::testing::Test {
 protected:
  CorsTest()
      : clock_(base::TimestampMs(0)),
        storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)),
        engine_({}, clock_, metrics_),
        context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_} {}

  // The header, "-" where there is none.
  std::string AllowedOrigin(const std::string& origin) {
    HttpRequest request;
    request.method = "OPTIONS";
    if (!origin.empty()) request.headers.emplace_back("Origin", origin);
    HttpResponse response;
    ApiHandler(context_, [](const HttpRequest&, HttpResponse&) { return base::OkStatus(); })(request, response);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>("Vary", "Origin")));
    EXPECT_EQ(response.headers.size() > 1, !origin.empty());
    for (const auto& [name, value] : response.headers) {
      if (name == "Access-Control-Allow-Origin") return value;
    }
    return "-";
  }

  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_;
  std::unique_ptr<storage::Storage> storage_;
  promql::Engine engine_;
  HandlerContext context_;
};

TEST_F(CorsTest, AnyOriginOrThoseThatAreMeant) {
  EXPECT_EQ(AllowedOrigin(""), "-");
  EXPECT_EQ(AllowedOrigin("https://a.example"), "*");
  context_.cors_origin = *metric::Matcher::Make(metric::MatchOp::kRegex, "origin", "https?://(a|b)\\.example");
  EXPECT_EQ(AllowedOrigin("https://a.example"), "https://a.example");
  EXPECT_EQ(AllowedOrigin("https://a.example.org"), "-");
  EXPECT_EQ(AllowedOrigin(""), "-");
}

TEST(SenderTableTest, FoldsWritesOfOneSender) {
  SenderTable table;
  table.Note({.address = "b", .user_agent = "agent", .at = base::TimestampMs(1), .took_s = 0.5, .samples = 3});
  table.Note(
      {.address = "a", .user_agent = "agent", .at = base::TimestampMs(2), .samples = 1, .error = "out of order"});
  table.Note({.address = "b", .user_agent = "agent", .at = base::TimestampMs(3), .took_s = 0.25, .samples = 4});
  const std::vector<Sender> all = table.All();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].address, "a");
  EXPECT_EQ(all[0].last_error, "out of order");
  EXPECT_EQ(all[0].requests_refused, 1u);
  EXPECT_EQ(all[1].first_write, base::TimestampMs(1));
  EXPECT_EQ(all[1].last_write, base::TimestampMs(3));
  EXPECT_EQ(all[1].last_write_s, 0.25);
  EXPECT_EQ(all[1].requests, 2u);
  EXPECT_EQ(all[1].samples, 7u);
  EXPECT_EQ(all[1].last_error, "");
}

TEST(SenderTableTest, ForgetsWhoWroteLongestAgo) {
  SenderTable table;
  for (int i = 0; i < 1000; ++i) table.Note({.address = std::to_string(i), .at = base::TimestampMs(i)});
  table.Note({.address = "0", .at = base::TimestampMs(2000)});
  table.Note({.address = "new", .at = base::TimestampMs(2001)});
  const std::vector<Sender> all = table.All();
  EXPECT_EQ(all.size(), 1000u);
  const auto known = [&](const std::string& address) {
    return std::any_of(all.begin(), all.end(), [&](const Sender& sender) { return sender.address == address; });
  };
  EXPECT_TRUE(known("0"));
  EXPECT_TRUE(known("new"));
  EXPECT_FALSE(known("1"));
}

}  // namespace
}  // namespace bellwether::api
