#include "storage/rocks/merge_plan.h"

#include <string>

#include <gtest/gtest.h>

namespace bellwether::storage {
namespace {

// "12+3 15" is a generation of three windows from 12 on and one of window 15; "12*4": of four times the weight.
std::vector<WindowEntry> Entries(const std::vector<std::string>& texts) {
  std::vector<WindowEntry> entries;
  for (const std::string& text : texts) {
    WindowEntry entry;
    entry.key.window.number = std::stoll(text);
    entry.bytes = 1000;
    if (const auto at = text.find('+'); at != std::string::npos) entry.span = std::stoll(text.substr(at + 1));
    if (const auto at = text.find('*'); at != std::string::npos) entry.bytes *= std::stoull(text.substr(at + 1));
    while (!entries.empty() && entries.back().key >= entry.key) ++entry.key.generation;
    entries.push_back(entry);
  }
  return entries;
}

// The plan as "first+span: inputs", or "".
std::string Plan(const std::vector<std::string>& entries, std::int64_t end, std::set<head::WindowId> unsealed = {},
                 std::int64_t span_max = 12) {
  const auto plan = PlanMerge(Entries(entries), {head::WindowId{end}, span_max, std::move(unsealed), {}});
  if (!plan) return "";
  std::string text = std::to_string(plan->first.number) + "+" + std::to_string(plan->span) + ":";
  for (const WindowKey& key : plan->inputs) {
    text += " " + std::to_string(key.window.number);
    if (key.generation > 0) text += "." + std::to_string(key.generation);
  }
  return text;
}

TEST(MergePlanTest, SixHoursThenTheDay) {
  EXPECT_EQ(Plan({}, 100), "");
  EXPECT_EQ(Plan({"12"}, 100), "");
  EXPECT_EQ(Plan({"12", "13", "14"}, 15), "12+3: 12 13 14");
  EXPECT_EQ(Plan({"12", "13", "14"}, 14), "");  // The last may still get samples.
  EXPECT_EQ(Plan({"12", "14"}, 15), "12+3: 12 14");
  EXPECT_EQ(Plan({"12+3*3", "15", "16", "17"}, 18), "15+3: 15 16 17");
  EXPECT_EQ(Plan({"12+3*3", "15+3*3", "18+3*3", "21+3*3"}, 23), "");
  EXPECT_EQ(Plan({"12+3*3", "15+3*3", "18+3*3", "21+3*3"}, 24), "12+12: 12 15 18 21");
  EXPECT_EQ(Plan({"12+3*3", "15+3*3", "18+3*3", "21", "22", "23"}, 24), "12+12: 12 15 18 21 22 23");
  EXPECT_EQ(Plan({"12+12*9", "24+12*9"}, 36), "");
  EXPECT_EQ(Plan({"-3", "-2", "-1"}, 9), "-12+12: -3 -2 -1");
}

TEST(MergePlanTest, TheRetentionBoundsTheSpan) {
  EXPECT_EQ(Plan({"12+3*3", "15+3*3", "18+3*3", "21+3*3"}, 24, {}, 11), "");
  EXPECT_EQ(Plan({"12", "13", "14"}, 24, {}, 2), "");
  EXPECT_EQ(Plan({"12", "13", "14"}, 24, {}, 3), "12+3: 12 13 14");
}

TEST(MergePlanTest, WhatIsStillInMemoryIsWaitedFor) {
  EXPECT_EQ(Plan({"12", "13"}, 24, {{14}}, 3), "");
  EXPECT_EQ(Plan({"12", "13"}, 24, {{15}}, 3), "12+3: 12 13");
  EXPECT_EQ(Plan({"12", "13"}, 24, {{11}}, 3), "12+3: 12 13");
  EXPECT_EQ(Plan({"12", "13"}, 24, {{23}}), "12+3: 12 13");  // The day waits, its morning need not.
}

TEST(MergePlanTest, WhatCannotBeMergedHoldsUpNothingElse) {
  const auto plan = PlanMerge(Entries({"12", "13", "24", "25"}), {head::WindowId{36}, 12, {}, {{12}}});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->first, head::WindowId{24});
}

TEST(MergePlanTest, LateDataWaitUntilTheyAreWorthIt) {
  EXPECT_EQ(Plan({"12+3*5", "13"}, 18), "");
  EXPECT_EQ(Plan({"12+3*4", "13"}, 18), "12+3: 12 13");
  EXPECT_EQ(Plan({"12+12*9", "13", "14"}, 24), "");
  EXPECT_EQ(Plan({"12+12*8", "13", "14"}, 24), "12+12: 12 13 14");
  EXPECT_EQ(Plan({"12+12*99", "12", "13", "13", "14", "15", "16", "17"}, 24), "");
  EXPECT_EQ(Plan({"12+12*99", "12", "13", "13", "14", "15", "16", "17", "18"}, 24, {{12}}),
            "12+12: 12 12.1 13 13.1 14 15 16 17 18");
}

}  // namespace
}  // namespace bellwether::storage
