#include "api/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace bellwether::api {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(UrlTest, DecodesPercentAndPlus) {
  EXPECT_EQ(PercentDecode("a%20b+c%2B", PlusSign::kSpace), "a b c+");
  EXPECT_EQ(PercentDecode("a+b", PlusSign::kItself), "a+b");
  EXPECT_EQ(PercentDecode("%c3%A4", PlusSign::kSpace), "\xc3\xa4");
  for (const char* broken : {"%", "%1", "%g0", "%0g", "a%"}) {
    EXPECT_EQ(PercentDecode(broken, PlusSign::kSpace), std::nullopt) << broken;
  }
}

TEST(UrlTest, ReadsPairsInOrder) {
  Params params;
  EXPECT_TRUE(AppendParams("match[]=up&match%5B%5D=b&&x&=y&e==", 10, params).ok());
  EXPECT_THAT(params,
              ElementsAre(Pair("match[]", "up"), Pair("match[]", "b"), Pair("x", ""), Pair("", "y"), Pair("e", "=")));
  EXPECT_EQ(AppendParams("a=%", 10, params).code(), base::StatusCode::kInvalidArgument);
  EXPECT_EQ(AppendParams("a&b&c&d&e&f", 10, params).code(), base::StatusCode::kInvalidArgument);
}

TEST(UrlTest, SplitsPathsBeforeDecoding) {
  EXPECT_THAT(*SplitPath("/a//b%2Fc/"), ElementsAre("a", "b/c"));
  EXPECT_THAT(*SplitPath("/"), ElementsAre());
  EXPECT_THAT(*SplitPath(""), ElementsAre());
  EXPECT_EQ(SplitPath("/%00"), std::nullopt);
  EXPECT_EQ(SplitPath("/%q"), std::nullopt);
  EXPECT_EQ(JoinPath({}), "/");
  EXPECT_EQ(JoinPath({"a", "b"}), "/a/b");
}

}  // namespace
}  // namespace bellwether::api
