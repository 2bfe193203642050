// notify/policy/suppression.h
//
// Why alerts are not told at the moment: inhibited by others, silenced by people, or on a route outside its hours. One
// question at one place, so that a flush, a counter and the API give the same answer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "notify/policy/inhibition.h"
#include "notify/policy/time_interval.h"
#include "notify/silences.h"

namespace bellwether::notify {

enum class SuppressReason : std::uint8_t { kInhibition, kActiveInterval, kMuteInterval, kSilence };
inline constexpr std::size_t kSuppressReasonCount = 4;
// As metrics name them, in the order of the enum.
inline constexpr std::array<std::string_view, kSuppressReasonCount> kSuppressReasonNames = {
    "inhibition", "active_time_interval", "mute_time_interval", "silence"};

// Of one alert; both empty where nothing suppresses it.
struct AlertStanding {
  std::vector<std::uint64_t> inhibited_by = {};
  std::vector<std::string> silenced_by = {};
};

// One thread at a time.
class Suppression {
 public:
  // Puts rules in force; the sources are to be told anew.
  void SetInhibitRules(std::vector<InhibitRule> rules) { inhibition_ = Inhibition(std::move(rules)); }
  [[nodiscard]] Inhibition& inhibition() { return inhibition_; }
  // The names of the time intervals that contain the present.
  void SetIntervals(std::set<std::string, std::less<>> in_force) { intervals_ = std::move(in_force); }

  // Which silences match an alert is found once for each set of silences.
  void SetSilences(std::shared_ptr<const SilenceSet> silences);

  // Alerts are told apart by `fingerprint`, which is that of `labels`.
  [[nodiscard]] AlertStanding StandingOf(std::uint64_t fingerprint, const metric::Labels& labels,
                                         base::TimestampMs now) const;
  [[nodiscard]] RouteMuteReason MuteOfRoute(const Route& route) const { return MuteOf(route, intervals_); }

 private:
  // Silences of any state.
  [[nodiscard]] const std::vector<const Silence*>& MatchingOf(std::uint64_t fingerprint,
                                                              const metric::Labels& labels) const;

  Inhibition inhibition_;
  std::shared_ptr<const SilenceSet> silences_;
  mutable std::unordered_map<std::uint64_t, std::vector<const Silence*>> matching_;  // Into `silences_`.
  std::set<std::string, std::less<>> intervals_;
};

}  // namespace bellwether::notify
