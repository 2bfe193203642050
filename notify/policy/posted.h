// notify/policy/posted.h
//
// What a foreign sender's alert becomes: completed, judged, and merged with what is known of it. Pure.
//
// Source: Alertmanager's intake and provider (Merge).
#pragma once

#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "notify/shown_alert.h"

namespace bellwether::notify {

// AlertUpdate::rule of alerts that no rule of ours made. The end of one of the second kind is a guess.
inline constexpr std::string_view kPostedRule = "posted";
inline constexpr std::string_view kPostedRuleWithoutEnd = "posted, without an end";

// Fills in what was not given. Errors: kInvalidArgument, what is wrong with the alert.
[[nodiscard]] base::Result<metric::AlertUpdate> CompletePosted(const ForeignAlert& posted, base::TimestampMs now,
                                                               base::DurationMs resolve_timeout);

// What is known of an alert after `fresh` came, when `old` was known. Where the times of the two overlap it is one
// alert; otherwise a new one.
[[nodiscard]] metric::AlertUpdate MergePosted(const metric::AlertUpdate& old, metric::AlertUpdate fresh,
                                              base::TimestampMs now);

}  // namespace bellwether::notify
