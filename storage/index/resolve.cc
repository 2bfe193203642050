#include "storage/index/resolve.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "storage/index/regex_shape.h"

namespace bellwether::storage::index {
namespace {

using metric::Matcher;
using metric::MatchOp;

bool MatchesEverything(const Matcher& m) { return m.op() == MatchOp::kRegex && m.value() == ".*"; }

// The cheap ones first: the later ones find little left to do.
int Cost(const Matcher& m) {
  switch (m.op()) {
    case MatchOp::kEqual: return 0;
    case MatchOp::kNotEqual: return 2;
    case MatchOp::kRegex: return m.MatchesEmpty() ? 3 : 1;
    case MatchOp::kNotRegex: return m.MatchesEmpty() ? 3 : 1;
  }
  return 4;
}

// Series with a value (never empty) of the label for which the matcher says `answer`.
base::Status AddWithValue(const PostingSource& source, const Matcher& m, bool answer, IdSet& out) {
  const bool negated = m.op() == MatchOp::kNotEqual || m.op() == MatchOp::kNotRegex;
  const bool inside = negated != answer;  // The wanted values are those that the bare pattern matches.
  const auto wanted = [&](std::string_view value) { return m.Matches(value) == answer; };
  if (!inside) return source.AddMatching(m.name(), "", wanted, out);
  if (m.op() == MatchOp::kEqual || m.op() == MatchOp::kNotEqual) {
    return m.value().empty() ? base::OkStatus() : source.AddPostings(m.name(), m.value(), out);
  }
  const RegexShape shape = ReadRegexShape(m.value());
  if (!shape.literals) return source.AddMatching(m.name(), shape.prefix, wanted, out);
  for (const std::string& literal : *shape.literals) {
    if (!literal.empty()) BW_RETURN_IF_ERROR(source.AddPostings(m.name(), literal, out));
  }
  return {};
}

}  // namespace

base::Result<IdSet> Resolve(const PostingSource& source, std::span<const Matcher> matchers) {
  std::vector<const Matcher*> ordered;
  for (const Matcher& m : matchers) {
    if (!MatchesEverything(m)) ordered.push_back(&m);
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const Matcher* a, const Matcher* b) {
    return std::pair(a->MatchesEmpty(), Cost(*a)) < std::pair(b->MatchesEmpty(), Cost(*b));
  });
  std::optional<IdSet> result;
  for (const Matcher* m : ordered) {
    if (!result && m->MatchesEmpty()) {
      result.emplace();
      BW_RETURN_IF_ERROR(source.AddAll(*result));
    }
    if (result && result->empty()) break;
    IdSet found;
    // One that matches the empty string keeps what lacks the label, so it takes away what does not match.
    BW_RETURN_IF_ERROR(AddWithValue(source, *m, !m->MatchesEmpty(), found));
    if (!result) {
      result = std::move(found);
    } else if (m->MatchesEmpty()) {
      result->Subtract(found);
    } else {
      result->IntersectWith(found);
    }
  }
  if (!result) {
    result.emplace();
    BW_RETURN_IF_ERROR(source.AddAll(*result));
  }
  return std::move(*result);
}

}  // namespace bellwether::storage::index
