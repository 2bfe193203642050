// server/commands/text_pieces.h
//
// Cuts a stream of text into pieces that can be imported each for itself: at ends of lines, and in OpenMetrics with the
// lines of the family that a piece begins in the middle of repeated in front (TYPE, UNIT, HELP, the last _created).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/text_import.h"

namespace bellwether::server {

struct TextPiece {
  std::string body;
  std::uint64_t first_line = 1;    // Of the text, where the piece's own lines begin.
  std::uint64_t header_lines = 0;  // Repeated ones in front of these.
  std::uint64_t end = 0;           // Offset in the text behind the piece.
  std::optional<ingest::TextFormat> format{};

  // Where line `line` of the body stands in the text.
  [[nodiscard]] std::uint64_t LineOfText(std::uint64_t line) const {
    return line > header_lines ? first_line + line - header_lines - 1 : first_line;
  }
};

class PieceCutter {
 public:
  // Without a format the lines say which it is.
  PieceCutter(std::optional<ingest::TextFormat> format, std::size_t piece_bytes)
      : format_(format), piece_bytes_(piece_bytes) {}

  void Add(std::string_view text) { text_.append(text); }
  // The next piece, if there is enough text for one; with kLast what is left.
  enum class More : unsigned char { kMayFollow, kLast };
  [[nodiscard]] std::optional<TextPiece> Next(More more);

  [[nodiscard]] bool seen_eof() const { return seen_eof_; }
  [[nodiscard]] std::optional<ingest::TextFormat> format() const { return format_; }

 private:
  [[nodiscard]] std::size_t CutAt() const;
  void RememberFamily(std::string_view piece);

  std::optional<ingest::TextFormat> format_;
  const std::size_t piece_bytes_;
  std::string text_;  // Not cut yet.
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
  std::string family_lines_;  // Of the family in which the next piece begins.
  std::string created_line_;
  bool seen_eof_ = false;
};

}  // namespace bellwether::server
