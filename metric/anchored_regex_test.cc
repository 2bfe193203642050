#include "metric/anchored_regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::metric {
namespace {

struct ExpandCase {
  std::string_view pattern, text, replacement, expected;
};

TEST(AnchoredRegexTest, ExpandsReferencesAsGoDoes) {
  const ExpandCase cases[] = {
      {"(.*)", "abc", "$1", "abc"},
      {"(.*)", "abc", "<${1}>", "<abc>"},
      {"(a)(b)", "ab", "$2$1", "ba"},
      {"(a)", "a", "$1x", ""},  // The longest name: "1x", which no group has.
      {"(a)", "a", "${1}x", "ax"},
      {"(a)", "a", "$7", ""},
      {"(?P<first>a)(?<second>b)", "ab", "$second-${first}", "b-a"},
      {"(a)", "a", "$$1", "$1"},
      {"(a)", "a", "$", "$"},
      {"(a)", "a", "${1", "${1"},
      {"(a)", "a", "$-", "$-"},
      {"a(b)?", "a", "[$1]", "[]"},
      {"(.*)", "a\nb", "$1", "a\nb"},
  };
  for (const ExpandCase& c : cases) {
    const auto regex = AnchoredRegex::Make(c.pattern);
    ASSERT_TRUE(regex.ok()) << c.pattern;
    const auto match = regex->Find(c.text);
    ASSERT_TRUE(match.has_value()) << c.pattern;
    EXPECT_EQ(match->Expand(c.replacement), c.expected) << c.pattern << " " << c.replacement;
  }
}

TEST(AnchoredRegexTest, MatchesTheWholeTextOnly) {
  const auto regex = AnchoredRegex::Make("a|b");
  ASSERT_TRUE(regex.ok());
  EXPECT_TRUE(regex->Matches("a"));
  EXPECT_FALSE(regex->Matches("ab"));
  EXPECT_FALSE(regex->Find("xa").has_value());
}

TEST(AnchoredRegexTest, SaysWhatIsWrong) {
  EXPECT_THAT(AnchoredRegex::Make("a(").status().message(), ::testing::StartsWith("error parsing regexp: "));
}

TEST(AnchoredRegexTest, TellsReferencesFromText) {
  EXPECT_EQ(WithoutGroupReferences("a_${1}_$name-$$"), "a_x_x-$");
  EXPECT_TRUE(HasGroupReference("a$1"));
  EXPECT_FALSE(HasGroupReference("a$$1 $"));
}

}  // namespace
}  // namespace bellwether::metric
