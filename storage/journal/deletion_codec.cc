#include "storage/journal/deletion_codec.h"

#include "base/bytes.h"

namespace bellwether::storage {
namespace {

constexpr auto kLastOp = static_cast<std::uint8_t>(metric::MatchOp::kNotRegex);

base::Status MalformedDeletion(std::string_view what) {
  return base::Corruption("read a deletion: " + std::string(what));
}

base::Result<metric::Matcher> ReadMatcher(std::string_view& in) {
  if (in.empty() || static_cast<std::uint8_t>(in.front()) > kLastOp) return MalformedDeletion("no operator is there");
  const auto op = static_cast<metric::MatchOp>(in.front());
  in.remove_prefix(1);
  std::string_view name;
  std::string_view value;
  if (!base::ReadLengthPrefixed(in, name) || !base::ReadLengthPrefixed(in, value)) {
    return MalformedDeletion("a matcher is cut short");
  }
  auto matcher = metric::Matcher::Make(op, std::string(name), std::string(value));
  if (!matcher.ok()) return MalformedDeletion(matcher.status().message());
  return matcher;
}

}  // namespace

std::string EncodeDeletion(const chunk::TimeRange& range, SelectorSpan selectors) {
  std::string out;
  base::AppendVarint(out, base::ZigZag(range.min.ms));
  base::AppendVarint(out, base::ZigZag(range.max.ms));
  for (const std::vector<metric::Matcher>& matchers : selectors) {
    base::AppendVarint(out, matchers.size());
    for (const metric::Matcher& matcher : matchers) {
      out.push_back(static_cast<char>(matcher.op()));
      base::AppendLengthPrefixed(out, matcher.name());
      base::AppendLengthPrefixed(out, matcher.value());
    }
  }
  return out;
}

base::Result<Deletion> DecodeDeletion(std::string_view payload) {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  if (!base::ReadVarint(payload, min) || !base::ReadVarint(payload, max)) return MalformedDeletion("no range is there");
  Deletion deletion;
  deletion.range = {base::TimestampMs(base::UnZigZag(min)), base::TimestampMs(base::UnZigZag(max))};
  while (!payload.empty()) {
    std::uint64_t count = 0;
    if (!base::ReadVarint(payload, count)) return MalformedDeletion("no number of matchers is there");
    std::vector<metric::Matcher>& matchers = deletion.selectors.emplace_back();
    for (; count > 0; --count) {
      BW_ASSIGN_OR_RETURN(metric::Matcher matcher, ReadMatcher(payload));
      matchers.push_back(std::move(matcher));
    }
  }
  return deletion;
}

}  // namespace bellwether::storage
