// metric/anchored_regex.h
//
// A regular expression over names and values of labels, with what its groups found: RE2, anchored at both ends, the dot
// matches newline, Go's notation of named groups. Immutable, thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::metric {

class AnchoredRegex {
 public:
  // kInvalidArgument "error parsing regexp: ..." if `pattern` is none.
  static base::Result<AnchoredRegex> Make(std::string_view pattern);
  ~AnchoredRegex();
  AnchoredRegex(AnchoredRegex&&) noexcept;
  AnchoredRegex& operator=(AnchoredRegex&&) noexcept;

  [[nodiscard]] bool Matches(std::string_view text) const;

  // What the groups of one match found.
  class Match {
   public:
    // `text` with $1, ${1}, $name and ${name} replaced by what the groups found (nothing for a group that there is
    // not), and $$ by a dollar, as Go's Regexp.Expand does.
    [[nodiscard]] std::string Expand(std::string_view text) const;

   private:
    friend class AnchoredRegex;
    struct Groups;
    explicit Match(std::shared_ptr<const Groups> groups) : groups_(std::move(groups)) {}
    std::shared_ptr<const Groups> groups_;
  };
  // Nothing if `text` does not match. The match is good as long as the expression and `text`.
  [[nodiscard]] std::optional<Match> Find(std::string_view text) const;

 private:
  struct Parts;
  explicit AnchoredRegex(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

// `text` with a word in place of each reference to a group: to judge what does not depend on a match.
[[nodiscard]] std::string WithoutGroupReferences(std::string_view text);
[[nodiscard]] bool HasGroupReference(std::string_view text);

}  // namespace bellwether::metric
