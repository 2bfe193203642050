// ingest/text/body_decoder.h
//
// Compressed bodies and files, decoded piece by piece in bounded memory: gzip (several members too) and zstd (several
// frames too).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/status.h"

namespace bellwether::ingest {

enum class TextCoding : unsigned char { kIdentity, kGzip, kZstd };

// By the first bytes; at least four of them, or all there are.
[[nodiscard]] TextCoding CodingOfContent(std::string_view begin);

class BodyDecoder {
 public:
  using Sink = std::function<base::Status(std::string_view piece)>;

  virtual ~BodyDecoder() = default;
  // Hands on what `input` yields, in pieces of at most some hundred KiB. Errors: the sink's; kInvalidArgument for bytes
  // that were not made by this coding.
  virtual base::Status Decode(std::string_view input, const Sink& sink) = 0;
  // kInvalidArgument if the input was cut off.
  virtual base::Status Finish() = 0;
};

[[nodiscard]] std::unique_ptr<BodyDecoder> NewBodyDecoder(TextCoding coding);

}  // namespace bellwether::ingest
