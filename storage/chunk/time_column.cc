#include "storage/chunk/time_column.h"

#include <algorithm>

#include "base/bytes.h"

namespace bellwether::storage::chunk {
namespace {

using base::TimestampMs;

enum TimeEncoding : char { kRegularTimes = 0, kIrregularTimes = 1 };

// Times are any 64 bits, so arithmetic on them wraps.
std::uint64_t TimeBits(TimestampMs t) { return static_cast<std::uint64_t>(t.ms); }
std::uint64_t ZigZagBits(std::uint64_t v) { return base::ZigZag(static_cast<std::int64_t>(v)); }
std::uint64_t UnZigZagBits(std::uint64_t v) { return static_cast<std::uint64_t>(base::UnZigZag(v)); }

bool IsRegular(std::span<const TimestampMs> times) {
  const std::uint64_t interval = TimeBits(times[1]) - TimeBits(times[0]);
  for (std::size_t i = 2; i < times.size(); ++i) {
    if (TimeBits(times[i]) - TimeBits(times[i - 1]) != interval) return false;
  }
  return true;
}

}  // namespace

void AppendTimes(std::span<const TimestampMs> times, std::string& out) {
  const bool regular = times.size() < 2 || IsRegular(times);
  out.push_back(regular ? kRegularTimes : kIrregularTimes);
  base::AppendVarint(out, ZigZagBits(TimeBits(times[0])));
  if (times.size() < 2) return;
  std::uint64_t interval = TimeBits(times[1]) - TimeBits(times[0]);
  base::AppendVarint(out, interval);
  if (regular) return;
  for (std::size_t i = 2; i < times.size(); ++i) {
    const std::uint64_t next = TimeBits(times[i]) - TimeBits(times[i - 1]);
    base::AppendVarint(out, ZigZagBits(next - interval));
    interval = next;
  }
}

std::optional<TimeRange> RangeOfRegularTimes(std::string_view in, std::size_t count) {
  if (in.empty() || in[0] != kRegularTimes) return std::nullopt;
  in.remove_prefix(1);
  std::uint64_t first = 0;
  std::uint64_t interval = 0;
  if (!base::ReadVarint(in, first) || (count > 1 && !base::ReadVarint(in, interval))) return std::nullopt;
  const TimestampMs min(static_cast<std::int64_t>(UnZigZagBits(first)));
  std::int64_t max = 0;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(count - 1), interval, &max) ||
      __builtin_add_overflow(min.ms, max, &max)) {
    return std::nullopt;
  }
  return TimeRange{min, TimestampMs(max)};
}

bool ReadTimes(std::string_view& in, std::size_t count, std::vector<TimestampMs>& times) {
  if (in.empty() || count == 0) return false;
  const char encoding = in[0];
  in.remove_prefix(1);
  std::uint64_t first = 0;
  std::uint64_t interval = 0;
  if (!base::ReadVarint(in, first) || (count > 1 && !base::ReadVarint(in, interval))) return false;
  TimestampMs t(static_cast<std::int64_t>(UnZigZagBits(first)));
  const std::size_t before = times.size();
  times.resize(before + count);
  TimestampMs* const read = times.data() + before;
  read[0] = t;
  if (encoding == kRegularTimes) {
    // The longest interval with which the last sample is not behind the end of time.
    const std::uint64_t longest = (TimeBits(TimestampMs::Max()) - TimeBits(t)) / std::max<std::size_t>(count - 1, 1);
    if (count > 1 && (interval == 0 || interval > longest)) return false;
    for (std::size_t i = 1; i < count; ++i) read[i].ms = static_cast<std::int64_t>(TimeBits(t) + i * interval);
    return true;
  }
  for (std::size_t i = 1; i < count; ++i) {
    std::uint64_t change = 0;
    if (i > 1 && !base::ReadVarint(in, change)) return false;
    interval += UnZigZagBits(change);
    const TimestampMs next(static_cast<std::int64_t>(TimeBits(t) + interval));
    if (next <= t) return false;
    read[i] = next;
    t = next;
  }
  return encoding == kIrregularTimes;
}

void AppendStarts(std::span<const TimestampMs> starts, std::string& out) {
  const bool any = std::any_of(starts.begin(), starts.end(), [](TimestampMs t) { return t.ms != 0; });
  out.push_back(any ? 1 : 0);
  if (!any) return;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < starts.size();) {
    std::size_t run = i + 1;
    while (run < starts.size() && starts[run] == starts[i]) ++run;
    base::AppendVarint(out, run - i);
    base::AppendVarint(out, ZigZagBits(TimeBits(starts[i]) - before));
    before = TimeBits(starts[i]);
    i = run;
  }
}

bool ReadStarts(std::string_view& in, std::size_t count, std::vector<TimestampMs>& starts) {
  if (in.empty() || (in[0] != 0 && in[0] != 1)) return false;
  const bool any = in[0] == 1;
  in.remove_prefix(1);
  if (!any) return true;
  std::uint64_t start = 0;
  for (std::size_t read = 0; read < count;) {
    std::uint64_t run = 0;
    std::uint64_t change = 0;
    if (!base::ReadVarint(in, run) || !base::ReadVarint(in, change)) return false;
    if (run == 0 || run > count - read) return false;
    start += UnZigZagBits(change);
    starts.insert(starts.end(), static_cast<std::size_t>(run), TimestampMs(static_cast<std::int64_t>(start)));
    read += static_cast<std::size_t>(run);
  }
  return true;
}

}  // namespace bellwether::storage::chunk
