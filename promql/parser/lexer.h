// promql/parser/lexer.h
//
// Query text to tokens, one at a time. What a word means depends on where it stands: inside {} every word is an
// identifier, inside [] only durations and their arithmetic are allowed, `fill` is a keyword only before a parenthesis.
// The lexer keeps that context itself, so that the parser can ask for tokens ahead.
//
// After an error or the end, Next returns the same token again.
//
// Source: Prometheus promql/parser/lex.go, whose error texts users search for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether::promql {

enum class TokenKind : std::uint8_t {
  kError,  // Token::error says why.
  kEnd,
  kIdentifier,
  kMetricIdentifier,  // With a colon.
  kString,            // With its quotes.
  kNumber,
  kDuration,
  // Punctuation.
  kComma,
  kColon,
  kAssign,  // ','  ':'  '='
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  // Operators, kFirstOperator..kLastOperator.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,
  kTrimLower,
  kRegexMatch,
  kRegexNoMatch,
  kAt,
  kAnd,
  kOr,
  kUnless,
  kAtan2,
  // Aggregators, in the order of AggregateOp.
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
  // Keywords.
  kBool,
  kBy,
  kGroupLeft,
  kGroupRight,
  kFill,
  kFillLeft,
  kFillRight,
  kIgnoring,
  kOffset,
  kSmoothed,
  kAnchored,
  kOn,
  kWithout,
  // Words that are functions in one place and part of the syntax in another.
  kStart,
  kEndWord,
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

[[nodiscard]] constexpr bool IsOperatorToken(TokenKind k) { return k >= TokenKind::kAdd && k <= TokenKind::kAtan2; }
[[nodiscard]] constexpr bool IsAggregatorToken(TokenKind k) {
  return k >= TokenKind::kSum && k <= TokenKind::kLimitRatio;
}
[[nodiscard]] constexpr bool IsKeywordToken(TokenKind k) { return k >= TokenKind::kBool && k <= TokenKind::kWithout; }

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::int32_t start = 0;  // Byte offset in the input.
  std::string_view text;   // Of the input; lives as long as it.
  std::string error;       // kError only.

  [[nodiscard]] std::int32_t end() const { return start + static_cast<std::int32_t>(text.size()); }
};

// How error messages name a token: `identifier "x"`, `<by>`, `<op:+>`, `"("`, `end of input`.
[[nodiscard]] std::string DescribeToken(const Token& token);

class Lexer {
 public:
  // `input` outlives the lexer and its tokens.
  explicit Lexer(std::string_view input) : input_(input) {}

  Token Next();

 private:
  Token Statement();
  Token InsideBraces();
  Token InsideDuration();

  Token Comparison(char first);
  Token Bang(bool in_braces);
  Token Word();
  Token WordInBrackets();
  Token NumberOrDuration();
  Token QuotedString(char quote);
  Token RawString();
  // True if the escape behind a backslash is good; otherwise `error` says why.
  bool Escape(char quote, std::string& error);
  bool FillFollowedByParen() const;
  bool ScanDurationWord(TokenKind& kind);
  void SkipSpaceAndComments();

  [[nodiscard]] bool AtEnd() const { return pos_ >= input_.size(); }
  [[nodiscard]] char Peek() const { return AtEnd() ? '\0' : input_[pos_]; }
  [[nodiscard]] bool PeekIs(char c) const { return !AtEnd() && input_[pos_] == c; }
  Token Emit(TokenKind kind);
  Token Fail(std::string error);

  std::string_view input_;
  std::size_t pos_ = 0;
  std::size_t start_ = 0;  // Of the token in hand.
  bool done_ = false;
  Token last_;  // What Next repeats once done.

  int paren_depth_ = 0;
  bool brace_open_ = false;
  bool bracket_open_ = false;
  bool duration_mode_ = false;  // Right behind '[', until the first number: stricter than the rest of the bracket.
  bool got_colon_ = false;      // In the open bracket.
  bool got_duration_ = false;
};

// Whether text[pos..] begins with a number; moves `pos` behind what was read in either case. In series descriptions
// there are no hexadecimal numbers and an 'x' may follow ("1x5").
[[nodiscard]] bool ScanNumber(std::string_view text, std::size_t& pos, bool series_description);
// The unit part of a duration whose first digits have been read ("m30s" of "1m30s"); the character behind it included
// if it is one that must not follow.
[[nodiscard]] bool ScanDurationUnits(std::string_view text, std::size_t& pos);

// Go's %q of one character: '~', '\n'.
[[nodiscard]] std::string QuoteCharacter(std::uint32_t code_point);

}  // namespace bellwether::promql
