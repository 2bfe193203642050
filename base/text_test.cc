#include <gtest/gtest.h>

#include "base/quote.h"
#include "base/utf8.h"

namespace bellwether::base {
namespace {

TEST(Utf8, JudgesAsGoDoes) {
  for (const char* good :
       {"", "ascii only, longer than eight", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "12345678\xc3\xa9"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
  }
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "12345678\x80"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << Quote(bad);
  }
}

TEST(Utf8, WalksByCodePoint) {
  std::string text;
  for (const std::uint32_t c : {0x41u, 0xE9u, 0x20ACu, 0x1F600u}) AppendUtf8(text, c);
  EXPECT_EQ(CountCodePoints(text), 4u);
  std::string_view rest = text;
  EXPECT_EQ(NextCodePoint(rest), 0x41u);
  EXPECT_EQ(NextCodePoint(rest), 0xE9u);
  EXPECT_EQ(NextCodePoint(rest), 0x20ACu);
  EXPECT_EQ(NextCodePoint(rest), 0x1F600u);
  EXPECT_TRUE(rest.empty());
}

TEST(Quote, WritesAsStrconvDoes) {
  EXPECT_EQ(Quote("a\"b\\c\n\t"), R"("a\"b\\c\n\t")");
  EXPECT_EQ(Quote("\x01\xff"), R"("\x01\xff")");
  EXPECT_EQ(Quote("h\xc3\xa9 \xe2\x80\xa8"), "\"h\xc3\xa9 \\u2028\"");
}

TEST(Quote, WritesAsTheTextFormatDoes) {
  std::string out = "a=";
  AppendTextQuoted(out, "a\"b\\c\n\t\xff");
  EXPECT_EQ(out, "a=\"a\\\"b\\\\c\\n\t\xff\"");
}

}  // namespace
}  // namespace bellwether::base
