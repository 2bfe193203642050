#include "api/http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace bellwether::api {
namespace {

RequestHead Parsed(std::string_view bytes) {
  RequestHead head;
  const auto refused = ParseRequestHead(bytes, {}, head);
  EXPECT_FALSE(refused.has_value()) << bytes << (refused ? refused->text : "");
  return head;
}

TEST(RequestHeadTest, TakesALineApart) {
  const RequestHead head = Parsed("GET /a/b?c=d?e HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Tab:\t a b \t\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d?e");
  EXPECT_EQ(FindHeader(head.headers, "x-empty"), "");
  EXPECT_EQ(FindHeader(head.headers, "x-tab"), "a b");
  EXPECT_EQ(Parsed("GET http://h:80 HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
  EXPECT_EQ(Parsed("GET HTTPS://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n").query, "q");
}

TEST(RequestHeadTest, KnowsWhenConnectionsStay) {
  const auto check = [](std::string_view version, std::string_view connection, bool keep) {
    std::string bytes = "GET / ";
    bytes.append(version).append("\r\nHost: h\r\nConnection: ").append(connection).append("\r\n\r\n");
    EXPECT_EQ(Parsed(bytes).keep_alive, keep) << bytes;
  };
  check("HTTP/1.1", "", true);
  check("HTTP/1.1", "close", false);
  check("HTTP/1.1", "TE, Close", false);
  check("HTTP/1.1", "keep-alive", true);
  check("HTTP/1.0", "", false);
  check("HTTP/1.0", "Keep-Alive", true);
  check("HTTP/1.0", "keep-alive, close", false);
}

TEST(RequestHeadTest, ReadsLengthAndForm) {
  const RequestHead head = Parsed(
      "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 0042\r\nContent-Type: Application/X-WWW-Form-Urlencoded ; a=b\r\n"
      "Expect: 100-Continue\r\n\r\n");
  EXPECT_EQ(head.content_length, 42u);
  EXPECT_TRUE(head.is_form);
  EXPECT_TRUE(head.expects_continue);
}

TEST(RequestHeadTest, FindsTheEndHoweverTheBytesCome) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\nbody\r\n\r\n";
  const std::size_t end = bytes.find("body");
  std::size_t scanned = 0;
  for (std::size_t size = 0; size < end; ++size) {
    ASSERT_EQ(FindHeadEnd(std::string_view(bytes).substr(0, size), scanned), std::string::npos) << size;
  }
  EXPECT_EQ(FindHeadEnd(bytes, scanned), end);
  scanned = 0;
  EXPECT_EQ(FindHeadEnd(bytes, scanned), end);
  scanned = 0;
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\n\nrest", scanned), 16u);
}

}  // namespace
}  // namespace bellwether::api
