// ingest/wire/content_headers.h
//
// Which message a request carries, by its Content-Type and Content-Encoding. Optional white space around parameters is
// accepted as RFC 9110 has it.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::ingest {

enum class WriteProtocol { kV1, kUnsupported };

struct ContentVerdict {
  WriteProtocol protocol = WriteProtocol::kUnsupported;
  std::string error;  // For a 415, when unsupported.
};

[[nodiscard]] ContentVerdict JudgeContentHeaders(std::string_view content_type, std::string_view content_encoding);

}  // namespace bellwether::ingest
