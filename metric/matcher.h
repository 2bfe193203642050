// metric/matcher.h
//
// One label test: name, operator, value. Regular expressions are RE2's, anchored at both ends, the dot matches newline
// (^(?s:...)$). An absent label is the empty string to every matcher. Immutable, cheap to copy, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::metric {

enum class MatchOp : unsigned char { kEqual, kNotEqual, kRegex, kNotRegex };

// "=", "!=", "=~", "!~"
[[nodiscard]] std::string_view MatchOpText(MatchOp op);

class Matcher {
 public:
  // kInvalidArgument "error parsing regexp: ..." if `value` is to be a regular expression and is none.
  static base::Result<Matcher> Make(MatchOp op, std::string name, std::string value);
  static Matcher Equal(std::string name, std::string value);

  [[nodiscard]] MatchOp op() const { return op_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& value() const { return value_; }

  [[nodiscard]] bool Matches(std::string_view value) const;
  [[nodiscard]] bool MatchesEmpty() const { return matches_empty_; }

  // name="value", the name quoted when it is not legacy-valid.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.op_ == b.op_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  struct Regex;
  Matcher(MatchOp op, std::string name, std::string value)
      : op_(op), name_(std::move(name)), value_(std::move(value)) {}

  MatchOp op_ = MatchOp::kEqual;
  bool matches_empty_ = false;
  std::string name_;
  std::string value_;
  std::shared_ptr<const Regex> regex_;
};

// Makes Go's regular expressions RE2's: (?<name>...) becomes (?P<name>...). Literals and classes are left alone.
[[nodiscard]] std::string ToRe2Syntax(std::string_view pattern);

}  // namespace bellwether::metric
