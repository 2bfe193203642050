#include "api/query_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace bellwether::api {
namespace {

class QueryLogTest : public ::testing::Test {
 protected:
  QueryLogTest() : folder_(std::filesystem::temp_directory_path() / ("query_log." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~QueryLogTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path folder_;
};

TEST_F(QueryLogTest, ALineIsPrometheuss) {
  promql::QueryStats stats;
  stats.total_s = 0.25;
  stats.samples_read = 7;
  EXPECT_EQ(QueryLogLine({.now = base::TimestampMs(1'581'173'990'387),
                          .query = "up == \"<\"",
                          .start = base::TimestampMs(1'581'170'390'368),
                          .end = base::TimestampMs(1'581'173'990'368),
                          .step = base::Milliseconds(5500),
                          .stats = &stats,
                          .client_address = "127.0.0.1",
                          .method = "GET",
                          .path = "/api/v1/query_range"}),
            R"({"ts":"2020-02-08T14:59:50.387Z","time":"2020-02-08T14:59:50.387Z","level":"INFO",)"
            R"("msg":"promql query logged","params":{"end":"2020-02-08T14:59:50.368Z","query":"up == \"\u003c\"",)"
            R"("start":"2020-02-08T13:59:50.368Z","step":5},"stats":{"timings":{"evalTotalTime":0,"resultSortTime":0,)"
            R"("queryPreparationTime":0,"innerEvalTime":0,"execQueueTime":0,"execTotalTime":0.25},"samples":)"
            R"({"totalQueryableSamples":0,"samplesRead":7,"peakSamples":0}},)"
            R"("httpRequest":{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query_range"}})");
}

TEST_F(QueryLogTest, AFailedQueryHasAnErrorAndNoStatistics) {
  const std::string line = QueryLogLine({.query = "up", .error = "query timed out"});
  EXPECT_NE(line.find("\"error\":\"query timed out\""), std::string::npos) << line;
  EXPECT_EQ(line.find("stats"), std::string::npos) << line;
  EXPECT_EQ(line.find("httpRequest"), std::string::npos) << line;
}

TEST_F(QueryLogTest, FollowsTheFileThatIsInUse) {
  QueryLog log;
  log.Note({.query = "nowhere"});
  for (const std::string name : {"a", "b"}) {
    auto file = QueryLog::File::Open(folder_ / name);
    ASSERT_TRUE(file.ok()) << file.status().message();
    log.Use(*std::move(file));
    log.Note({.query = "first_" + name});
    log.Note({.query = "second_" + name});
  }
  log.Use(nullptr);
  log.Note({.query = "nowhere"});
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(Read(name),
              QueryLogLine({.query = "first_" + name}) + "\n" + QueryLogLine({.query = "second_" + name}) + "\n");
  }
}

TEST_F(QueryLogTest, SaysWhichFileCannotBeOpened) {
  const auto file = QueryLog::File::Open(folder_ / "absent" / "log");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.status().message().find("absent/log: No such file"), std::string::npos) << file.status().message();
}

}  // namespace
}  // namespace bellwether::api
