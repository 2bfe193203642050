// The statistics of judge/ against expected values, suite by suite. At the end it prints how many values of each were
// compared, and how many were not: values of raw samples, and what is not offered.

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/drift/golden.h"

namespace bellwether::golden {
namespace {

// What the floor was counted on; other vectors have other numbers of values.
constexpr std::int64_t kFloorSeed = 20250117;

std::vector<Suite> AllSuites() {
  std::vector<Suite> all;
  for (auto* const group : {DistanceSuites, HistogramSuites, TestingSuites, QualitySuites, DetectorSuites}) {
    for (Suite& suite : group()) all.push_back(std::move(suite));
  }
  return all;
}

std::map<std::string, Tally>& Tallies() {
  static std::map<std::string, Tally> tallies;
  return tallies;
}

// How many values of each suite must be compared at least, lest a suite is skipped unseen.
std::size_t FloorOf(std::string_view suite) {
  std::ifstream file("tests/drift/floor.tsv");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    std::size_t floor = 0;
    if (words >> name >> floor && name == suite) return floor;
  }
  return 0;
}

class GoldenSuites : public testing::TestWithParam<std::size_t> {};

TEST_P(GoldenSuites, Agree) {
  const auto directory = GoldenDirectory();
  if (!directory) GTEST_SKIP() << "no vectors: BELLWETHER_GOLDEN_DIR names none, and ../shared/golden/drift is missing";
  const Suite suite = AllSuites()[GetParam()];
  const Json document = ReadSuite(*directory, suite.name);
  // What needs River or Evidently may not have been generated.
  if (document.is_discarded()) GTEST_SKIP() << "no file " << suite.name << ".json in " << *directory;
  Tally tally = CompareSuite(suite, document, ReadSuite(*directory, "series"));
  std::size_t told = 0;
  for (const std::string& fault : tally.faults) {
    if (++told <= 5) ADD_FAILURE() << fault;
  }
  EXPECT_TRUE(tally.faults.empty()) << tally.faults.size() << " values differ";
  const std::size_t floor = document["seed"] == kFloorSeed ? FloorOf(suite.name) : 1;
  EXPECT_GE(tally.compared, floor) << "values fell silent";
  Tallies()[std::string(suite.name)] = std::move(tally);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSuites, testing::Range(std::size_t{0}, AllSuites().size()),
                         [](const auto& suite) { return std::string(AllSuites()[suite.param].name); });

void PrintTallies() {
  std::size_t compared = 0, skipped = 0;
  for (const auto& [suite, tally] : Tallies()) {
    fmt::print("{:<18} {:>6} compared {:>5} skipped {:>5} differ\n", suite, tally.compared, tally.skipped,
               tally.faults.size());
    compared += tally.compared;
    skipped += tally.skipped;
  }
  fmt::print("{:<18} {:>6} compared {:>5} skipped\n", fmt::format("{} suites", Tallies().size()), compared, skipped);
}

}  // namespace
}  // namespace bellwether::golden

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  bellwether::golden::PrintTallies();
  return result;
}
