// rules/backtest/episode_recorder.h
//
// Changes of alerts into their lives: pending, firing, levels, end.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "rules/backtest.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_transition.h"
#include "rules/test_surroundings.h"

namespace bellwether::rules {

class EpisodeRecorder {
 public:
  // Of one rule of a group, by time. `first`: the first evaluation of the replay.
  void Note(const std::string& file, const std::string& group, const RuleSpec& rule, const AlertTransition& transition,
            base::TimestampMs first);

  // Of the alerts that fire, these are not told after the evaluation at `at`; all others are.
  void NoteStandings(const std::vector<TestStanding>& standings, base::TimestampMs at);

  // The lives that touch [start, end], in no order.
  [[nodiscard]] std::vector<AlertEpisode> Take(base::TimestampMs start, base::TimestampMs end);

 private:
  using Alerts = std::map<std::pair<const RuleSpec*, metric::Labels>, AlertEpisode>;

  [[nodiscard]] AlertEpisode* Find(const metric::Labels& told_as);

  Alerts open_;
  std::vector<AlertEpisode> ended_;
};

}  // namespace bellwether::rules
