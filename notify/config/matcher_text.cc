#include "notify/config/matcher_text.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/quote.h"
#include "template/literal.h"

namespace bellwether::notify {
namespace {

using metric::Matcher;
using metric::MatchOp;

bool IsMatcherSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
bool IsReserved(char c) {
  return IsMatcherSpace(c) || std::string_view("{}!=~,\\\"'`").find(c) != std::string_view::npos;
}

struct MatcherParts {
  std::string name;
  MatchOp op = MatchOp::kEqual;
  std::string value;
  friend bool operator==(const MatcherParts&, const MatcherParts&) = default;
};
using PartsList = std::vector<MatcherParts>;

base::Status BadMatcher(std::string_view text, std::string_view why) {
  return base::InvalidArgument(fmt::format("bad matcher format: {}: {}", text, why));
}

std::optional<MatchOp> TakeOperator(std::string_view& in) {
  for (const MatchOp op : {MatchOp::kRegex, MatchOp::kNotRegex, MatchOp::kNotEqual, MatchOp::kEqual}) {
    const std::string_view text = metric::MatchOpText(op);
    if (!in.starts_with(text)) continue;
    in.remove_prefix(text.size());
    return op;
  }
  return std::nullopt;
}

void TrimLeft(std::string_view& in) {
  while (!in.empty() && IsMatcherSpace(in[0])) in.remove_prefix(1);
}
void TrimRight(std::string_view& in) {
  while (!in.empty() && IsMatcherSpace(in.back())) in.remove_suffix(1);
}

// A quoted or a bare word.
std::optional<std::string> TakeWord(std::string_view& in) {
  TrimLeft(in);
  if (in.starts_with('"')) {
    std::size_t end = 1;
    while (end < in.size() && in[end] != '"') end += in[end] == '\\' ? 2 : 1;
    if (end >= in.size()) return std::nullopt;
    auto text = templating::Unquote(in.substr(0, end + 1));
    in.remove_prefix(end + 1);
    return text;
  }
  std::size_t end = 0;
  while (end < in.size() && !IsReserved(in[end])) ++end;
  if (end == 0) return std::nullopt;
  std::string text(in.substr(0, end));
  in.remove_prefix(end);
  return text;
}

base::Result<PartsList> ParseUtf8(std::string_view text) {
  PartsList out;
  std::string_view in = text;
  TrimLeft(in);
  TrimRight(in);
  const bool open = in.starts_with('{');
  if (open) in.remove_prefix(1);
  TrimLeft(in);
  while (!in.empty() && in[0] != '}') {
    MatcherParts m;
    auto name = TakeWord(in);
    if (!name || name->empty()) return BadMatcher(text, "expected a label name");
    m.name = std::move(*name);
    TrimLeft(in);
    const auto op = TakeOperator(in);
    if (!op) return BadMatcher(text, "expected an operator such as '=', '!=', '=~' or '!~'");
    m.op = *op;
    auto value = TakeWord(in);
    if (!value) return BadMatcher(text, "expected label value");
    m.value = std::move(*value);
    out.push_back(std::move(m));
    TrimLeft(in);
    if (in.empty() || in[0] == '}') break;
    if (in[0] != ',') return BadMatcher(text, "expected a comma between matchers");
    in.remove_prefix(1);
    TrimLeft(in);
  }
  const bool close = in.starts_with('}');
  if (close) in.remove_prefix(1);
  if (open != close) return BadMatcher(text, open ? "expected close brace" : "expected opening brace");
  if (!in.empty()) return BadMatcher(text, "unexpected text behind the matchers");
  return out;
}

// The value of a classic matcher: \" \n \\ are escapes, other backslashes are not.
std::optional<std::string> ClassicValue(std::string_view in) {
  const bool quoted = in.size() > 1 && in.front() == '"';
  if (quoted) {
    if (in.back() != '"') return std::nullopt;
    in = in.substr(1, in.size() - 2);
  } else if (in == "\"") {
    return std::nullopt;
  }
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '"') return std::nullopt;
    if (in[i] != '\\' || i + 1 >= in.size()) {
      out.push_back(in[i]);
      continue;
    }
    const char next = in[++i];
    if (next == '"' || next == '\\') {
      out.push_back(next);
    } else if (next == 'n') {
      out.push_back('\n');
    } else {
      out.push_back('\\');
      out.push_back(next);
    }
  }
  return out;
}

