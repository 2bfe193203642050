#include "promql/parser/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {
namespace {

using Kind = TokenKind;

constexpr std::array<std::pair<std::string_view, Kind>, 39> kLexerWords = {{
    {"and", Kind::kAnd},
    {"or", Kind::kOr},
    {"unless", Kind::kUnless},
    {"atan2", Kind::kAtan2},
    {"sum", Kind::kSum},
    {"avg", Kind::kAvg},
    {"count", Kind::kCount},
    {"min", Kind::kMin},
    {"max", Kind::kMax},
    {"group", Kind::kGroup},
    {"stddev", Kind::kStddev},
    {"stdvar", Kind::kStdvar},
    {"topk", Kind::kTopk},
    {"bottomk", Kind::kBottomk},
    {"count_values", Kind::kCountValues},
    {"quantile", Kind::kQuantile},
    {"limitk", Kind::kLimitk},
    {"limit_ratio", Kind::kLimitRatio},
    {"offset", Kind::kOffset},
    {"smoothed", Kind::kSmoothed},
    {"anchored", Kind::kAnchored},
    {"by", Kind::kBy},
    {"without", Kind::kWithout},
    {"on", Kind::kOn},
    {"ignoring", Kind::kIgnoring},
    {"group_left", Kind::kGroupLeft},
    {"group_right", Kind::kGroupRight},
    {"fill", Kind::kFill},
    {"fill_left", Kind::kFillLeft},
    {"fill_right", Kind::kFillRight},
    {"bool", Kind::kBool},
    {"start", Kind::kStart},
    {"end", Kind::kEndWord},
    {"step", Kind::kStep},
    {"range", Kind::kRange},
    {"max_of", Kind::kMaxOf},
    {"min_of", Kind::kMinOf},
    {"inf", Kind::kNumber},
    {"nan", Kind::kNumber},
}};

bool IsLexSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsLexDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLexAlpha(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsLexAlphaNumeric(char c) { return IsLexAlpha(c) || IsLexDigit(c); }
char LexLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool StartsDurationWord(char c) { return LexLower(c) == 's' || LexLower(c) == 'r' || LexLower(c) == 'm'; }

Kind KeywordKind(std::string_view word) {
  constexpr std::size_t kLongest = 12;
  if (word.size() > kLongest) return Kind::kIdentifier;
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), LexLower);
  const auto* const it =
      std::find_if(kLexerWords.begin(), kLexerWords.end(), [&](const auto& entry) { return entry.first == lower; });
  return it == kLexerWords.end() ? Kind::kIdentifier : it->second;
}

// A position in text that may run past its end, where it reads as no character at all.
class NumberScanner {
 public:
  NumberScanner(std::string_view text, std::size_t& pos) : text_(text), pos_(pos) {}

  [[nodiscard]] bool AtEnd() const { return pos_ >= text_.size(); }
  [[nodiscard]] bool Is(std::string_view set) const {
    return !AtEnd() && set.find(text_[pos_]) != std::string_view::npos;
  }
  bool Accept(std::string_view set) {
    if (!Is(set)) return false;
    ++pos_;
    return true;
  }
  void AcceptRun(std::string_view set) {
    while (Accept(set)) {
    }
  }
  [[nodiscard]] bool AlphaNumericAhead() const { return !AtEnd() && IsLexAlphaNumeric(text_[pos_]); }

 private:
  std::string_view text_;
  std::size_t& pos_;
};

constexpr std::string_view kDecimalDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

}  // namespace

