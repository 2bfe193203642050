#include "metric/matcher.h"

#include <gtest/gtest.h>

namespace bellwether::metric {
namespace {

bool Matches(MatchOp op, std::string pattern, std::string_view value) {
  auto m = Matcher::Make(op, "a", std::move(pattern));
  return m.ok() && m->Matches(value);
}

TEST(Matcher, RegexIsAnchoredAndDotMatchesNewline) {
  EXPECT_TRUE(Matches(MatchOp::kRegex, "a.c", "a\nc"));
  EXPECT_FALSE(Matches(MatchOp::kRegex, "b", "abc"));
  EXPECT_TRUE(Matches(MatchOp::kRegex, "a|b", "b"));
  EXPECT_TRUE(Matches(MatchOp::kNotRegex, "a|b", "c"));
  EXPECT_TRUE(Matches(MatchOp::kRegex, "(?i)ABC", "abc"));
  EXPECT_TRUE(Matches(MatchOp::kRegex, "(?<word>a+)", "aaa"));
}

TEST(Matcher, KnowsWhetherItMatchesNothing) {
  EXPECT_TRUE(Matcher::Make(MatchOp::kRegex, "a", ".*")->MatchesEmpty());
  EXPECT_FALSE(Matcher::Make(MatchOp::kRegex, "a", ".+")->MatchesEmpty());
  EXPECT_TRUE(Matcher::Make(MatchOp::kNotEqual, "a", "x")->MatchesEmpty());
  EXPECT_TRUE(Matcher::Equal("a", "").MatchesEmpty());
}

TEST(Matcher, SaysWhatIsWrongWithARegex) {
  const auto m = Matcher::Make(MatchOp::kRegex, "a", "(");
  ASSERT_FALSE(m.ok());
  EXPECT_TRUE(m.status().message().starts_with("error parsing regexp: ")) << m.status().message();
}

}  // namespace
}  // namespace bellwether::metric
