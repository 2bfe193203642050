#include "ingest/text/body_decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include <fmt/format.h>

#include "base/check.h"

namespace bellwether::ingest {
namespace {

constexpr std::size_t kDecodedPieceBytes = 256u << 10;
// A frame that wants a longer window than `zstd --long` makes is refused rather than given the memory.
constexpr int kZstdWindowLogMax = 27;

class PlainBody final : public BodyDecoder {
 public:
  base::Status Decode(std::string_view input, const Sink& sink) override { return sink(input); }
  base::Status Finish() override { return {}; }
};

class GzipBody final : public BodyDecoder {
 public:
  GzipBody() : out_(kDecodedPieceBytes, '\0') { BW_CHECK(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK); }
  ~GzipBody() override { inflateEnd(&stream_); }

  base::Status Decode(std::string_view input, const Sink& sink) override {
    while (!input.empty()) {
      if (member_ended_) {
        inflateReset(&stream_);
        member_ended_ = false;
      }
      const std::string_view part = input.substr(0, 1u << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        const int code = inflate(&stream_, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
          return base::InvalidArgument(
              fmt::format("decode gzip: {}", stream_.msg == nullptr ? "damaged input" : stream_.msg));
        }
        begun_ = true;
        member_ended_ = code == Z_STREAM_END;
        const std::size_t made = out_.size() - stream_.avail_out;
        if (made > 0) BW_RETURN_IF_ERROR(sink(std::string_view(out_.data(), made)));
      } while (!member_ended_ && (stream_.avail_in > 0 || stream_.avail_out == 0));
      input.remove_prefix(part.size() - stream_.avail_in);
    }
    return {};
  }
  base::Status Finish() override {
    if (!begun_ || member_ended_) return {};
    return base::InvalidArgument("decode gzip: the input ends in the middle");
  }

 private:
  z_stream stream_{};
  std::string out_;
  bool begun_ = false;
  bool member_ended_ = false;
};

class ZstdBody final : public BodyDecoder {
 public:
  ZstdBody() : context_(ZSTD_createDCtx()), out_(kDecodedPieceBytes, '\0') {
    BW_CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  ~ZstdBody() override { ZSTD_freeDCtx(context_); }

  base::Status Decode(std::string_view input, const Sink& sink) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    for (bool more = !input.empty(); more;) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left_ = ZSTD_decompressStream(context_, &out, &in);
      if (ZSTD_isError(left_) != 0) {
        return base::InvalidArgument(fmt::format("decode zstd: {}", ZSTD_getErrorName(left_)));
      }
      if (out.pos > 0) BW_RETURN_IF_ERROR(sink(std::string_view(out_.data(), out.pos)));
      more = in.pos < in.size || out.pos == out.size;
    }
    return {};
  }
  base::Status Finish() override {
    return left_ == 0 ? base::OkStatus() : base::InvalidArgument("decode zstd: the input ends in the middle");
  }

 private:
  ZSTD_DCtx* context_;
  std::string out_;
  std::size_t left_ = 0;  // Nothing: between frames.
};

}  // namespace

TextCoding CodingOfContent(std::string_view begin) {
  if (begin.starts_with("\x1f\x8b")) return TextCoding::kGzip;
  if (begin.starts_with("\x28\xb5\x2f\xfd")) return TextCoding::kZstd;
  return TextCoding::kIdentity;
}

std::unique_ptr<BodyDecoder> NewBodyDecoder(TextCoding coding) {
  switch (coding) {
    case TextCoding::kGzip: return std::make_unique<GzipBody>();
    case TextCoding::kZstd: return std::make_unique<ZstdBody>();
    case TextCoding::kIdentity: break;
  }
  return std::make_unique<PlainBody>();
}

}  // namespace bellwether::ingest