bool ScanNumber(std::string_view text, std::size_t& pos, bool series_description) {
  NumberScanner in(text, pos);
  const std::size_t before = pos;
  std::string_view digits = kDecimalDigits;
  if (!series_description && in.Accept("0") && in.Accept("xX")) {
    in.Accept("_");
    digits = kHexDigits;
  }
  in.Accept(".");
  in.Accept(digits);
  bool got_dot = false;
  bool got_exponent = false;
  while (in.Is(digits) || in.Is("._eE")) {
    if (in.Is(".") && got_dot) {
      in.Accept(".");
      return false;
    }
    if (in.Is("eE") && got_exponent) {
      in.Accept("eE");
      return false;
    }
    if (in.Accept(".")) {
      got_dot = true;
      if (in.Accept("_.") || digits == kHexDigits) return false;
    } else if (in.Accept("eE")) {
      got_exponent = true;
      in.Accept("+-");
      if (in.Accept("._eE") || in.AtEnd()) return false;
    } else if (in.Accept("_")) {
      if (in.Accept("._eE") || in.AtEnd()) return false;
    } else {
      in.AcceptRun(digits);
    }
  }
  if (pos == before) return false;
  return (series_description && in.Is("x")) || !in.AlphaNumericAhead();
}

bool ScanDurationUnits(std::string_view text, std::size_t& pos) {
  NumberScanner in(text, pos);
  if (!in.Accept("smhdwy")) return false;
  in.Accept("s");
  while (in.Accept(kDecimalDigits)) {
    in.AcceptRun(kDecimalDigits);
    if (!in.Accept("smhdw")) return false;  // Years come first or not at all.
    in.Accept("s");
  }
  if (!in.AlphaNumericAhead()) return true;
  ++pos;
  return false;
}

std::string QuoteCharacter(std::uint32_t c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string utf8;
  base::AppendUtf8(utf8, c);
  if (c == 0xFFFD) return "'" + utf8 + "'";
  std::string quoted = base::Quote(utf8);
  quoted.front() = '\'';
  quoted.back() = '\'';
  return quoted;
}

std::string DescribeToken(const Token& token) {
  const auto shown = [&] {
    constexpr std::size_t kShownCharacters = 10;
    if (token.text.size() <= kShownCharacters) return base::Quote(token.text);
    std::string_view rest = token.text;
    for (std::size_t i = 0; i < kShownCharacters && !rest.empty(); ++i) base::NextCodePoint(rest);
    return base::Quote(token.text.substr(0, token.text.size() - rest.size())) + "...";
  };
  switch (token.kind) {
    case Kind::kError: return token.error;
    case Kind::kEnd: return "end of input";
    case Kind::kIdentifier: return "identifier " + base::Quote(token.text);
    case Kind::kMetricIdentifier: return "metric identifier " + base::Quote(token.text);
    case Kind::kString: return "string " + shown();
    case Kind::kNumber: return "number " + shown();
    case Kind::kDuration: return "duration " + shown();
    default: break;
  }
  if (IsKeywordToken(token.kind)) return fmt::format("<{}>", token.text);
  if (IsOperatorToken(token.kind)) return fmt::format("<op:{}>", token.text);
  if (IsAggregatorToken(token.kind)) return fmt::format("<aggr:{}>", token.text);
  return shown();
}

Token Lexer::Next() {
  if (done_) return last_;
  Token token;
  if (!brace_open_ && duration_mode_) {
    token = InsideDuration();
  } else {
    SkipSpaceAndComments();
    token = brace_open_ ? InsideBraces() : Statement();
  }
  if (token.kind == Kind::kError || token.kind == Kind::kEnd) {
    done_ = true;
    last_ = token;
  }
  return token;
}

Token Lexer::Emit(TokenKind kind) {
  Token token;
  token.kind = kind;
  token.start = static_cast<std::int32_t>(start_);
  token.text = input_.substr(start_, pos_ - start_);
  start_ = pos_;
  return token;
}

Token Lexer::Fail(std::string error) {
  Token token;
  token.kind = Kind::kError;
  token.start = static_cast<std::int32_t>(start_);
  token.text = input_.substr(start_, pos_ - start_);
  token.error = std::move(error);
  return token;
}

