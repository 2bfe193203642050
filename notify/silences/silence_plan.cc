#include "notify/silences/silence_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/utf8.h"

namespace bellwether::notify {
namespace {

constexpr std::uint64_t kSilenceVersion = 1;

// `floor` would do for times before 1970 too; nobody silences those.
std::int64_t SecondOf(base::TimestampMs t) { return t.ms / 1000; }

bool CanChangeInPlace(const Silence& before, const Silence& posted, base::TimestampMs now) {
  if (before.matchers != posted.matchers) return false;
  switch (StateOf(before, now)) {
    case SilenceState::kActive:
      return SecondOf(before.starts_at) == SecondOf(posted.starts_at) && posted.ends_at >= now;
    case SilenceState::kPending: return posted.starts_at >= now;
    case SilenceState::kExpired: return false;
  }
  return false;
}

base::Status InvalidSilence(std::string_view why) {
  return base::InvalidArgument(fmt::format("invalid silence: {}", why));
}

bool ReadMoment(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  t = base::TimestampMs(base::UnZigZag(v));
  return true;
}

bool ReadWord(std::string_view& in, std::string& out) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  out = std::string(bytes);
  return true;
}

bool ReadSilenceMatchers(std::string_view& in, std::vector<metric::Matcher>& out) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count)) return false;
  for (; count > 0; --count) {
    std::uint64_t op = 0;
    std::string name, value;
    if (!base::ReadVarint(in, op) || op > 3 || !ReadWord(in, name) || !ReadWord(in, value)) return false;
    auto matcher = metric::Matcher::Make(static_cast<metric::MatchOp>(op), std::move(name), std::move(value));
    if (!matcher.ok()) return false;
    out.push_back(*std::move(matcher));
  }
  return true;
}

}  // namespace

SilenceState StateOf(const Silence& silence, base::TimestampMs now) {
  if (now < silence.starts_at) return SilenceState::kPending;
  return now >= silence.ends_at ? SilenceState::kExpired : SilenceState::kActive;
}

std::string_view SilenceStateText(SilenceState state) {
  switch (state) {
    case SilenceState::kPending: return "pending";
    case SilenceState::kActive: return "active";
    case SilenceState::kExpired: break;
  }
  return "expired";
}

base::Status CheckSilence(const Silence& silence) {
  if (silence.matchers.empty()) return InvalidSilence("at least one matcher required");
  for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
    const metric::Matcher& matcher = silence.matchers[i];
    if (matcher.name().empty() || !base::IsValidUtf8(matcher.name())) {
      return InvalidSilence(fmt::format("invalid label matcher {}: invalid label name \"{}\"", i, matcher.name()));
    }
    if (!base::IsValidUtf8(matcher.value())) {
      return InvalidSilence(fmt::format("invalid label matcher {}: invalid label value \"{}\"", i, matcher.value()));
    }
  }
  if (std::all_of(silence.matchers.begin(), silence.matchers.end(),
                  [](const metric::Matcher& m) { return m.MatchesEmpty(); })) {
    return InvalidSilence("at least one matcher must not match the empty string");
  }
  if (silence.starts_at.ms == 0) return InvalidSilence("invalid zero start timestamp");
  if (silence.ends_at.ms == 0) return InvalidSilence("invalid zero end timestamp");
  if (silence.ends_at < silence.starts_at) return InvalidSilence("end time must not be before start time");
  return base::OkStatus();
}

std::optional<Silence> EndSilence(const Silence& silence, base::TimestampMs now) {
  const SilenceState state = StateOf(silence, now);
  if (state == SilenceState::kExpired) return std::nullopt;
  Silence ended = silence;
  if (state == SilenceState::kPending) ended.starts_at = now;
  ended.ends_at = now;
  ended.updated_at = now;
  return ended;
}

std::vector<Silence> PlanSilence(const Silence* before, Silence posted, base::TimestampMs now,
                                 const std::string& new_id) {
  std::vector<Silence> out;
  if (before != nullptr && CanChangeInPlace(*before, posted, now)) {
    posted.id = before->id;
  } else {
    if (before != nullptr) {
      if (auto ended = EndSilence(*before, now)) out.push_back(*std::move(ended));
    }
    posted.id = new_id;
    posted.starts_at = std::max(posted.starts_at, now);
  }
  posted.updated_at = now;
  out.push_back(std::move(posted));
  return out;
}

void EncodeSilence(const Silence& silence, std::string& out) {
  base::AppendVarint(out, kSilenceVersion);
  base::AppendVarint(out, silence.matchers.size());
  for (const metric::Matcher& m : silence.matchers) {
    base::AppendVarint(out, static_cast<std::uint64_t>(m.op()));
    base::AppendLengthPrefixed(out, m.name());
    base::AppendLengthPrefixed(out, m.value());
  }
  for (const base::TimestampMs t : {silence.starts_at, silence.ends_at, silence.updated_at}) {
    base::AppendVarint(out, base::ZigZag(t.ms));
  }
  base::AppendLengthPrefixed(out, silence.created_by);
  base::AppendLengthPrefixed(out, silence.comment);
  base::AppendVarint(out, silence.annotations.size());
  for (const auto& [name, value] : silence.annotations) {
    base::AppendLengthPrefixed(out, name);
    base::AppendLengthPrefixed(out, value);
  }
}

bool DecodeSilence(std::string_view in, Silence& silence) {
  std::uint64_t version = 0, annotations = 0;
  if (!base::ReadVarint(in, version) || version != kSilenceVersion || !ReadSilenceMatchers(in, silence.matchers) ||
      !ReadMoment(in, silence.starts_at) || !ReadMoment(in, silence.ends_at) || !ReadMoment(in, silence.updated_at) ||
      !ReadWord(in, silence.created_by) || !ReadWord(in, silence.comment) || !base::ReadVarint(in, annotations)) {
    return false;
  }
  for (; annotations > 0; --annotations) {
    std::string name, value;
    if (!ReadWord(in, name) || !ReadWord(in, value)) return false;
    silence.annotations.emplace(std::move(name), std::move(value));
  }
  return in.empty();
}

}  // namespace bellwether::notify
