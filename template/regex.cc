#include "template/regex.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <re2/re2.h>

#include "base/utf8.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

re2::StringPiece PieceOf(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options QuietOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

base::Status BadPattern(const re2::RE2& re) { return base::InvalidArgument("error parsing regexp: " + re.error()); }

using Groups = std::vector<re2::StringPiece>;

std::string_view GroupText(const re2::RE2& re, const Groups& groups, std::string_view name) {
  int index = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) {
    const auto it = re.NamedCapturingGroups().find(std::string(name));
    if (it == re.NamedCapturingGroups().end()) return {};
    index = it->second;
  }
  if (index < 0 || static_cast<std::size_t>(index) >= groups.size()) return {};
  const re2::StringPiece& group = groups[static_cast<std::size_t>(index)];
  return {group.data(), group.size()};
}

bool IsGroupCharacter(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void Expand(const re2::RE2& re, const Groups& groups, std::string_view in, std::string& out) {
  while (!in.empty()) {
    const std::size_t dollar = std::min(in.find('$'), in.size());
    out.append(in.substr(0, dollar));
    in.remove_prefix(dollar);
    if (in.size() < 2) break;
    if (in[1] == '$') {
      out.push_back('$');
      in.remove_prefix(2);
      continue;
    }
    const bool braces = in[1] == '{';
    const std::size_t first = braces ? 2 : 1;
    std::size_t end = first;
    while (end < in.size() && IsGroupCharacter(in[end])) ++end;
    const bool malformed = end == first || (braces && (end >= in.size() || in[end] != '}'));
    if (malformed) {
      out.push_back('$');
      in.remove_prefix(1);
      continue;
    }
    out.append(GroupText(re, groups, in.substr(first, end - first)));
    in.remove_prefix(end + (braces ? 1 : 0));
  }
  out.append(in);
}

}  // namespace

base::Result<bool> MatchRegex(std::string_view pattern, std::string_view text) {
  const re2::RE2 re(PieceOf(pattern), QuietOptions());
  if (!re.ok()) return BadPattern(re);
  return re2::RE2::PartialMatch(PieceOf(text), re);
}

base::Result<std::string> ReplaceRegex(std::string_view pattern, std::string_view replacement, std::string_view text) {
  const re2::RE2 re(PieceOf(pattern), QuietOptions());
  if (!re.ok()) return BadPattern(re);
  Groups groups(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t search = 0;
  std::size_t last_end = 0;
  while (search <= text.size() && out.size() <= kTextBytesMax) {
    if (!re.Match(PieceOf(text), search, text.size(), re2::RE2::UNANCHORED, groups.data(),
                  static_cast<int>(groups.size()))) {
      break;
    }
    const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = start + groups[0].size();
    out.append(text.substr(last_end, start - last_end));
    // An empty match right behind another match is none.
    if (end > last_end || start == 0) Expand(re, groups, replacement, out);
    last_end = end;
    std::string_view rest = text.substr(search);
    if (!rest.empty()) base::NextCodePoint(rest);
    const std::size_t one_further = std::max(text.size() - rest.size(), search + 1);
    search = std::max(end, one_further);
    if (end >= one_further) search = end;
  }
  out.append(text.substr(std::min(last_end, text.size())));
  return out;
}

}  // namespace bellwether::templating