void Lexer::SkipSpaceAndComments() {
  while (!AtEnd()) {
    if (IsLexSpace(input_[pos_])) {
      ++pos_;
    } else if (input_[pos_] == '#') {
      while (!AtEnd() && input_[pos_] != '\n' && input_[pos_] != '\r') ++pos_;
    } else {
      break;
    }
  }
  start_ = pos_;
}

namespace {

// The character at `pos`, U+FFFD at the end as Go prints it.
std::uint32_t CharacterAt(std::string_view input, std::size_t pos) {
  if (pos >= input.size()) return 0xFFFD;
  std::string_view rest = input.substr(pos);
  return base::NextCodePoint(rest);
}

}  // namespace

Token Lexer::Statement() {
  if (AtEnd()) {
    if (paren_depth_ != 0) return Fail("unclosed left parenthesis");
    if (bracket_open_) return Fail("unclosed left bracket");
    return Emit(Kind::kEnd);
  }
  const std::size_t at = pos_;
  const char c = input_[pos_++];
  switch (c) {
    case ',': return Emit(Kind::kComma);
    case '*': return Emit(Kind::kMul);
    case '/': return Emit(Kind::kDiv);
    case '%': return Emit(Kind::kMod);
    case '+': return Emit(Kind::kAdd);
    case '-': return Emit(Kind::kSub);
    case '^': return Emit(Kind::kPow);
    case '@': return Emit(Kind::kAt);
    case '=':
    case '<':
    case '>': return Comparison(c);
    case '!': return Bang(false);
    case '"':
    case '\'': return QuotedString(c);
    case '`': return RawString();
    case '(': ++paren_depth_; return Emit(Kind::kLeftParen);
    case ')': {
      Token token = Emit(Kind::kRightParen);
      if (--paren_depth_ < 0) return Fail("unexpected right parenthesis ')'");
      return token;
    }
    case '{': brace_open_ = true; return Emit(Kind::kLeftBrace);
    case '[':
      if (bracket_open_) return Fail("unexpected left bracket '['");
      got_colon_ = false;
      bracket_open_ = true;
      duration_mode_ = true;
      return Emit(Kind::kLeftBracket);
    case ']':
      if (!bracket_open_) return Fail("unexpected right bracket ']'");
      bracket_open_ = false;
      return Emit(Kind::kRightBracket);
    default: break;
  }
  if (IsLexDigit(c) || (c == '.' && IsLexDigit(Peek()))) {
    pos_ = at;
    return NumberOrDuration();
  }
  if (IsLexAlpha(c) || c == ':') {
    pos_ = at;
    return bracket_open_ ? WordInBrackets() : Word();
  }
  return Fail("unexpected character: " + QuoteCharacter(CharacterAt(input_, at)));
}

Token Lexer::Comparison(char first) {
  const char second = Peek();
  const auto two = [this](Kind kind) {
    ++pos_;
    return Emit(kind);
  };
  if (first == '=') {
    if (second == '=') return two(Kind::kEqual);
    if (second == '~') return Fail("unexpected character after '=': '~'");
    return Emit(Kind::kAssign);
  }
  const bool less = first == '<';
  if (second == '=') return two(less ? Kind::kLessEqual : Kind::kGreaterEqual);
  if (second == '/') return two(less ? Kind::kTrimUpper : Kind::kTrimLower);
  return Emit(less ? Kind::kLess : Kind::kGreater);
}

Token Lexer::Bang(bool in_braces) {
  if (PeekIs('=')) {
    ++pos_;
    return Emit(Kind::kNotEqual);
  }
  if (in_braces && PeekIs('~')) {
    ++pos_;
    return Emit(Kind::kRegexNoMatch);
  }
  return Fail(fmt::format("unexpected character after '!'{}: {}", in_braces ? " inside braces" : "",
                          QuoteCharacter(CharacterAt(input_, pos_))));
}

