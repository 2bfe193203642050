#include "api/json/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "api/json/envelope.h"
#include "api/json/error_table.h"

namespace bellwether::api {
namespace {

std::string Written(const JsonBody& write) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    write(json);
  }
  return out;
}

void ExpectString(std::string_view text, std::string_view go, std::string_view plain) {
  EXPECT_EQ(Written([&](JsonWriter& json) { json.String(text); }), go);
  EXPECT_EQ(Written([&](JsonWriter& json) { json.PlainString(text); }), plain);
}

TEST(JsonWriterTest, EscapesAsGoDoesAndPlainlyForLabels) {
  ExpectString("", R"("")", R"("")");
  ExpectString("plain", R"("plain")", R"("plain")");
  ExpectString("a<b>&c", R"("a\u003cb\u003e\u0026c")", R"("a<b>&c")");
  ExpectString("q\"b\\n\n\r\t", R"("q\"b\\n\n\r\t")", R"("q\"b\\n\n\r\t")");
  ExpectString(std::string_view("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\x7f\"", "\"\\u0000\\u0001\\u001f\x7f\"");
  ExpectString("\xe2\x80\xa8\xe2\x80\xa9", R"("\u2028\u2029")", "\"\xe2\x80\xa8\xe2\x80\xa9\"");
  ExpectString("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "\"gr\xc3\xbc\xc3\x9f\"");
  ExpectString("\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\"");
  ExpectString("a\xff z\xc3", R"("a\ufffd z\ufffd")", R"("a\ufffd z\ufffd")");
  ExpectString("\xef\xbf\xbd", "\"\xef\xbf\xbd\"", "\"\xef\xbf\xbd\"");
}

TEST(JsonWriterTest, PutsCommas) {
  EXPECT_EQ(Written([](JsonWriter& json) {
              json.BeginObject().Key("a").BeginArray().Integer(1).Integer(-2).BeginArray().EndArray().EndArray();
              json.Key("b").BeginObject().EndObject().Key("c").Null().Key("d").Bool(true).EndObject();
            }),
            R"({"a":[1,-2,[]],"b":{},"c":null,"d":true})");
}

void ExpectNumber(double v, std::string_view number, std::string_view quoted) {
  EXPECT_EQ(Written([&](JsonWriter& json) { json.Number(v); }), number);
  EXPECT_EQ(Written([&](JsonWriter& json) { json.QuotedNumber(v); }), quoted);
}

TEST(JsonWriterTest, WritesNumbers) {
  ExpectNumber(0, "0", "\"0\"");
  ExpectNumber(0.1, "0.1", "\"0.1\"");
  ExpectNumber(1e-7, "1e-07", "\"1e-07\"");
  ExpectNumber(1e21, "1e+21", "\"1e+21\"");
  ExpectNumber(std::nan(""), "null", "\"NaN\"");
  ExpectNumber(std::numeric_limits<double>::infinity(), "null", "\"+Inf\"");
  ExpectNumber(-std::numeric_limits<double>::infinity(), "null", "\"-Inf\"");
}

void ExpectSeconds(std::int64_t ms, std::string_view text) {
  EXPECT_EQ(Written([&](JsonWriter& json) { json.Seconds(base::TimestampMs(ms)); }), text);
}

TEST(JsonWriterTest, WritesSeconds) {
  ExpectSeconds(0, "0");
  ExpectSeconds(1435781451780, "1435781451.780");
  ExpectSeconds(1435781451000, "1435781451");
  ExpectSeconds(1005, "1.005");
  ExpectSeconds(-1, "-0.001");
  ExpectSeconds(-1500, "-1.500");
  ExpectSeconds(std::numeric_limits<std::int64_t>::min(), "-9223372036854775.808");
}

class PieceSink final : public BodySink {
 public:
  explicit PieceSink(std::size_t pieces_max) : pieces_max_(pieces_max) {}
  bool Write(std::string_view bytes) override {
    pieces.push_back(bytes.size());
    return pieces.size() < pieces_max_;
  }
  std::vector<std::size_t> pieces;

 private:
  std::size_t pieces_max_;
};

TEST(JsonWriterTest, HandsOnPiecesAndStopsWhenTheClientIsGone) {
  const std::string kilobyte(1000, 'x');
  PieceSink sink(3);
  {
    JsonWriter json(sink);
    json.BeginArray();
    for (int i = 0; i < 1000 && json.alive(); ++i) json.String(kilobyte);
    EXPECT_FALSE(json.alive());
    json.EndArray();
  }
  ASSERT_EQ(sink.pieces.size(), 3u);  // Nothing is written after the sink refused.
  for (const std::size_t bytes : sink.pieces) {
    EXPECT_GE(bytes, JsonWriter::kPieceBytes);
    EXPECT_LT(bytes, JsonWriter::kPieceBytes + 2000);
  }
}

TEST(ErrorTableTest, MapsEachCode) {
  const auto expect = [](base::StatusCode code, int http_status, std::string_view type) {
    const ErrorKind kind = ErrorKindOf(code);
    EXPECT_EQ(kind.http_status, http_status) << base::StatusCodeName(code);
    EXPECT_EQ(kind.error_type, type) << base::StatusCodeName(code);
  };
  using base::StatusCode;
  expect(StatusCode::kInvalidArgument, 400, "bad_data");
  expect(StatusCode::kNotFound, 404, "not_found");
  expect(StatusCode::kConflict, 409, "conflict");
  expect(StatusCode::kLimitExceeded, 422, "execution");
  expect(StatusCode::kCancelled, 499, "canceled");
  expect(StatusCode::kDeadlineExceeded, 503, "timeout");
  expect(StatusCode::kExecution, 422, "execution");
  expect(StatusCode::kUnavailable, 503, "unavailable");
  expect(StatusCode::kOverloaded, 429, "unavailable");
  expect(StatusCode::kUnauthenticated, 401, "unauthorized");
  expect(StatusCode::kForbidden, 403, "forbidden");
  expect(StatusCode::kCorruption, 500, "internal");
  expect(StatusCode::kInternal, 500, "internal");
}

TEST(EnvelopeTest, WrapsDataAndErrors) {
  HttpResponse response;
  RespondData(response, [](JsonWriter& json) { json.BeginArray().EndArray(); });
  EXPECT_EQ(response.body, R"({"status":"success","data":[]})");
  RespondData(response, [](JsonWriter& json) { json.Integer(1); }, {{"w"}, {"i<j"}});
  EXPECT_EQ(response.body, R"({"status":"success","data":1,"warnings":["w"],"infos":["i\u003cj"]})");
  RespondError(response, base::InvalidArgument("1:5: parse error: \"x\""));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"status":"error","errorType":"bad_data","error":"1:5: parse error: \"x\""})");
}

TEST(EnvelopeTest, StreamsTheSameText) {
  HttpResponse response;
  RespondDataStreamed(response, [](JsonWriter& json) { json.Integer(1); }, {{"w"}, {}});
  std::string out;
  StringSink sink(out);
  response.stream(sink);
  EXPECT_EQ(out, R"({"status":"success","data":1,"warnings":["w"]})");
}

TEST(EnvelopeTest, ListsTenNoticesOfAKind) {
  std::vector<std::string> texts;
  for (int i = 0; i < 10; ++i) texts.push_back(std::to_string(i));
  EXPECT_EQ(FirstTen(texts, "warning"), texts);
  texts.push_back("10");
  texts.push_back("11");
  const auto first = FirstTen(texts, "info");
  ASSERT_EQ(first.size(), 11u);
  EXPECT_EQ(first.back(), "2 more info annotations omitted");
}

}  // namespace
}  // namespace bellwether::api
