#include "storage/rocks/disk_usage.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace bellwether::storage {
namespace {

namespace fs = std::filesystem;

// What the tool says.
std::uint64_t DiskUseByDu(const std::string& path) {
  FILE* pipe = ::popen(("du -s --block-size=1 " + path).c_str(), "r");
  unsigned long long bytes = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%llu", &bytes) != 1) ADD_FAILURE() << "du does not run";
  if (pipe != nullptr) ::pclose(pipe);
  return bytes;
}

class DiskUsageTest : public testing::Test {
 protected:
  DiskUsageTest() {
    std::string pattern = (fs::temp_directory_path() / "bw_usage_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~DiskUsageTest() override { fs::remove_all(root_); }

  void MakeFile(const std::string& name, std::size_t bytes) {
    fs::create_directories(fs::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name) << std::string(bytes, 'x');
  }
  static std::uint64_t Of(const DiskUsage& usage, DiskPart part) { return usage.bytes[static_cast<std::size_t>(part)]; }

  std::string root_;
};

TEST_F(DiskUsageTest, PartsAddUpToTheFolder) {
  MakeFile("LOCK", 10);
  MakeFile("db/000001.sst", 100'000);
  MakeFile("db/000002.sst", 200'000);
  MakeFile("db/000003.sst", 300'000);
  MakeFile("db/000004.sst", 5'000);
  MakeFile("db/000005.log", 6'000);
  MakeFile("db/MANIFEST-000006", 7'000);
  MakeFile("journal/00000000000000000001.seg", 400'000);
  MakeFile("head/snap-1/shard-0", 80'000);
  MakeFile("seal/data.0.sst", 90'000);
  MakeFile("snapshots/a/db/MANIFEST-000006", 7'000);
  fs::create_hard_link(root_ + "/db/000001.sst", root_ + "/snapshots/a/db/000001.sst");
  fs::resize_file(root_ + "/journal/00000000000000000001.seg", 100'000'000);  // A hole: takes nothing.
  const TableParts tables = {
      {"000001.sst", DiskPart::kData}, {"000002.sst", DiskPart::kIndex}, {"000003.sst", DiskPart::kState}};

  const DiskUsage usage = MeasureDisk(root_, tables);
  EXPECT_EQ(usage.Total(), DiskUseByDu(root_));
  const auto near = [](std::uint64_t bytes, std::uint64_t expected) {
    EXPECT_GE(bytes, expected);
    EXPECT_LE(bytes, expected + 16'384);
  };
  near(Of(usage, DiskPart::kData), 100'000);
  near(Of(usage, DiskPart::kIndex), 200'000);
  near(Of(usage, DiskPart::kState), 306'000);
  near(Of(usage, DiskPart::kLog), 400'000);
  near(Of(usage, DiskPart::kHead), 80'000);
  near(Of(usage, DiskPart::kSnapshot), 7'000);
}

TEST_F(DiskUsageTest, WithoutTheStoreWhatASnapshotKeepsIsItsOwn) {
  MakeFile("db/000001.sst", 100'000);
  MakeFile("snapshots/a/db/x", 1);
  fs::create_hard_link(root_ + "/db/000001.sst", root_ + "/snapshots/a/db/000001.sst");
  fs::remove(root_ + "/db/000001.sst");
  const DiskUsage usage = MeasureDisk(root_, {});
  EXPECT_GE(Of(usage, DiskPart::kSnapshot), 100'000u);
  EXPECT_EQ(usage.Total(), DiskUseByDu(root_));
}

TEST_F(DiskUsageTest, NothingIsNothing) { EXPECT_EQ(MeasureDisk(root_ + "/none", {}).Total(), 0u); }

}  // namespace
}  // namespace bellwether::storage
