// rules/lint/lint_names.h
//
// The names by which advice is told and accepted.
#pragma once

#include <string_view>

namespace bellwether::rules {

inline constexpr std::string_view kMissingRunbook = "missing-runbook";
inline constexpr std::string_view kMissingOwner = "missing-owner";
inline constexpr std::string_view kGaugeRate = "gauge-rate";
inline constexpr std::string_view kRatedCounts = "rated-counts";
inline constexpr std::string_view kShortWindow = "short-window";
inline constexpr std::string_view kNaming = "naming";

// Of stored data.
inline constexpr std::string_view kMetricNeverSeen = "metric-never-seen";
inline constexpr std::string_view kLabelNeverSeen = "label-never-seen";
inline constexpr std::string_view kLabelValueGone = "label-value-gone";
inline constexpr std::string_view kSeriesVanished = "series-vanished";
inline constexpr std::string_view kNeverMatches = "never-matches";
inline constexpr std::string_view kNeverFires = "never-fires";

}  // namespace bellwether::rules
