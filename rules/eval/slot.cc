#include "rules/eval/slot.h"

#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bellwether::rules {

base::DurationMs SlotOffset(std::string_view file, std::string_view group, base::DurationMs interval) {
  const std::size_t slash = file.find_last_of('/');
  std::string identity(slash == std::string_view::npos ? file : file.substr(slash + 1));
  identity += '\0';
  identity += group;
  const std::uint64_t hash = XXH3_64bits(identity.data(), identity.size());
  return base::DurationMs(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval.ms)));
}

base::TimestampMs SlotAtOrBefore(base::TimestampMs now, base::DurationMs interval, base::DurationMs offset) {
  std::int64_t into = (now.ms - offset.ms) % interval.ms;
  if (into < 0) into += interval.ms;
  return base::TimestampMs(now.ms - into);
}

base::TimestampMs SlotAfter(base::TimestampMs now, base::DurationMs interval, base::DurationMs offset) {
  return SlotAtOrBefore(now, interval, offset) + interval;
}

}  // namespace bellwether::rules
