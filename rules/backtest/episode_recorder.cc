#include "rules/backtest/episode_recorder.h"

#include <set>
#include <string_view>
#include <utility>

namespace bellwether::rules {
namespace {

// What stays the same while an alert goes from level to level.
metric::Labels InstanceLabels(const RuleSpec& rule, const metric::Labels& labels) {
  if (rule.conditions == nullptr) return labels;
  metric::LabelsBuilder builder(labels);
  if (rule.conditions->has_levels) builder.Remove(kSeverityLabel);
  return builder.Remove(kNoDataLabel).Build();
}

bool Touches(const AlertEpisode& episode, base::TimestampMs start, base::TimestampMs end) {
  return episode.active_at <= end && (!episode.ended_at || *episode.ended_at >= start);
}

}  // namespace

void EpisodeRecorder::Note(const std::string& file, const std::string& group, const RuleSpec& rule,
                           const AlertTransition& transition, base::TimestampMs first) {
  const auto [found, is_new] = open_.try_emplace({&rule, InstanceLabels(rule, transition.labels)});
  AlertEpisode& episode = found->second;
  if (is_new) {
    episode.file = file;
    episode.group = group;
    episode.alert = rule.name;
    episode.labels = found->first.second;
    episode.active_at = transition.at;
    episode.began_before = transition.at == first;
    episode.value = transition.value;
    episode.annotations = transition.annotations;
  }
  if (transition.to == AlertState::kInactive) {
    episode.ended_at = transition.at;
    episode.end_reason = transition.reason;
    ended_.push_back(std::move(episode));
    open_.erase(found);
    return;
  }
  if (transition.to != AlertState::kFiring) return;
  if (!episode.fired_at) {
    episode.fired_at = transition.at;
    episode.value = transition.value;
    episode.annotations = transition.annotations;
  }
  if (rule.conditions == nullptr || !rule.conditions->has_levels) return;
  episode.levels.push_back({transition.at, std::string(transition.labels.Get(kSeverityLabel))});
}

// The alert that fires under these labels.
AlertEpisode* EpisodeRecorder::Find(const metric::Labels& told_as) {
  const std::string_view name = told_as.Get(kAlertNameLabel);
  for (auto& [key, episode] : open_) {
    if (episode.alert == name && episode.fired_at && InstanceLabels(*key.first, told_as) == key.second) return &episode;
  }
  return nullptr;
}

void EpisodeRecorder::NoteStandings(const std::vector<TestStanding>& standings, base::TimestampMs at) {
  std::set<const AlertEpisode*> untold;
  for (const TestStanding& standing : standings) {
    AlertEpisode* episode = Find(standing.labels);
    if (episode == nullptr) continue;
    untold.insert(episode);
    AlertEpisode::Telling now{at, standing.held ? "held" : "suppressed", standing.by};
    // During the extension nothing explains it any more.
    const bool is_same = !episode->tellings.empty() && episode->tellings.back().state == now.state &&
                         (now.by.empty() || episode->tellings.back().by == now.by);
    if (!is_same) episode->tellings.push_back(std::move(now));
  }
  for (auto& [key, episode] : open_) {
    const bool was_untold = !episode.tellings.empty() && episode.tellings.back().state != "told";
    if (was_untold && !untold.contains(&episode)) episode.tellings.push_back({at, "told", {}});
  }
}

std::vector<AlertEpisode> EpisodeRecorder::Take(base::TimestampMs start, base::TimestampMs end) {
  for (auto& [key, episode] : open_) ended_.push_back(std::move(episode));
  open_.clear();
  std::vector<AlertEpisode> taken;
  for (AlertEpisode& episode : ended_) {
    if (Touches(episode, start, end)) taken.push_back(std::move(episode));
  }
  ended_.clear();
  return taken;
}

}  // namespace bellwether::rules
