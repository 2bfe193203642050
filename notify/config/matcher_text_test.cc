#include "notify/config/matcher_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

// What `text` reads as in each mode; "error" where it is refused.
void CheckModes(std::string_view text, std::string_view fallback, std::string_view utf8, std::string_view classic) {
  const auto read = [&](MatcherMode mode) {
    std::string warning;
    const auto matchers = ParseMatchers(text, mode, warning);
    return matchers.ok() ? MatchersText(*matchers) + (warning.empty() ? "" : " warns") : "error";
  };
  EXPECT_EQ(read(MatcherMode::kFallback), fallback) << text;
  EXPECT_EQ(read(MatcherMode::kUtf8), utf8) << text;
  EXPECT_EQ(read(MatcherMode::kClassic), classic) << text;
}

TEST(Matchers, InThreeModes) {
  const auto same = [](std::string_view text, std::string_view expected) {
    CheckModes(text, expected, expected, expected);
  };
  same("foo=bar", "{foo=\"bar\"}");
  same("{foo=\"bar\",}", "{foo=\"bar\"}");
  same("foo=~[0-9]+", "{foo=~\"[0-9]+\"}");
  same("b!=1, a!~\"x|y\", a=~z", "{a!~\"x|y\",a=~\"z\",b!=\"1\"}");
  same("{}", "{}");
  same("", "{}");
  same("foo", "error");
  same("=bar", "error");
  same("foo=~\"[\"", "error");
  CheckModes("\"foo bar\"=\"x\"", "{\"foo bar\"=\"x\"}", "{\"foo bar\"=\"x\"}", "error");
  CheckModes("Προμηθεύς=🔥", "{Προμηθεύς=\"🔥\"}", "{Προμηθεύς=\"🔥\"}", "error");
  CheckModes("foo=", "{foo=\"\"} warns", "error", "{foo=\"\"}");
  CheckModes("foo=~\\d+", "{foo=~\"\\\\d+\"} warns", "error", "{foo=~\"\\\\d+\"}");
  CheckModes("foo=\"\\xf0\\x9f\\x99\\x82\"", "{foo=\"\\\\xf0\\\\x9f\\\\x99\\\\x82\"} warns", "{foo=\"🙂\"}",
             "{foo=\"\\\\xf0\\\\x9f\\\\x99\\\\x82\"}");
  CheckModes("{foo=bar", "{foo=\"bar\"} warns", "error", "{foo=\"bar\"}");
}

TEST(Matchers, OneOnly) {
  const auto check = [](std::string_view text, std::string_view expected) {
    const auto matcher = ParseMatcher(text);
    EXPECT_EQ(matcher.ok() ? matcher->ToString() : matcher.status().message(), expected);
  };
  check("a=b", "a=\"b\"");
  check(" a!~\"b.*\" ", "a!~\"b.*\"");
  check("{a=b}", "bad matcher format: {a=b}: one matcher has no braces");
  check("a=b,c=d", "bad matcher format: a=b,c=d: expected 1 matcher, got 2");
}

}  // namespace
}  // namespace bellwether::notify
