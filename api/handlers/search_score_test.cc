#include "api/handlers/search_score.h"

#include <gtest/gtest.h>

namespace bellwether::api {
namespace {

TEST(SearchScoreTest, Subsequences) {
  EXPECT_EQ(SubsequenceScore("up", "up"), 1);
  EXPECT_EQ(SubsequenceScore("up", "uptime"), 1);
  EXPECT_EQ(SubsequenceScore("", "x"), 1);
  EXPECT_EQ(SubsequenceScore("upp", "up"), 0);
  EXPECT_EQ(SubsequenceScore("ba", "ab"), 0);
  // From index 2 of 5: a run of 2, a leading gap of 2, nothing behind but one byte.
  EXPECT_DOUBLE_EQ(SubsequenceScore("up", "__up_"), 0.999 * (4 - 2.0 / 5 - 1.0 / 10) / 4);
  // The later start has the longer run.
  EXPECT_DOUBLE_EQ(SubsequenceScore("ab", "xaxab"), 0.999 * (4 - 3.0 / 5) / 4);
  // Two runs of one byte, a gap between.
  EXPECT_DOUBLE_EQ(SubsequenceScore("ac", "xabc"), 0.999 * (2 - 1.0 / 4 - 1.0 / 4) / 4);
}

TEST(SearchScoreTest, JaroWinkler) {
  EXPECT_NEAR(JaroWinklerScore("MARTHA", "MARHTA"), 0.9611, 1e-4);
  EXPECT_NEAR(JaroWinklerScore("DIXON", "DICKSONX"), 0.8133, 1e-4);
  EXPECT_NEAR(JaroWinklerScore("DWAYNE", "DUANE"), 0.84, 1e-4);
  EXPECT_EQ(JaroWinklerScore("abc", "abc"), 1);
  EXPECT_EQ(JaroWinklerScore("abc", "xyz"), 0);
  EXPECT_EQ(JaroWinklerScore("", "x"), 0);
  EXPECT_EQ(JaroWinklerScore("a", "b"), 0);
}

TEST(SearchScoreTest, WhatIsAccepted) {
  const auto subsequence = [](double threshold, const char* pattern, const char* text) {
    return SearchScore(SearchAlgorithm::kSubsequence, threshold, pattern, text);
  };
  EXPECT_EQ(subsequence(1, "up", "uptime"), 1);
  EXPECT_GT(subsequence(0, "ac", "xabc"), 0);
  EXPECT_EQ(subsequence(0.9, "ac", "xabc"), 0);
  const auto winkler = [](double threshold, const char* pattern, const char* text) {
    return SearchScore(SearchAlgorithm::kJaroWinkler, threshold, pattern, text);
  };
  EXPECT_EQ(winkler(0, "up", "uptime"), 1);
  EXPECT_DOUBLE_EQ(winkler(0, "up", "__up_"), 1 - 0.9 * 2 / 3);
  EXPECT_EQ(winkler(0, "MARTHA", "MARHTA"), 0);
  EXPECT_GT(winkler(0.9, "MARTHA", "MARHTA"), 0.9);
  EXPECT_EQ(winkler(0.97, "MARTHA", "MARHTA"), 0);
}

}  // namespace
}  // namespace bellwether::api
