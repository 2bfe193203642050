#include "metric/matcher.h"

#include <re2/re2.h>

#include "base/quote.h"
#include "metric/labels.h"

namespace bellwether::metric {

struct Matcher::Regex {
  explicit Regex(const std::string& pattern, const re2::RE2::Options& options) : re(pattern, options) {}
  re2::RE2 re;
};

std::string_view MatchOpText(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual: return "=";
    case MatchOp::kNotEqual: return "!=";
    case MatchOp::kRegex: return "=~";
    case MatchOp::kNotRegex: return "!~";
  }
  return "=";
}

std::string ToRe2Syntax(std::string_view pattern) {
  std::string out;
  out.reserve(pattern.size() + 8);
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    out.push_back(c);
    if (c == '\\' && i + 1 < pattern.size()) {
      out.push_back(pattern[++i]);
    } else if (in_class) {
      if (c == ']') in_class = false;
    } else if (c == '[') {
      in_class = true;
      // A ']' directly behind '[' or '[^' is a literal.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out.push_back(pattern[++i]);
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out.push_back(pattern[++i]);
    } else if (c == '(' && pattern.substr(i + 1, 2) == "?<" && pattern.substr(i + 3, 1) != "=" &&
               pattern.substr(i + 3, 1) != "!") {
      out += "?P<";
      i += 2;
    }
  }
  return out;
}

base::Result<Matcher> Matcher::Make(MatchOp op, std::string name, std::string value) {
  Matcher m(op, std::move(name), std::move(value));
  if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_encoding(re2::RE2::Options::EncodingUTF8);
    auto regex = std::make_shared<const Regex>(ToRe2Syntax(m.value_), options);
    if (!regex->re.ok()) {
      return base::InvalidArgument("error parsing regexp: " + regex->re.error());
    }
    m.regex_ = std::move(regex);
  }
  m.matches_empty_ = m.Matches("");
  return m;
}

Matcher Matcher::Equal(std::string name, std::string value) {
  Matcher m(MatchOp::kEqual, std::move(name), std::move(value));
  m.matches_empty_ = m.value_.empty();
  return m;
}

bool Matcher::Matches(std::string_view value) const {
  switch (op_) {
    case MatchOp::kEqual: return value == value_;
    case MatchOp::kNotEqual: return value != value_;
    case MatchOp::kRegex: return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), regex_->re);
    case MatchOp::kNotRegex: return !re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), regex_->re);
  }
  return false;
}

std::string Matcher::ToString() const {
  std::string out;
  if (IsLegacyLabelName(name_)) {
    out = name_;
  } else {
    base::AppendQuoted(out, name_);
  }
  out.append(MatchOpText(op_));
  base::AppendQuoted(out, value_);
  return out;
}

}  // namespace bellwether::metric
