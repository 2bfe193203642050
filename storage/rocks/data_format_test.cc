#include "storage/rocks/data_format.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "storage/rocks/durable_files.h"

namespace bellwether::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DataFormatTest : public testing::Test {
 protected:
  DataFormatTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_format_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~DataFormatTest() override { std::filesystem::remove_all(path_); }

  void Write(const std::string& text) { ASSERT_TRUE(WriteFileDurably(path_ + "/FORMAT", text).ok()); }
  int Read() { return ReadDataFormat(path_).value(); }

  std::string path_;
};

TEST_F(DataFormatTest, ANewFolderBeginsWithThePresentOne) {
  EXPECT_EQ(Read(), 0);
  EXPECT_TRUE(PrepareDataFormat(path_).ok());
  EXPECT_EQ(ReadWholeFile(path_ + "/FORMAT").value(), "bellwether data 3\n");
  EXPECT_EQ(Read(), kDataFormat);
  EXPECT_TRUE(PrepareDataFormat(path_).ok());
}

TEST_F(DataFormatTest, ANewerOneIsRefusedByBothVersionsAndTheRemedy) {
  Write("bellwether data 9\n");
  const base::Status status = PrepareDataFormat(path_);
  EXPECT_EQ(status.code(), base::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("have format 9, this version of bellwether writes format 3"));
  EXPECT_THAT(status.message(), HasSubstr("run a newer one"));
  EXPECT_EQ(Read(), 9);
}

TEST_F(DataFormatTest, DataFromBeforeTheFileAreRefused) {
  std::filesystem::create_directory(path_ + "/journal");
  EXPECT_EQ(Read(), 1);
  EXPECT_THAT(PrepareDataFormat(path_).message(), HasSubstr("have format 1"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/FORMAT"));
}

TEST_F(DataFormatTest, UpgradesRunOneAfterAnotherAndGoOnWhereTheyStopped) {
  Write("bellwether data 3\n");
  std::vector<int> ran;
  base::Status fails = base::Internal("no");
  const std::vector<DataUpgrade> upgrades{
      {4,
       [&](const std::string&) {
         ran.push_back(4);
         return fails;
       }},
      {3,
       [&](const std::string& path) {
         ran.push_back(3);
         return path == path_ ? base::OkStatus() : base::Internal(path);
       }},
  };
  EXPECT_THAT(PrepareDataFormat(path_, 5, upgrades).message(), HasSubstr("from format 4: no"));
  EXPECT_EQ(Read(), 4);
  fails = base::OkStatus();
  EXPECT_TRUE(PrepareDataFormat(path_, 5, upgrades).ok());
  EXPECT_THAT(ran, ElementsAre(3, 4, 4));
  EXPECT_EQ(Read(), 5);
  EXPECT_THAT(PrepareDataFormat(path_, 6, upgrades).message(), HasSubstr("have format 5, this version"));
}

TEST_F(DataFormatTest, AMalformedOneIsNotGuessedAt) {
  for (const char* text : {"", "bellwether data \n", "bellwether data 2", "bellwether data 0\n", "bellwether data 2x\n",
                           "something 2\n"}) {
    Write(text);
    EXPECT_EQ(PrepareDataFormat(path_).code(), base::StatusCode::kCorruption) << text;
  }
}

}  // namespace
}  // namespace bellwether::storage
