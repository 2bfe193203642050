// api/http/content_coding.h
//
// Compression of responses: which coding a client wants, and encoders that work piece by piece.
//
// gzip or deflate (which is zlib's format) at level 1 and zstd at level 1: JSON of samples shrinks five- to tenfold
// already, and the higher levels cost more time than the network gives back. No Brotli: its readers behind proxies are
// broken often enough.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace bellwether::api {

enum class ContentCoding : std::uint8_t { kIdentity, kGzip, kDeflate, kZstd };

// The name in Content-Encoding; empty for kIdentity.
[[nodiscard]] std::string_view ContentCodingName(ContentCoding coding);

// The coding of greatest weight in an Accept-Encoding value, the first listed among equals. q=0 forbids one; "*" stands
// for gzip unless gzip is listed. kIdentity if nothing else is wanted, or if identity is listed with a greater weight.
[[nodiscard]] ContentCoding ChooseCoding(std::string_view accept_encoding);

// Text, JSON and the like; not images, archives, protobuf, nor a stream of events or lines that must not wait in an
// encoder.
[[nodiscard]] bool IsCompressible(std::string_view content_type);

// One encoder, used for one body at a time.
class Compressor {
 public:
  enum class Piece : std::uint8_t { kMore, kLast };
  virtual ~Compressor() = default;

  // Appends what `input` yields to `out`; everything that is left with kLast, after which the next body begins. False:
  // the encoder failed, and `out` is of no use.
  [[nodiscard]] virtual bool Append(std::string_view input, Piece piece, std::string& out) = 0;
};

// Encoders keep some hundred KiB each, so they are kept for the next response. Thread-safe.
class CompressorPool {
 public:
  // Null for kIdentity, and where there is no memory.
  [[nodiscard]] std::unique_ptr<Compressor> Take(ContentCoding coding);
  // Only one whose body ended; one that was given up in the middle is destroyed instead.
  void Return(ContentCoding coding, std::unique_ptr<Compressor> compressor);

 private:
  base::Mutex mu_;
  std::map<ContentCoding, std::vector<std::unique_ptr<Compressor>>> free_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::api
