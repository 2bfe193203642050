#include "template/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/utf8.h"

namespace bellwether::templating {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else",
                                          "end",   "if",    "range",    "template", "with"};

bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }

// Letters, digits and '_'; every code point outside ASCII counts as a letter, a little wider than Go.
bool IsWordCharacter(std::uint32_t c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c > 0x7F && c != 0xFFFD);
}

class LexRun {
 public:
  explicit LexRun(std::string_view text) : text_(text) {}

  std::vector<LexToken> Run() {
    while (!done_) {
      if (inside_) {
        InsideAction();
      } else {
        Text();
      }
    }
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view Rest() const { return text_.substr(pos_); }
  [[nodiscard]] bool HasLeftTrim(std::size_t at) const {
    return at + 1 < text_.size() && text_[at] == '-' && IsSpace(text_[at + 1]);
  }
  [[nodiscard]] bool HasRightTrim(std::size_t at) const {
    return at + 1 < text_.size() && IsSpace(text_[at]) && text_[at + 1] == '-';
  }

  // Makes a token of the text from start_ to pos_.
  void Emit(TokenKind kind) {
    tokens_.push_back({kind, start_, line_, std::string(text_.substr(start_, pos_ - start_))});
    Skip();
  }
  // Leaves out the text from start_ to pos_.
  void Skip() {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(pos_), '\n'));
    start_ = pos_;
  }
  void Fail(std::string complaint) {
    tokens_.push_back({TokenKind::kError, start_, line_, std::move(complaint)});
    done_ = true;
  }

  void Text() {
    const std::size_t open = text_.find("{{", pos_);
    if (open == std::string_view::npos) {
      pos_ = text_.size();
      if (pos_ > start_) Emit(TokenKind::kText);
      Emit(TokenKind::kEnd);
      done_ = true;
      return;
    }
    pos_ = open;
    if (HasLeftTrim(open + 2)) {
      while (pos_ > start_ && IsSpace(text_[pos_ - 1])) --pos_;
    }
    if (pos_ > start_) Emit(TokenKind::kText);
    pos_ = open;
    Skip();
    LeftDelim();
  }

  void LeftDelim() {
    const std::size_t marker = HasLeftTrim(pos_ + 2) ? 2 : 0;
    if (text_.substr(pos_ + 2 + marker).starts_with("/*")) {
      pos_ += 2 + marker;
      Skip();
      Comment();
      return;
    }
    pos_ += 2;
    Emit(TokenKind::kLeftDelim);
    pos_ += marker;
    Skip();
    inside_ = true;
    parens_ = 0;
  }

  void Comment() {
    const std::size_t close = text_.find("*/", pos_ + 2);
    if (close == std::string_view::npos) return Fail("unclosed comment");
    pos_ = close + 2;
    const bool trims = HasRightTrim(pos_) && text_.substr(pos_ + 2).starts_with("}}");
    if (!trims && !Rest().starts_with("}}")) return Fail("comment ends before closing delimiter");
    pos_ += trims ? 4 : 2;
    if (trims) TrimRight();
    Skip();
  }

  void TrimRight() {
    while (pos_ < text_.size() && IsSpace(text_[pos_])) ++pos_;
  }

  void RightDelim(bool trims) {
    if (trims) {
      pos_ += 2;
      Skip();
    }
    pos_ += 2;
    Emit(TokenKind::kRightDelim);
    if (trims) {
      TrimRight();
      Skip();
    }
    inside_ = false;
  }

  // Reads one token of an action.
  void InsideAction() {
    const bool trims = HasRightTrim(pos_) && text_.substr(pos_ + 2).starts_with("}}");
    if (trims || Rest().starts_with("}}")) {
      if (parens_ > 0) return Fail("unclosed left paren");
      return RightDelim(trims);
    }
    if (pos_ >= text_.size()) return Fail("unclosed action");
    const char c = text_[pos_];
    if (IsSpace(c)) return Space();
    switch (c) {
      case '=': return Single(TokenKind::kAssign);
      case '|': return Single(TokenKind::kPipe);
      case ':':
        if (!Rest().starts_with(":=")) return Fail("expected :=");
        ++pos_;
        return Single(TokenKind::kDeclare);
      case '"': return Quoted('"', TokenKind::kString, "unterminated quoted string");
      case '\'': return Quoted('\'', TokenKind::kCharConstant, "unterminated character constant");
      case '`': return RawQuoted();
      case '(': ++parens_; return Single(TokenKind::kLeftParen);
      case ')':
        if (--parens_ < 0) return Fail("unexpected right paren");
        return Single(TokenKind::kRightParen);
      case '$': return FieldOrVariable(TokenKind::kVariable, TokenKind::kVariable);
      default: break;
    }
    const bool dot_number = c == '.' && pos_ + 1 < text_.size() && text_[pos_ + 1] >= '0' && text_[pos_ + 1] <= '9';
    if (c == '.' && !dot_number) return FieldOrVariable(TokenKind::kField, TokenKind::kDot);
    if (dot_number || c == '+' || c == '-' || (c >= '0' && c <= '9')) return Number();
    std::string_view rest = Rest();
    const std::uint32_t code = base::NextCodePoint(rest);
    if (IsWordCharacter(code)) return Word();
    if (code > 0x20 && code < 0x7F) return Single(TokenKind::kOther);
    start_ = pos_;
    Fail(fmt::format("unrecognized character in action: {}", Describe(code)));
  }

  void Single(TokenKind kind) {
    ++pos_;
    Emit(kind);
  }

  void Space() {
    while (pos_ < text_.size() && IsSpace(text_[pos_])) {
      // The last space may belong to a closing trim marker.
      if (HasRightTrim(pos_) && text_.substr(pos_ + 2).starts_with("}}")) break;
      ++pos_;
    }
    Emit(TokenKind::kSpace);
  }

  void Quoted(char quote, TokenKind kind, const char* complaint) {
    ++pos_;
    while (pos_ < text_.size() && text_[pos_] != quote) {
      if (text_[pos_] == '\\') ++pos_;
      if (pos_ >= text_.size() || text_[pos_] == '\n') return Fail(complaint);
      ++pos_;
    }
    if (pos_ >= text_.size()) return Fail(complaint);
    ++pos_;
    Emit(kind);
  }

  void RawQuoted() {
    const std::size_t close = text_.find('`', pos_ + 1);
    if (close == std::string_view::npos) return Fail("unterminated raw quoted string");
    pos_ = close + 1;
    Emit(TokenKind::kRawString);
  }

  void TakeWord() {
    while (pos_ < text_.size()) {
      std::string_view rest = Rest();
      if (!IsWordCharacter(base::NextCodePoint(rest))) return;
      pos_ = text_.size() - rest.size();
    }
  }

  [[nodiscard]] bool AtTerminator() const {
    if (pos_ >= text_.size()) return true;
    return IsSpace(text_[pos_]) || std::string_view(".,|:)(").find(text_[pos_]) != std::string_view::npos ||
           Rest().starts_with("}}");
  }

  void FieldOrVariable(TokenKind kind, TokenKind alone) {
    ++pos_;
    if (AtTerminator()) return Emit(alone);
    TakeWord();
    if (!AtTerminator()) return BadCharacter();
    Emit(kind);
  }

  void Word() {
    TakeWord();
    if (!AtTerminator()) return BadCharacter();
    const std::string_view word = text_.substr(start_, pos_ - start_);
    if (word == "true" || word == "false") return Emit(TokenKind::kBool);
    if (word == "nil") return Emit(TokenKind::kNil);
    const bool keyword = std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
    Emit(keyword ? TokenKind::kKeyword : TokenKind::kIdentifier);
  }

  void BadCharacter() {
    std::string_view rest = Rest();
    Fail(fmt::format("bad character {}", Describe(base::NextCodePoint(rest))));
  }

  // Go's %#U: U+0040 '@'.
  static std::string Describe(std::uint32_t code) {
    std::string text;
    base::AppendUtf8(text, code);
    if (code < 0x20 || code == 0x7F) return fmt::format("U+{:04X}", code);
    return fmt::format("U+{:04X} '{}'", code, text);
  }

  void Accept(std::string_view any) {
    if (pos_ < text_.size() && any.find(text_[pos_]) != std::string_view::npos) ++pos_;
  }
  void AcceptRun(std::string_view any) {
    while (pos_ < text_.size() && any.find(text_[pos_]) != std::string_view::npos) ++pos_;
  }

  void Number() {
    Accept("+-");
    std::string_view digits = "0123456789_";
    if (Rest().starts_with("0x") || Rest().starts_with("0X")) digits = "0123456789abcdefABCDEF_";
    if (Rest().starts_with("0o") || Rest().starts_with("0O")) digits = "01234567_";
    if (Rest().starts_with("0b") || Rest().starts_with("0B")) digits = "01_";
    if (digits != "0123456789_") pos_ += 2;
    AcceptRun(digits);
    Accept(".");
    AcceptRun(digits);
    const std::string_view exponent = digits.size() == 11 ? "eE" : digits.size() == 23 ? "pP" : "";
    if (pos_ < text_.size() && exponent.find(text_[pos_]) != std::string_view::npos) {
      ++pos_;
      Accept("+-");
      AcceptRun("0123456789_");
    }
    std::string_view rest = Rest();
    const bool runs_on = !rest.empty() && IsWordCharacter(base::NextCodePoint(rest));
    if (runs_on) pos_ = text_.size() - rest.size();
    if (runs_on || (pos_ < text_.size() && (text_[pos_] == '+' || text_[pos_] == '-'))) {
      return Fail("bad number syntax: " + base::Quote(text_.substr(start_, pos_ - start_)));
    }
    Emit(TokenKind::kNumber);
  }

  std::string_view text_;
  std::size_t start_ = 0;
  std::size_t pos_ = 0;
  int line_ = 1;
  int parens_ = 0;
  bool inside_ = false;
  bool done_ = false;
  std::vector<LexToken> tokens_;
};

}  // namespace

std::string LexToken::ToString() const {
  if (kind == TokenKind::kEnd) return "EOF";
  if (kind == TokenKind::kError) return text;
  if (kind == TokenKind::kKeyword || kind == TokenKind::kNil || kind == TokenKind::kDot) return "<" + text + ">";
  if (text.size() > 10) {
    std::string_view rest = text;
    for (int i = 0; i < 10 && !rest.empty(); ++i) base::NextCodePoint(rest);
    return base::Quote(text.substr(0, text.size() - rest.size())) + "...";
  }
  return base::Quote(text);
}

std::vector<LexToken> Lex(std::string_view text) { return LexRun(text).Run(); }

}  // namespace bellwether::templating
