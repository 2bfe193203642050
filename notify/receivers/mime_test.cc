#include "notify/receivers/mime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The longest line, without its end.
std::size_t LongestLine(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find("\r\n", at), text.size());
    longest = std::max(longest, end - at);
    at = end + 2;
  }
  return longest;
}

TEST(Mime, HeadersCannotBeBrokenOutOf) {
  const auto check = [](std::string_view value, std::string_view expected) {
    EXPECT_EQ(MailHeaderLines("Subject", value), expected);
  };
  check("plain", "Subject: plain\r\n");
  check("a\r\nBcc: evil@x", "Subject: a  Bcc: evil@x\r\n");
  check("Größe", "Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=\r\n");
  check("=?x?= y", "Subject: =?UTF-8?Q?=3D=3Fx=3F=3D_y?=\r\n");
  const std::string folded = MailHeaderLines("Subject", std::string(40, 'a') + " " + std::string(60, 'b'));
  EXPECT_EQ(folded, "Subject: " + std::string(40, 'a') + "\r\n " + std::string(60, 'b') + "\r\n");
}

TEST(Mime, LinesStayWithinTheLimits) {
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "ä";
  EXPECT_LE(LongestLine(MailHeaderLines("Subject", wide)), 78U + 9U);
  EXPECT_LE(LongestLine(MailHeaderLines("X-Long", std::string(5000, 'x'))), 998U);
  EXPECT_LE(LongestLine(QuotedPrintable(std::string(5000, 'x') + wide)), 76U);
}

TEST(Mime, QuotedPrintable) {
  EXPECT_EQ(QuotedPrintable("a = b\nc \n.\nä"), "a =3D b\r\nc=20\r\n.\r\n=C3=A4\r\n");
  EXPECT_EQ(QuotedPrintable("x\r\ny\r\n"), "x\r\ny\r\n");
  EXPECT_EQ(QuotedPrintable(""), "");
}

TEST(Mime, BothFormsOfAMessage) {
  EXPECT_EQ(
      MailData({{"From", "a@x"}}, "t", "<b>h</b>", "bw_1"),
      "From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"bw_1\"\r\n\r\n"
      "--bw_1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nt\r\n"
      "--bw_1\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n<b>h</b>\r\n--bw_1--\r\n");
  const std::string one = MailData({}, "t", "", "bw_1");
  EXPECT_THAT(one, HasSubstr("text/plain"));
  EXPECT_THAT(one, Not(HasSubstr("multipart")));
}

TEST(Mime, Addresses) {
  EXPECT_THAT(MailAddresses("a@x"), ElementsAre("a@x"));
  EXPECT_THAT(MailAddresses("Mia <mia@x>, \"O, Ops\" <ops@y> , c@z"), ElementsAre("mia@x", "ops@y", "c@z"));
  EXPECT_THAT(MailAddresses("a@x, nobody"), IsEmpty());
  EXPECT_THAT(MailAddresses("<a@x\r\nRCPT TO:<b@y>"), IsEmpty());
  EXPECT_THAT(MailAddresses(""), IsEmpty());
}

}  // namespace
}  // namespace bellwether::notify
