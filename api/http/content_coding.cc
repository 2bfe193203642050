#include "api/http/content_coding.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "api/http/request_head.h"

namespace bellwether::api {
namespace {

constexpr std::size_t kCompressorsKept = 8;
constexpr std::size_t kCodingStepBytes = 64u << 10;

std::string_view CodingTrim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The weight of "gzip;q=0.8" in thousandths: 1000 without one, 0 for a malformed one.
int CodingWeight(std::string_view parameters) {
  parameters = CodingTrim(parameters);
  if (parameters.empty()) return 1000;
  if (parameters.size() < 3 || (parameters[0] != 'q' && parameters[0] != 'Q') || parameters[1] != '=') return 0;
  const std::string_view digits = parameters.substr(2);
  if (digits[0] != '0' && digits[0] != '1') return 0;
  int weight = (digits[0] - '0') * 1000;
  if (digits.size() == 1) return weight;
  if (digits[1] != '.' || digits.size() > 5) return 0;
  int unit = 100;
  for (const char c : digits.substr(2)) {
    if (c < '0' || c > '9') return 0;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, 1000);
}

// gzip, or zlib's format, which HTTP calls deflate.
class DeflateCompressor final : public Compressor {
 public:
  explicit DeflateCompressor(std::uint16_t container) : container_(container), tables_(ISAL_DEF_LVL1_DEFAULT) {
    Begin();
  }

  bool Append(std::string_view input, Piece piece, std::string& out) override {
    while (input.size() > kCodingStepBytes) {
      if (!Step(input.substr(0, kCodingStepBytes), Piece::kMore, out)) return false;
      input.remove_prefix(kCodingStepBytes);
    }
    if (!Step(input, piece, out)) return false;
    if (piece == Piece::kLast) Begin();
    return true;
  }

 private:
  void Begin() {
    isal_deflate_init(&stream_);
    stream_.gzip_flag = container_;
    stream_.level = 1;
    stream_.level_buf = tables_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(tables_.size());
  }

  bool Step(std::string_view input, Piece piece, std::string& out) {
    // The interface predates const; the library does not write to its input.
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<std::uint32_t>(input.size());
    stream_.end_of_stream = piece == Piece::kLast ? 1 : 0;
    do {
      const std::size_t before = out.size();
      out.resize(before + std::max<std::size_t>(input.size() / 2, 1024));
      stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data() + before);
      stream_.avail_out = static_cast<std::uint32_t>(out.size() - before);
      const int code = isal_deflate(&stream_);
      out.resize(out.size() - stream_.avail_out);
      if (code != COMP_OK) return false;
    } while (stream_.avail_out == 0);
    return true;
  }

  const std::uint16_t container_;  // IGZIP_GZIP or IGZIP_ZLIB.
  isal_zstream stream_;
  std::vector<std::uint8_t> tables_;
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) return;
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 1);
    // RFC 8878 readers in browsers need no more than 8 MiB; level 1 stays far below.
    ok_ = true;
  }
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  bool Append(std::string_view input, Piece piece, std::string& out) override {
    if (!ok_) return false;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    const ZSTD_EndDirective directive = piece == Piece::kLast ? ZSTD_e_end : ZSTD_e_continue;
    for (;;) {
      const std::size_t before = out.size();
      out.resize(before + std::max<std::size_t>((input.size() - in.pos) / 4, 1024));
      ZSTD_outBuffer chunk{out.data() + before, out.size() - before, 0};
      const std::size_t left = ZSTD_compressStream2(context_, &chunk, &in, directive);
      out.resize(before + chunk.pos);
      if (ZSTD_isError(left) != 0) return ok_ = false;
      if (piece == Piece::kLast ? left == 0 : in.pos == in.size) return true;
    }
  }

 private:
  ZSTD_CCtx* context_;
  bool ok_ = false;
};

}  // namespace

std::string_view ContentCodingName(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip: return "gzip";
    case ContentCoding::kDeflate: return "deflate";
    case ContentCoding::kZstd: return "zstd";
    case ContentCoding::kIdentity: break;
  }
  return {};
}

ContentCoding ChooseCoding(std::string_view accept_encoding) {
  ContentCoding best = ContentCoding::kIdentity;
  int best_weight = 0;
  int any_weight = 0;
  bool lists_gzip = false;
  while (!accept_encoding.empty()) {
    const std::size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view name = CodingTrim(item.substr(0, semicolon));
    const int weight = CodingWeight(item.substr(std::min(semicolon + 1, item.size())));
    std::pair<ContentCoding, bool> known{ContentCoding::kIdentity, EqualsIgnoreCase(name, "identity")};
    if (EqualsIgnoreCase(name, "gzip") || EqualsIgnoreCase(name, "x-gzip")) {
      known = {ContentCoding::kGzip, true};
      lists_gzip = true;
    } else if (EqualsIgnoreCase(name, "deflate")) {
      known = {ContentCoding::kDeflate, true};
    } else if (EqualsIgnoreCase(name, "zstd")) {
      known = {ContentCoding::kZstd, true};
    } else if (name == "*") {
      any_weight = weight;
    }
    if (known.second && weight > best_weight) {
      best = known.first;
      best_weight = weight;
    }
  }
  if (!lists_gzip && any_weight > best_weight) return ContentCoding::kGzip;
  return best;
}

bool IsCompressible(std::string_view content_type) {
  const auto has = [&](std::string_view part) { return content_type.find(part) != std::string_view::npos; };
  if (has("event-stream") || has("protobuf") || has("ndjson")) return false;
  return content_type.starts_with("text/") || has("json") || has("javascript") || has("xml") || has("yaml") ||
         has("openmetrics");
}

std::unique_ptr<Compressor> CompressorPool::Take(ContentCoding coding) {
  if (coding == ContentCoding::kIdentity) return nullptr;
  {
    const base::MutexLock lock(mu_);
    auto& free = free_[coding];
    if (!free.empty()) {
      auto compressor = std::move(free.back());
      free.pop_back();
      return compressor;
    }
  }
  if (coding == ContentCoding::kGzip) return std::make_unique<DeflateCompressor>(IGZIP_GZIP);
  if (coding == ContentCoding::kDeflate) return std::make_unique<DeflateCompressor>(IGZIP_ZLIB);
  return std::make_unique<ZstdCompressor>();
}

void CompressorPool::Return(ContentCoding coding, std::unique_ptr<Compressor> compressor) {
  if (compressor == nullptr) return;
  const base::MutexLock lock(mu_);
  auto& free = free_[coding];
  if (free.size() < kCompressorsKept) free.push_back(std::move(compressor));
}

}  // namespace bellwether::api
