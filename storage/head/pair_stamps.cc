#include "storage/head/pair_stamps.h"

#include <algorithm>
#include <functional>

namespace bellwether::storage::head {
namespace {

std::uint32_t CounterOf(std::string_view name, std::string_view value, std::size_t counters) {
  const std::hash<std::string_view> hash;
  return static_cast<std::uint32_t>((hash(name) * 31 + hash(value)) % counters);
}

}  // namespace

void PairStamps::Move(const metric::Labels& series) {
  for (const metric::LabelView& pair : series) ++counters_[CounterOf(pair.name, pair.value, kCounters)];
  ++counters_[kCounters];
}

PairStamps::Seen PairStamps::Look(std::span<const metric::Matcher> matchers) const {
  Seen seen;
  const auto look = [&](std::uint32_t counter) { seen.emplace_back(counter, counters_[counter].load()); };
  for (const metric::Matcher& matcher : matchers) {
    if (matcher.op() != metric::MatchOp::kEqual || matcher.MatchesEmpty()) continue;
    look(CounterOf(matcher.name(), matcher.value(), kCounters));
  }
  look(static_cast<std::uint32_t>(kCounters));
  return seen;
}

bool PairStamps::StandStill(const Seen& seen) const {
  return std::any_of(seen.begin(), seen.end(),
                     [&](const auto& entry) { return counters_[entry.first].load() == entry.second; });
}

}  // namespace bellwether::storage::head
