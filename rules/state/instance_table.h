// rules/state/instance_table.h
//
// Moves the alerts of a rule with levels or signals: each instance through the level machine, with what is to happen
// when nothing is known of it. Pure.
//
// Unknown neither fires nor resolves. That is what `keep` means; an alert whose series have been away for
// `forget_after` ends as gone. With `resolve`, an instance of which nothing is known to hold is taken for clear; with
// `fire` for one at its lowest level, with the label no_data="true" until there are data again, and so every instance
// is remembered while it is healthy. Both are about data that do not come: what a failed query does not know is always
// kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "rules/ack_source.h"
#include "rules/file/condition_spec.h"
#include "rules/state/alert_table.h"

namespace bellwether::rules {

// What an evaluation found of an instance.
struct InstanceFinding {
  metric::Labels labels;  // Its key: with alertname and the rule's labels, without severity.
  metric::Labels source;
  bool present = false;                  // It has series now.
  bool failed = false;                   // Some query failed, so that unknown says nothing about the data.
  std::vector<Truth> holds;              // By level.
  const std::vector<LevelSpec>* levels;  // Those in force for it. Never null.
  std::optional<double> value;           // Nothing: as it was.
  std::vector<SignalStanding> signals;
};

struct InstancePolicy {
  base::DurationMs keep_firing;
  base::DurationMs reset_after;  // Of clocks of what is unknown: three intervals.
  NoDataPolicy on_no_data = NoDataPolicy::kKeep;
  base::DurationMs forget_after;
  const AckSource* acknowledgements = nullptr;  // Null: nobody acknowledges.
};

// A change of an alert, and the key under which the table has it.
struct InstanceMove {
  metric::Labels key;
  AlertTransition transition;
};

// Moves the alerts of `table` to `now`. There is a finding for each instance that is remembered, and one for others as
// the evaluation found them; no two have equal labels. Appends what changed, and the keys that are forgotten.
void AdvanceInstances(AlertTable& table, std::vector<InstanceFinding> findings, base::TimestampMs now,
                      const InstancePolicy& policy, std::vector<InstanceMove>& moves,
                      std::vector<metric::Labels>& forgotten);

}  // namespace bellwether::rules