Token Lexer::InsideBraces() {
  if (AtEnd()) return Fail("unexpected end of input inside braces");
  const std::size_t at = pos_;
  const char c = input_[pos_++];
  switch (c) {
    case ',': return Emit(Kind::kComma);
    case '"':
    case '\'': return QuotedString(c);
    case '`': return RawString();
    case '=':
      if (PeekIs('~')) {
        ++pos_;
        return Emit(Kind::kRegexMatch);
      }
      return Emit(Kind::kAssign);
    case '!': return Bang(true);
    case '{': return Fail("unexpected left brace '{'");
    case '}': brace_open_ = false; return Emit(Kind::kRightBrace);
    default: break;
  }
  if (IsLexAlpha(c)) {
    while (!AtEnd() && IsLexAlphaNumeric(input_[pos_])) ++pos_;
    return Emit(Kind::kIdentifier);
  }
  return Fail("unexpected character inside braces: " + QuoteCharacter(CharacterAt(input_, at)));
}

Token Lexer::InsideDuration() {
  while (!AtEnd() && IsLexSpace(input_[pos_])) ++pos_;
  start_ = pos_;
  if (AtEnd()) return Fail("unexpected end of input in duration expression");
  const std::size_t at = pos_;
  const char c = input_[pos_++];
  switch (c) {
    case ']':
      bracket_open_ = false;
      duration_mode_ = false;
      got_colon_ = false;
      return Emit(Kind::kRightBracket);
    case ':': {
      Token token = Emit(Kind::kColon);
      if (!got_duration_) return Fail("unexpected colon before duration in duration expression");
      if (got_colon_) return Fail("unexpected repeated colon in duration expression");
      got_colon_ = true;
      return token;
    }
    case '(': ++paren_depth_; return Emit(Kind::kLeftParen);
    case ')': {
      Token token = Emit(Kind::kRightParen);
      if (--paren_depth_ < 0) return Fail("unexpected right parenthesis ')'");
      return token;
    }
    case '+': return Emit(Kind::kAdd);
    case '-': return Emit(Kind::kSub);
    case '*': return Emit(Kind::kMul);
    case '/': return Emit(Kind::kDiv);
    case '%': return Emit(Kind::kMod);
    case '^': return Emit(Kind::kPow);
    case ',': return Emit(Kind::kComma);
    default: break;
  }
  TokenKind kind;
  if (StartsDurationWord(c) && ScanDurationWord(kind)) return Emit(kind);
  if (IsLexDigit(c) || (c == '.' && IsLexDigit(Peek()))) {
    pos_ = at;
    got_duration_ = true;
    duration_mode_ = false;
    return NumberOrDuration();
  }
  return Fail("unexpected character in duration expression: " + QuoteCharacter(CharacterAt(input_, at)));
}

// The first letter has been read.
bool Lexer::ScanDurationWord(TokenKind& kind) {
  while (!AtEnd() && IsLexAlpha(input_[pos_])) ++pos_;
  kind = KeywordKind(input_.substr(start_, pos_ - start_));
  return kind == Kind::kStep || kind == Kind::kRange || kind == Kind::kMaxOf || kind == Kind::kMinOf;
}

Token Lexer::WordInBrackets() {
  const char c = input_[pos_++];
  if (c == ':') {
    if (got_colon_) return Fail("unexpected colon ':'");
    got_colon_ = true;
    return Emit(Kind::kColon);
  }
  TokenKind kind;
  if (StartsDurationWord(c) && ScanDurationWord(kind)) return Emit(kind);
  return Fail(fmt::format("unexpected character: {}, expected ':'", QuoteCharacter(static_cast<unsigned char>(c))));
}

