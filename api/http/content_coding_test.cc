#include "api/http/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace bellwether::api {
namespace {

TEST(ContentCodingTest, ChoosesByWeightThenByPlace) {
  const auto check = [](std::string_view accept, ContentCoding coding) {
    EXPECT_EQ(ChooseCoding(accept), coding) << accept;
  };
  check("", ContentCoding::kIdentity);
  check("gzip", ContentCoding::kGzip);
  check("zstd, gzip", ContentCoding::kZstd);
  check("deflate, gzip", ContentCoding::kDeflate);
  check("gzip, zstd", ContentCoding::kGzip);
  check("br, GZIP;q=0.9 , zstd;q=0.8", ContentCoding::kGzip);
  check("gzip;q=0.5,zstd;q=0.75", ContentCoding::kZstd);
  check("gzip;q=0", ContentCoding::kIdentity);
  check("gzip;q=0.000, zstd;q=0.001", ContentCoding::kZstd);
  check("gzip; q=1.0", ContentCoding::kGzip);
  check("br", ContentCoding::kIdentity);
  check("*", ContentCoding::kGzip);
  check("*;q=0", ContentCoding::kIdentity);
  check("gzip;q=0, *", ContentCoding::kIdentity);
  check("identity, gzip;q=0.5", ContentCoding::kIdentity);
  check("identity;q=0.5, gzip", ContentCoding::kGzip);
  check("gzip;q=nonsense", ContentCoding::kIdentity);
  check(",,;q=1,gzip", ContentCoding::kGzip);
}

TEST(ContentCodingTest, KnowsWhatIsWorthCompressing) {
  for (const char* type : {"application/json", "text/plain; version=0.0.4", "text/html", "image/svg+xml"}) {
    EXPECT_TRUE(IsCompressible(type)) << type;
  }
  for (const char* type :
       {"image/png", "application/x-protobuf", "text/event-stream", "application/x-ndjson", "application/gzip", ""}) {
    EXPECT_FALSE(IsCompressible(type)) << type;
  }
}

std::string Inflated(const std::string& bytes, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 32);  // gzip or zlib, as its header says.
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return out;
}

std::string Unzstd(const std::string& bytes, std::size_t size) {
  std::string out(size + 1, '\0');
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  std::size_t left = 1;
  while (in.pos < in.size && ZSTD_isError(left) == 0) left = ZSTD_decompressStream(context, &to, &in);
  EXPECT_EQ(left, 0u);
  ZSTD_freeDCtx(context);
  out.resize(to.pos);
  return out;
}

TEST(ContentCodingTest, WritesWhatTheLibrariesRead) {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += "{\"value\":" + std::to_string(i * 7919 % 10'007) + "},";
  CompressorPool pool;
  // Twice: the second takes the encoder that the first gave back.
  for (int round = 0; round < 2; ++round) {
    for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kDeflate, ContentCoding::kZstd}) {
      for (const std::size_t step : {std::size_t{1000}, std::size_t{100'000}, text.size()}) {
        auto compressor = pool.Take(coding);
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += step) {
          ASSERT_TRUE(compressor->Append(std::string_view(text).substr(at, step), Compressor::Piece::kMore, out));
        }
        ASSERT_TRUE(compressor->Append({}, Compressor::Piece::kLast, out));
        pool.Return(coding, std::move(compressor));
        EXPECT_LT(out.size(), text.size() / 2);
        EXPECT_EQ(coding == ContentCoding::kZstd ? Unzstd(out, text.size()) : Inflated(out, text.size()), text);
      }
    }
  }
  EXPECT_EQ(pool.Take(ContentCoding::kIdentity), nullptr);
}

}  // namespace
}  // namespace bellwether::api
