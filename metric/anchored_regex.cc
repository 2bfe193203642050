#include "metric/anchored_regex.h"

#include <charconv>
#include <vector>

#include <re2/re2.h>

#include "metric/matcher.h"

namespace bellwether::metric {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name after a '$', taken off the front of `rest`; empty if there is no well-formed one.
std::string_view TakeGroupName(std::string_view& rest) {
  const bool braced = rest.starts_with('{');
  std::string_view in = rest.substr(braced ? 1 : 0);
  std::size_t n = 0;
  while (n < in.size() && IsWordByte(in[n])) ++n;
  if (n == 0 || (braced && (n == in.size() || in[n] != '}'))) return {};
  rest = in.substr(n + (braced ? 1 : 0));
  return in.substr(0, n);
}

// `text` with each reference replaced by what `group` says of its number or name.
template <typename GroupFunction>
std::string ExpandReferences(std::string_view text, const GroupFunction& group) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::string_view name = TakeGroupName(text);
    if (name.empty()) {
      out += '$';
    } else {
      out += group(name);
    }
  }
  return out;
}

re2::StringPiece PieceOf(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options AnchoredOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  return options;
}

}  // namespace

struct AnchoredRegex::Parts {
  explicit Parts(std::string_view pattern) : re(ToRe2Syntax(pattern), AnchoredOptions()) {}
  const re2::RE2 re;
};

struct AnchoredRegex::Match::Groups {
  explicit Groups(const re2::RE2& regex)
      : re(regex), texts(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1) {}

  [[nodiscard]] std::string_view Text(std::string_view name) const {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error != std::errc() || end != name.data() + name.size()) {
      const auto it = re.NamedCapturingGroups().find(std::string(name));
      if (it == re.NamedCapturingGroups().end()) return {};
      index = static_cast<std::size_t>(it->second);
    }
    if (index >= texts.size()) return {};
    return {texts[index].data(), texts[index].size()};
  }

  const re2::RE2& re;
  std::vector<re2::StringPiece> texts;
};

AnchoredRegex::AnchoredRegex(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
AnchoredRegex::~AnchoredRegex() = default;
AnchoredRegex::AnchoredRegex(AnchoredRegex&&) noexcept = default;
AnchoredRegex& AnchoredRegex::operator=(AnchoredRegex&&) noexcept = default;

base::Result<AnchoredRegex> AnchoredRegex::Make(std::string_view pattern) {
  auto parts = std::make_unique<const Parts>(pattern);
  if (!parts->re.ok()) return base::InvalidArgument("error parsing regexp: " + parts->re.error());
  return AnchoredRegex(std::move(parts));
}

bool AnchoredRegex::Matches(std::string_view text) const { return re2::RE2::FullMatch(PieceOf(text), parts_->re); }

std::optional<AnchoredRegex::Match> AnchoredRegex::Find(std::string_view text) const {
  auto groups = std::make_shared<Match::Groups>(parts_->re);
  if (!parts_->re.Match(PieceOf(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, groups->texts.data(),
                        static_cast<int>(groups->texts.size()))) {
    return std::nullopt;
  }
  return Match(std::move(groups));
}

std::string AnchoredRegex::Match::Expand(std::string_view text) const {
  return ExpandReferences(text, [&](std::string_view name) { return groups_->Text(name); });
}

std::string WithoutGroupReferences(std::string_view text) {
  return ExpandReferences(text, [](std::string_view) { return "x"; });
}

bool HasGroupReference(std::string_view text) {
  bool found = false;
  static_cast<void>(ExpandReferences(text, [&](std::string_view) {
    found = true;
    return "";
  }));
  return found;
}

}  // namespace bellwether::metric
