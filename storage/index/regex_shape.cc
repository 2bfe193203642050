#include "storage/index/regex_shape.h"

#include <algorithm>
#include <utility>

namespace bellwether::storage::index {
namespace {

constexpr std::size_t kLiteralsMax = 1024;

using Strings = std::vector<std::string>;

// Reads alternations, groups, concatenations and escaped punctuation; nothing else.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view pattern) : rest_(pattern) {}

  std::optional<Strings> ReadWhole() {
    auto all = ReadAlternation();
    if (!all || !rest_.empty()) return std::nullopt;
    std::sort(all->begin(), all->end());
    all->erase(std::unique(all->begin(), all->end()), all->end());
    return all;
  }

  // The literal at the front of a pattern without a top-level alternation; the reader does not look further.
  std::string ReadPrefix() {
    std::string prefix;
    std::size_t before_last = 0;
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '*' || c == '?' || c == '{') {
        prefix.resize(before_last);  // The last character may be absent.
        break;
      }
      before_last = prefix.size();
      if (!ReadLiteral(prefix)) break;
    }
    return prefix;
  }

 private:
  static bool IsQuantifier(char c) { return c == '*' || c == '+' || c == '?' || c == '{'; }

  std::optional<Strings> ReadAlternation() {
    Strings all;
    for (;;) {
      auto branch = ReadConcatenation();
      if (!branch || all.size() + branch->size() > kLiteralsMax) return std::nullopt;
      all.insert(all.end(), branch->begin(), branch->end());
      if (rest_.empty() || rest_[0] != '|') return all;
      rest_.remove_prefix(1);
    }
  }

  std::optional<Strings> ReadConcatenation() {
    Strings all{""};
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      if (rest_[0] == '(') {
        auto group = ReadGroup();
        if (!group || all.size() * group->size() > kLiteralsMax) return std::nullopt;
        all = Joined(all, *group);
      } else {
        std::string literal;
        if (!ReadLiteral(literal)) return std::nullopt;
        for (std::string& s : all) s += literal;
      }
      if (!rest_.empty() && IsQuantifier(rest_[0])) return std::nullopt;
    }
    return all;
  }

  std::optional<Strings> ReadGroup() {
    rest_.remove_prefix(1);
    if (rest_.starts_with("?:")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with("?")) {
      return std::nullopt;
    }
    auto all = ReadAlternation();
    if (!all || rest_.empty()) return std::nullopt;  // The character left is ')'.
    rest_.remove_prefix(1);
    return all;
  }

  static Strings Joined(const Strings& heads, const Strings& tails) {
    Strings all;
    for (const std::string& head : heads) {
      for (const std::string& tail : tails) all.push_back(head + tail);
    }
    return all;
  }

  // One character that stands for itself, or an escaped punctuation mark.
  bool ReadLiteral(std::string& out) {
    const char c = rest_[0];
    if (std::string_view("\\.+*?()|[]{}^$").find(c) == std::string_view::npos) {
      out.push_back(c);
      rest_.remove_prefix(1);
      // A multi-byte character is one to a quantifier behind it.
      while (!rest_.empty() && (static_cast<unsigned char>(rest_[0]) & 0xC0) == 0x80) {
        out.push_back(rest_[0]);
        rest_.remove_prefix(1);
      }
      return true;
    }
    if (c != '\\' || rest_.size() < 2) return false;
    const char escaped = rest_[1];
    const bool punctuation = escaped > ' ' && escaped < 0x7f && !IsAlphanumeric(escaped);
    if (!punctuation) return false;
    out.push_back(escaped);
    rest_.remove_prefix(2);
    return true;
  }

  static bool IsAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  std::string_view rest_;
};

// True if a '|' may stand outside groups; says so too often rather than too rarely.
bool MayAlternateOnTop(std::string_view pattern) {
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    switch (pattern[i]) {
      case '\\': ++i; break;
      case '[': return pattern.find('|', i) != std::string_view::npos;
      case '(': ++depth; break;
      case ')': --depth; break;
      case '|':
        if (depth <= 0) return true;
        break;
      default: break;
    }
  }
  return pattern.find("\\Q") != std::string_view::npos;
}

}  // namespace

RegexShape ReadRegexShape(std::string_view pattern) {
  RegexShape shape;
  shape.literals = LiteralReader(pattern).ReadWhole();
  if (!shape.literals && !MayAlternateOnTop(pattern)) shape.prefix = LiteralReader(pattern).ReadPrefix();
  return shape;
}

}  // namespace bellwether::storage::index
