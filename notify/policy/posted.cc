#include "notify/policy/posted.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"

namespace bellwether::notify {
namespace {

base::TimestampMs EndOf(const metric::AlertUpdate& alert) {
  return alert.ends_at.ms == 0 ? base::TimestampMs::Max() : alert.ends_at;
}

void SetPhase(metric::AlertUpdate& alert, base::TimestampMs now) {
  alert.phase = EndOf(alert) <= now ? metric::AlertPhase::kResolved : metric::AlertPhase::kFiring;
}

base::Status InvalidAlert(std::string_view why) { return base::InvalidArgument(fmt::format("invalid {}", why)); }

}  // namespace

base::Result<metric::AlertUpdate> CompletePosted(const ForeignAlert& posted, base::TimestampMs now,
                                                 base::DurationMs resolve_timeout) {
  metric::AlertUpdate alert;
  std::vector<metric::LabelView> labels;
  for (const auto& [name, value] : posted.labels) {
    if (value.empty()) continue;
    if (name.empty() || !base::IsValidUtf8(name))
      return InvalidAlert(fmt::format("label set: invalid name \"{}\"", name));
    if (!base::IsValidUtf8(value)) return InvalidAlert(fmt::format("label set: invalid value \"{}\"", value));
    labels.push_back({name, value});
  }
  if (labels.empty()) return base::InvalidArgument("at least one label pair required");
  for (const auto& [name, value] : posted.annotations) {
    if (name.empty() || !base::IsValidUtf8(name))
      return InvalidAlert(fmt::format("annotations: invalid name \"{}\"", name));
    if (!base::IsValidUtf8(value)) return InvalidAlert(fmt::format("annotations: invalid value \"{}\"", value));
  }
  alert.labels = metric::Labels::FromPairs(std::move(labels));
  alert.annotations = posted.annotations;
  alert.generator_url = posted.generator_url;
  alert.updated_at = now;
  alert.starts_at = posted.starts_at.value_or(posted.ends_at.value_or(now));
  alert.ends_at = posted.ends_at.value_or(now + resolve_timeout);
  alert.rule = posted.ends_at ? kPostedRule : kPostedRuleWithoutEnd;
  if (alert.ends_at < alert.starts_at) return base::InvalidArgument("start time must be before end time");
  SetPhase(alert, now);
  return alert;
}

metric::AlertUpdate MergePosted(const metric::AlertUpdate& old, metric::AlertUpdate fresh, base::TimestampMs now) {
  const auto is_inside = [&](base::TimestampMs t) { return old.starts_at < t && t < EndOf(old); };
  if (!is_inside(fresh.ends_at) && !is_inside(fresh.starts_at)) return fresh;
  const bool is_older = fresh.updated_at < old.updated_at;
  const metric::AlertUpdate& before = is_older ? fresh : old;
  metric::AlertUpdate merged = is_older ? old : fresh;
  merged.starts_at = std::min(merged.starts_at, before.starts_at);
  const bool is_over = EndOf(merged) <= now, was_over = EndOf(before) <= now;
  if (EndOf(before) > EndOf(merged)) {
    const bool keeps_end = is_over ? was_over : before.rule != kPostedRuleWithoutEnd;
    if (keeps_end) merged.ends_at = before.ends_at;
  }
  SetPhase(merged, now);
  return merged;
}

}  // namespace bellwether::notify
