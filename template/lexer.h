// template/lexer.h
//
// Template text as tokens. Text outside of {{ }} is one token, with the white space already gone that a trim marker
// takes away; comments leave nothing. A fault ends the stream with a kError token whose text is the complaint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether::templating {

enum class TokenKind : std::uint8_t {
  kError,
  kEnd,
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kString,
  kRawString,
  kCharConstant,
  kNumber,
  kBool,
  kNil,
  kDot,
  kField,
  kVariable,
  kIdentifier,
  kKeyword,
  kAssign,
  kDeclare,
  kPipe,
  kLeftParen,
  kRightParen,
  kOther
};

struct LexToken {
  TokenKind kind = TokenKind::kEnd;
  std::size_t position = 0;  // Byte in the text.
  int line = 1;
  std::string text;  // As written; of kError, the complaint.

  // How the parser's complaints show it: "<define>", "\"}}\"", "EOF".
  [[nodiscard]] std::string ToString() const;
};

// The last token is kEnd or kError.
[[nodiscard]] std::vector<LexToken> Lex(std::string_view text);

}  // namespace bellwether::templating