Token Lexer::Word() {
  while (!AtEnd() && (IsLexAlphaNumeric(input_[pos_]) || input_[pos_] == ':')) ++pos_;
  const std::string_view word = input_.substr(start_, pos_ - start_);
  const Kind kind = KeywordKind(word);
  const bool is_fill = kind == Kind::kFill || kind == Kind::kFillLeft || kind == Kind::kFillRight;
  if (is_fill && !FillFollowedByParen()) return Emit(Kind::kIdentifier);
  if (kind != Kind::kIdentifier) return Emit(kind);
  return Emit(word.find(':') == std::string_view::npos ? Kind::kIdentifier : Kind::kMetricIdentifier);
}

bool Lexer::FillFollowedByParen() const {
  std::size_t at = pos_;
  while (at < input_.size() && IsLexSpace(input_[at])) ++at;
  return at < input_.size() && input_[at] == '(';
}

Token Lexer::NumberOrDuration() {
  if (ScanNumber(input_, pos_, false)) return Emit(Kind::kNumber);
  if (ScanDurationUnits(input_, pos_)) return Emit(Kind::kDuration);
  return Fail("bad number or duration syntax: " + base::Quote(input_.substr(start_, pos_ - start_)));
}

Token Lexer::QuotedString(char quote) {
  while (true) {
    if (AtEnd() || input_[pos_] == '\n') return Fail("unterminated quoted string");
    if (input_[pos_] == quote) {
      ++pos_;
      return Emit(Kind::kString);
    }
    if (input_[pos_] == '\\') {
      ++pos_;
      std::string error;
      if (!Escape(quote, error)) return Fail(std::move(error));
      continue;
    }
    std::string_view rest = input_.substr(pos_);
    if (base::NextCodePoint(rest) == 0xFFFD) return Fail("invalid UTF-8 rune");
    pos_ = input_.size() - rest.size();
  }
}

Token Lexer::RawString() {
  while (true) {
    if (AtEnd()) return Fail("unterminated raw string");
    std::string_view rest = input_.substr(pos_);
    const std::uint32_t c = base::NextCodePoint(rest);
    pos_ = input_.size() - rest.size();
    if (c == 0xFFFD) return Fail("invalid UTF-8 rune");
    if (c == '`') return Emit(Kind::kString);
  }
}

bool Lexer::Escape(char quote, std::string& error) {
  const auto describe = [](std::uint32_t c) { return fmt::format("U+{:04X} {}", c, QuoteCharacter(c)); };
  if (AtEnd()) {
    error = "escape sequence not terminated";
    return false;
  }
  const char c = input_[pos_];
  if (c == quote || std::string_view("abfnrtv\\").find(c) != std::string_view::npos) {
    ++pos_;
    return true;
  }
  struct {
    int digits;
    std::uint32_t base;
    std::uint32_t max;
  } form{};
  if (c >= '0' && c <= '7') {
    form = {3, 8, 255};
  } else if (c == 'x') {
    form = {2, 16, 255};
  } else if (c == 'u') {
    form = {4, 16, 0x10FFFF};
  } else if (c == 'U') {
    form = {8, 16, 0x10FFFF};
  } else {
    error = "unknown escape sequence " + describe(CharacterAt(input_, pos_));
    return false;
  }
  if (form.base == 16) ++pos_;
  std::uint32_t value = 0;
  for (int i = 0; i < form.digits; ++i) {
    if (AtEnd()) {
      error = "escape sequence not terminated";
      return false;
    }
    const char d = LexLower(input_[pos_]);
    std::uint32_t digit = 16;
    if (IsLexDigit(d)) digit = static_cast<std::uint32_t>(d - '0');
    if (d >= 'a' && d <= 'f') digit = static_cast<std::uint32_t>(d - 'a' + 10);
    if (digit >= form.base) {
      error = fmt::format("illegal character {} in escape sequence", describe(CharacterAt(input_, pos_)));
      return false;
    }
    value = value * form.base + digit;
    ++pos_;
  }
  if (value > form.max || (value >= 0xD800 && value < 0xE000)) {
    error = "escape sequence is an invalid Unicode code point";
    return false;
  }
  return true;
}

}  // namespace bellwether::promql
