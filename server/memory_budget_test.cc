#include "server/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bellwether::server {
namespace {

constexpr std::uint64_t kGiB = 1u << 30;

TEST(MemoryBudgetTest, ReadsSizesAndShares) {
  struct Case {
    const char* text;
    std::uint64_t total;
  };
  for (const Case& c : std::initializer_list<Case>{{"50%", 4 * kGiB / 100 * 50},
                                                   {"100%", 4 * kGiB / 100 * 100},
                                                   {"2GiB", 2 * kGiB},
                                                   {"2GB", 2 * kGiB},
                                                   {"512MB", kGiB / 2},
                                                   {"1073741824", kGiB},
                                                   {"1073741824B", kGiB}}) {
    SCOPED_TRACE(c.text);
    const auto budget = MakeMemoryBudget(c.text, 4 * kGiB);
    ASSERT_TRUE(budget.ok()) << budget.status().ToString();
    EXPECT_EQ(budget->total, c.total);
    EXPECT_EQ(budget->block_cache + budget->memtables + budget->queries + budget->rules + budget->kept + budget->head,
              c.total);
    EXPECT_GT(budget->rules, budget->kept);
    EXPECT_GE(budget->head, c.total / 2);
    EXPECT_LE(2 * budget->one_query, budget->queries);
  }
}

TEST(MemoryBudgetTest, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "-1GiB", "1 GiB", "1.5GiB", "101%", "1%", "%", "1x%", "63MiB", "1TiBs", "1iB", "1G",
                           "99999999999999999999", "99999999PB"}) {
    SCOPED_TRACE(text);
    const auto budget = MakeMemoryBudget(text, 4 * kGiB);
    ASSERT_FALSE(budget.ok());
    EXPECT_EQ(budget.status().code(), base::StatusCode::kInvalidArgument);
    EXPECT_THAT(budget.status().message(), testing::HasSubstr("\"" + std::string(text) + "\""));
  }
}

TEST(MemoryBudgetTest, TheMachineHasSome) { EXPECT_GT(MachineMemory(), std::uint64_t{64} << 20); }

// The files of a kernel below a folder.
class MachineMemoryTest : public testing::Test {
 protected:
  MachineMemoryTest() { std::filesystem::remove_all(root_); }
  ~MachineMemoryTest() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  const std::string root_ = testing::TempDir() + "machine_memory";
};

TEST_F(MachineMemoryTest, IsTheLeastOfTheGroupsAbove) {
  Put("/proc/self/cgroup", "0::/user.slice/a.service\n");
  Put("/sys/fs/cgroup/user.slice/a.service/memory.max", "max\n");
  const std::uint64_t whole = MachineMemory(root_);
  Put("/sys/fs/cgroup/user.slice/memory.max", "300000000\n");
  EXPECT_EQ(MachineMemory(root_), 300'000'000u);
  Put("/sys/fs/cgroup/user.slice/a.service/memory.max", "200000000\n");
  EXPECT_EQ(MachineMemory(root_), 200'000'000u);
  EXPECT_GT(whole, 300'000'000u);
}

TEST_F(MachineMemoryTest, InAContainerItsOwnGroupIsTheRoot) {
  Put("/proc/self/cgroup", "0::/\n");
  Put("/sys/fs/cgroup/memory.max", "100000000\n");
  EXPECT_EQ(MachineMemory(root_), 100'000'000u);
}

TEST_F(MachineMemoryTest, KnowsTheFirstVersion) {
  Put("/proc/self/cgroup", "5:cpu,cpuacct:/b\n4:memory:/docker/abc\n1:name=systemd:/b\n");
  Put("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "100000000\n");
  EXPECT_EQ(MachineMemory(root_), 100'000'000u);
}

TEST(MemoryBudgetTest, ShowsItsParts) {
  base::MetricsRegistry metrics;
  const auto budget = MakeMemoryBudget("1GiB", kGiB);
  ASSERT_TRUE(budget.ok());
  const MemoryShares shares = MakeMemoryShares(*budget);
  AddMemoryMetrics(*budget, shares, metrics);
  ASSERT_TRUE(shares.queries->Take(1000).ok());
  ASSERT_TRUE(shares.kept->Take(10).ok());
  const base::Status refused = shares.queries->Take(kGiB);
  EXPECT_THAT(refused.message(), testing::HasSubstr("160 MiB in memory, their part of --storage.memory"));
  EXPECT_THAT(shares.rules->Take(kGiB).message(),
              testing::HasSubstr("rules evaluated now would together hold more than 64 MiB"));
  const std::string text = metrics.WriteText();
  EXPECT_THAT(text, testing::HasSubstr("bellwether_memory_budget_bytes{part=\"total\"} 1073741824"));
  EXPECT_THAT(text, testing::HasSubstr("bellwether_memory_used_bytes{part=\"queries\"} 1000\n"));
  EXPECT_THAT(text, testing::HasSubstr("bellwether_memory_used_bytes{part=\"kept\"} 10\n"));
  EXPECT_THAT(text, testing::HasSubstr("bellwether_memory_refusals_total{part=\"queries\"} 1\n"));
  EXPECT_THAT(text, testing::HasSubstr("bellwether_memory_refusals_total{part=\"rules\"} 1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("bellwether_memory_used_bytes.part=\"total\". [1-9]"));
}

}  // namespace
}  // namespace bellwether::server