base::Result<MatcherParts> ParseClassicOne(std::string_view text) {
  std::string_view in = text;
  TrimLeft(in);
  TrimRight(in);
  std::size_t end = 0;
  while (end < in.size() &&
         (std::isalnum(static_cast<unsigned char>(in[end])) != 0 || in[end] == '_' || in[end] == ':')) {
    ++end;
  }
  if (end == 0 || std::isdigit(static_cast<unsigned char>(in[0])) != 0)
    return BadMatcher(text, "expected a label name");
  MatcherParts m;
  m.name = std::string(in.substr(0, end));
  in.remove_prefix(end);
  TrimLeft(in);
  const auto op = TakeOperator(in);
  if (!op) return BadMatcher(text, "expected an operator");
  m.op = *op;
  TrimLeft(in);
  auto value = ClassicValue(in);
  if (!value) return BadMatcher(text, "matcher value contains unescaped double quote");
  m.value = std::move(*value);
  return m;
}

base::Result<PartsList> ParseClassic(std::string_view text) {
  std::string_view in = text;
  TrimLeft(in);
  TrimRight(in);
  if (in.starts_with('{')) in.remove_prefix(1);
  if (in.ends_with('}')) in.remove_suffix(1);
  PartsList out;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= in.size(); ++i) {
    if (i < in.size() && in[i] == '\\') {
      ++i;
      continue;
    }
    if (i < in.size() && in[i] == '"') quoted = !quoted;
    if (i < in.size() && (in[i] != ',' || quoted)) continue;
    std::string_view piece = in.substr(std::min(start, in.size()), i - start);
    start = i + 1;
    TrimLeft(piece);
    if (piece.empty() && i >= in.size()) break;
    BW_ASSIGN_OR_RETURN(MatcherParts m, ParseClassicOne(piece));
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace

base::Result<std::vector<Matcher>> ParseMatchers(std::string_view text, MatcherMode mode, std::string& warning) {
  warning.clear();
  const auto utf8 = ParseUtf8(text);
  const auto classic = ParseClassic(text);
  if (mode == MatcherMode::kUtf8 || !classic.ok()) BW_RETURN_IF_ERROR(utf8.status());
  if (mode == MatcherMode::kClassic) BW_RETURN_IF_ERROR(classic.status());
  const bool use_classic = mode == MatcherMode::kClassic ||
                           (mode == MatcherMode::kFallback && classic.ok() && (!utf8.ok() || !(*utf8 == *classic)));
  if (use_classic && mode == MatcherMode::kFallback) {
    warning = fmt::format("the matcher {} is read in the classic way; quote its value to be safe", base::Quote(text));
  }
  std::vector<Matcher> out;
  for (const MatcherParts& m : use_classic ? *classic : *utf8) {
    BW_ASSIGN_OR_RETURN(Matcher matcher, Matcher::Make(m.op, m.name, m.value));
    out.push_back(std::move(matcher));
  }
  return out;
}

base::Result<Matcher> ParseMatcher(std::string_view text) {
  std::string_view trimmed = text;
  TrimLeft(trimmed);
  TrimRight(trimmed);
  if (trimmed.starts_with('{') || trimmed.ends_with('}')) {
    return base::InvalidArgument(fmt::format("bad matcher format: {}: one matcher has no braces", text));
  }
  std::string warning;
  BW_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, ParseMatchers(text, MatcherMode::kFallback, warning));
  if (matchers.size() != 1) {
    return base::InvalidArgument(
        fmt::format("bad matcher format: {}: expected 1 matcher, got {}", text, matchers.size()));
  }
  return std::move(matchers.front());
}

std::string MatcherText(const Matcher& matcher) {
  const bool reserved = std::any_of(matcher.name().begin(), matcher.name().end(), IsReserved);
  if (reserved) {
    return fmt::format("{}{}{}", base::Quote(matcher.name()), metric::MatchOpText(matcher.op()),
                       base::Quote(matcher.value()));
  }
  std::string out = matcher.name();
  out += metric::MatchOpText(matcher.op());
  out.push_back('"');
  for (const char c : matcher.value()) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '"': out += "\\\""; break;
      default: out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string MatchersText(std::vector<Matcher> matchers) {
  const auto rank = [](MatchOp op) {
    switch (op) {
      case MatchOp::kEqual: return 0;
      case MatchOp::kNotEqual: return 1;
      case MatchOp::kRegex: return 2;
      case MatchOp::kNotRegex: return 3;
    }
    return 3;
  };
  std::sort(matchers.begin(), matchers.end(), [&](const Matcher& a, const Matcher& b) {
    return std::tuple(a.name(), a.value(), rank(a.op())) < std::tuple(b.name(), b.value(), rank(b.op()));
  });
  std::string out = "{";
  for (const Matcher& m : matchers) out += (out.size() > 1 ? "," : "") + MatcherText(m);
  return out + "}";
}

}  // namespace bellwether::notify
