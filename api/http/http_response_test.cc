// How responses are framed and compressed, seen from a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "api/http/http_server.h"
#include "api/http/raw_client_test.h"
#include "base/metrics.h"

namespace bellwether::api {
namespace {

constexpr std::string_view kGzipWanted = "Accept-Encoding: gzip\r\n";

std::string Gunzipped(std::string bytes) {
  std::string out;
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  while (code == Z_OK) {
    std::string piece(1u << 20, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, 0, piece.size() - stream.avail_out);
  }
  EXPECT_EQ(code, Z_STREAM_END);
  inflateEnd(&stream);
  return out;
}

std::string Lines(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + "\n";
  text.resize(size);
  return text;
}

class HttpResponseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto size = [](const HttpRequest& request) { return std::stoul(request.Param("size").value_or("0")); };
    server_.Route({"GET"}, "/whole", WorkerPool::kQuery, [=](const HttpRequest& request, HttpResponse& response) {
      response.content_type = request.Param("type").value_or("text/plain");
      response.body = Lines(size(request));
      if (const auto coding = request.Param("coding")) response.headers.emplace_back("Content-Encoding", *coding);
    });
    server_.Route({"GET"}, "/stream", WorkerPool::kQuery, [=](const HttpRequest& request, HttpResponse& response) {
      response.stream = [text = Lines(size(request)), fails = request.Param("fails").value_or("")](BodySink& sink) {
        for (std::size_t at = 0; at < text.size(); at += 10'000) sink.Write(std::string_view(text).substr(at, 10'000));
        if (fails == "throws") throw std::runtime_error("broken");
        if (fails == "aborts") sink.Abort();
      };
    });
    server_.Route({"GET"}, "/status", WorkerPool::kQuery, [=](const HttpRequest& request, HttpResponse& response) {
      response.status = std::stoi(request.Param("code").value_or("200"));
      response.body = "text";
    });
    ASSERT_TRUE(server_.Listen().ok());
  }

  RawResponse Ask(std::string_view target, std::string_view headers = {}, std::string_view method = "GET") {
    RawClient client(server_.port());
    return client.Ask(RawRequest(method, target, headers), method);
  }

  base::MetricsRegistry metrics_;
  HttpServer server_{HttpServerOptions{}, metrics_};
};

TEST_F(HttpResponseTest, CompressesWhatIsWorthIt) {
  const RawResponse packed = Ask("/whole?size=100000", kGzipWanted);
  EXPECT_EQ(packed.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.Header("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), 50'000u);
  EXPECT_EQ(Gunzipped(packed.body), Lines(100'000));

  EXPECT_EQ(Ask("/whole?size=100000", "Accept-Encoding: zstd;q=0.5, gzip;q=0\r\n").Header("Content-Encoding"), "zstd");
  const RawResponse plain = Ask("/whole?size=100000", "Accept-Encoding: gzip;q=0, br\r\n");
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  EXPECT_EQ(plain.Header("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body, Lines(100'000));
  EXPECT_EQ(Ask("/whole?size=1024", kGzipWanted).Header("Content-Encoding"), "");
  EXPECT_EQ(Ask("/whole?size=1025", kGzipWanted).Header("Content-Encoding"), "gzip");
  EXPECT_EQ(Ask("/whole?size=9000&type=image/png", kGzipWanted).Header("Content-Encoding"), "");
  EXPECT_EQ(Ask("/whole?size=9000&coding=snappy", kGzipWanted).Header("Content-Encoding"), "snappy");
}

TEST_F(HttpResponseTest, StreamsInChunks) {
  for (const std::size_t size : {0u, 1u, 1000u, 65'535u, 65'536u, 70'000u, 3'000'000u}) {
    const std::string target = "/stream?size=" + std::to_string(size);
    const RawResponse plain = Ask(target);
    EXPECT_TRUE(plain.complete);
    EXPECT_EQ(plain.body, Lines(size));
    EXPECT_EQ(plain.Header("Transfer-Encoding"), size < 65'536 ? "" : "chunked") << size;
    const RawResponse packed = Ask(target, kGzipWanted);
    EXPECT_EQ(packed.Header("Content-Encoding"), size > 1024 ? "gzip" : "");
    EXPECT_EQ(size > 1024 ? Gunzipped(packed.body) : packed.body, Lines(size));
  }
}

TEST_F(HttpResponseTest, EndsOldClientsStreamsWithTheConnection) {
  RawClient client(server_.port());
  const RawResponse response = client.Ask("GET /stream?size=200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response.Header("Transfer-Encoding"), "");
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_EQ(response.body, Lines(200'000));
}

TEST_F(HttpResponseTest, NeverEndsABrokenStreamAsIfWhole) {
  for (const std::string fails : {"&fails=throws", "&fails=aborts"}) {
    EXPECT_EQ(Ask("/stream?size=1000" + fails).status, 500);
    const RawResponse cut = Ask("/stream?size=200000" + fails);
    EXPECT_EQ(cut.status, 200);
    EXPECT_FALSE(cut.complete);
  }
}

TEST_F(HttpResponseTest, SendsNoBodyWhereNoneBelongs) {
  RawClient client(server_.port());
  for (const char* code : {"204", "304"}) {
    const RawResponse response = client.Ask(RawRequest("GET", std::string("/status?code=") + code));
    EXPECT_EQ(std::to_string(response.status), code);
    EXPECT_EQ(response.Header("Content-Length"), "");
  }
  for (const char* target : {"/stream?size=100000", "/whole?size=100000"}) {
    EXPECT_EQ(client.Ask(RawRequest("HEAD", target), "HEAD").status, 200) << target;
  }
  EXPECT_EQ(client.Ask(RawRequest("GET", "/status?code=418")).body, "text");
  EXPECT_EQ(client.Ask(RawRequest("GET", "/status?code=99")).status, 500);
  EXPECT_THAT(std::string(client.Ask(RawRequest("GET", "/status")).Header("Date")),
              ::testing::MatchesRegex("[A-Z][a-z][a-z], [0-9]+ [A-Z][a-z][a-z] [0-9]+ [0-9]+:[0-9]+:[0-9]+ GMT"));
}

}  // namespace
}  // namespace bellwether::api
