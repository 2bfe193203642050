#include "storage/head/pair_stamps.h"

#include <gtest/gtest.h>

namespace bellwether::storage::head {
namespace {

using metric::Matcher;

struct MoveCase {
  const char* name;
  std::vector<Matcher> matchers;
  metric::Labels moved;
  bool stands_still;
};

TEST(PairStamps, MoveWithSeriesThatMayMatch) {
  const Matcher not_empty = Matcher::Make(metric::MatchOp::kNotEqual, "n", "").value();
  const MoveCase cases[] = {
      {"a series with all pairs",
       {Matcher::Equal("a", "1"), Matcher::Equal("b", "2")},
       {{"a", "1"}, {"b", "2"}},
       false},
      {"a series with one of two",
       {Matcher::Equal("a", "1"), Matcher::Equal("b", "2")},
       {{"a", "1"}, {"b", "3"}},
       true},
      {"another metric", {Matcher::Equal("a", "1"), not_empty}, {{"a", "2"}, {"n", "1"}}, true},
      {"the metric, whatever else is asked", {Matcher::Equal("a", "1"), not_empty}, {{"a", "1"}, {"c", "1"}}, false},
      {"no pair is asked for", {not_empty}, {{"x", "1"}}, false},
      {"absence is asked for", {Matcher::Equal("a", "")}, {{"x", "1"}}, false},
      {"nothing is asked for", {}, {{"x", "1"}}, false},
  };
  for (const MoveCase& c : cases) {
    SCOPED_TRACE(c.name);
    PairStamps stamps;
    const PairStamps::Seen seen = stamps.Look(c.matchers);
    EXPECT_TRUE(stamps.StandStill(seen));
    stamps.Move(c.moved);
    EXPECT_EQ(stamps.StandStill(seen), c.stands_still);
    EXPECT_TRUE(stamps.StandStill(stamps.Look(c.matchers)));
  }
}

}  // namespace
}  // namespace bellwether::storage::head
