#include "rules/state/instance_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "rules/file/condition_text.h"

namespace bellwether::rules {
namespace {

std::vector<LevelRule> RulesOf(const std::vector<LevelSpec>& levels) {
  std::vector<LevelRule> rules;
  rules.reserve(levels.size());
  for (const LevelSpec& level : levels) rules.push_back(level.rule);
  return rules;
}

bool Any(const std::vector<Truth>& holds, Truth truth) {
  return std::find(holds.begin(), holds.end(), truth) != holds.end();
}

// Applies the policy to an instance of which nothing is known to hold.
void DecideNoData(InstanceFinding& finding, AlertEntry& entry, NoDataPolicy policy) {
  LeveledAlert& leveled = *entry.leveled;
  if (Any(finding.holds, Truth::kTrue) || !Any(finding.holds, Truth::kUnknown)) {
    if (std::exchange(leveled.no_data, false)) entry.dirty = true;
    return;
  }
  if (finding.failed || policy == NoDataPolicy::kKeep) return;
  if (policy == NoDataPolicy::kResolve) {
    std::replace(finding.holds.begin(), finding.holds.end(), Truth::kUnknown, Truth::kFalse);
    return;
  }
  if (entry.alert.state == AlertState::kFiring && !leveled.no_data) return;
  if (!std::exchange(leveled.no_data, true)) entry.dirty = true;
  finding.holds.front() = Truth::kTrue;
}

// Whether the instance has been without series for long enough to be forgotten.
bool IsGone(const InstanceFinding& finding, AlertEntry& entry, base::TimestampMs now, base::DurationMs forget_after) {
  std::optional<base::TimestampMs>& away_since = entry.leveled->away_since;
  if (finding.present) {
    if (away_since) entry.dirty = true;
    away_since.reset();
    return false;
  }
  if (!away_since && !finding.failed) {
    away_since = now;
    entry.dirty = true;
  }
  return away_since && now - *away_since >= forget_after;
}

std::string ReasonOf(Transition transition, const AlertEntry& entry, bool gone, const std::optional<std::string>& from,
                     const std::vector<LevelSpec>& levels) {
  if (gone && (transition == Transition::kResolved || transition == Transition::kWithdrawn)) return "gone";
  if (transition != Transition::kNone) return std::string(TransitionReason(transition));
  const std::optional<std::string>& to = entry.leveled->progress.level;
  if (entry.alert.state != AlertState::kFiring || from == to) return {};
  const auto rank = [&](const std::optional<std::string>& severity) {
    return std::find_if(levels.begin(), levels.end(), [&](const LevelSpec& l) { return l.rule.severity == severity; });
  };
  return fmt::format("{} from {} to {}", rank(*to) > rank(from) ? "rose" : "fell", from.value_or(""), to.value_or(""));
}

// What the level of this severity judges; a level that judges nothing itself takes the word of the one below.
std::string LevelCondition(const std::vector<LevelSpec>& levels, std::string_view severity) {
  std::string condition;
  for (const LevelSpec& level : levels) {
    if (level.threshold) condition = ConditionText(*level.threshold);
    if (level.when) condition = level.when_text;
    if (!level.threshold && !level.when && !level.as_below) condition.clear();
    if (level.rule.severity == severity) return condition;
  }
  return condition;
}

class InstanceAdvance {
 public:
  InstanceAdvance(base::TimestampMs now, const InstancePolicy& policy, std::vector<InstanceMove>& moves)
      : now_(now), policy_(policy), moves_(moves) {}

  // Returns whether there is still something to remember.
  bool Advance(InstanceFinding& finding, AlertEntry& entry) {
    const Alert before = entry.alert;
    const LevelProgress progress_before = entry.leveled->progress;
    metric::Labels shown = AlertLabels(finding.labels, entry);
    entry.value = finding.value.value_or(entry.value);
    entry.leveled->signals = std::move(finding.signals);
    const bool gone = IsGone(finding, entry, now_, policy_.forget_after);
    if (before.state == AlertState::kInactive) entry.leveled->no_data = false;
    NoteValue(entry, before.state == AlertState::kInactive);
    DecideNoData(finding, entry, policy_.on_no_data);
    const Transition transition =
        gone ? EndAlert(entry.alert, entry.leveled->progress, now_) : Move(finding, entry, shown);
    if (before.state == AlertState::kInactive && entry.alert.state != AlertState::kInactive) {
      entry.leveled->told = {};
      entry.leveled->history.clear();
    }
    if (entry.alert.state == AlertState::kFiring) {
      entry.leveled->condition = LevelCondition(*finding.levels, entry.leveled->progress.level.value_or(""));
    }
    if (entry.alert != before || entry.leveled->progress != progress_before) entry.dirty = true;
    if (entry.alert.state != AlertState::kInactive) shown = AlertLabels(finding.labels, entry);
    std::string reason = ReasonOf(transition, entry, gone, progress_before.level, *finding.levels);
    if (!reason.empty()) {
      moves_.push_back({finding.labels,
                        {now_, std::move(shown), entry.annotations, before.state, entry.alert.state, entry.value,
                         std::move(reason)}});
    }
    if (!EndsAlert(transition)) return true;
    entry.alert = Alert();
    entry.leveled->told = {};
    return policy_.on_no_data == NoDataPolicy::kFire && !gone;
  }

 private:
  Transition Move(const InstanceFinding& finding, AlertEntry& entry, const metric::Labels& shown) {
    const std::vector<LevelRule> rules = RulesOf(*finding.levels);
    const bool asks =
        std::any_of(rules.begin(), rules.end(), [](const LevelRule& rule) { return rule.after.has_value(); });
    const bool acknowledged =
        asks && policy_.acknowledgements != nullptr && policy_.acknowledgements->IsAcknowledged(shown);
    return AdvanceLevels(entry.alert, entry.leveled->progress, finding.holds,
                         acknowledged ? Acknowledged::kYes : Acknowledged::kNo, now_,
                         {rules, policy_.keep_firing, policy_.reset_after});
  }

  const base::TimestampMs now_;
  const InstancePolicy& policy_;
  std::vector<InstanceMove>& moves_;
};

}  // namespace

void AdvanceInstances(AlertTable& table, std::vector<InstanceFinding> findings, base::TimestampMs now,
                      const InstancePolicy& policy, std::vector<InstanceMove>& moves,
                      std::vector<metric::Labels>& forgotten) {
  AlertTable::Entries& entries = table.mutable_entries();
  InstanceAdvance advance(now, policy, moves);
  for (InstanceFinding& finding : findings) {
    auto found = entries.find(finding.labels);
    if (found == entries.end()) {
      const bool matters =
          Any(finding.holds, Truth::kTrue) || (policy.on_no_data == NoDataPolicy::kFire && finding.present);
      if (!matters) continue;
      found = entries.emplace(finding.labels, AlertEntry()).first;
      found->second.leveled.emplace();
    }
    AlertEntry& entry = found->second;
    if (entry.leveled->source != finding.source) {
      entry.leveled->source = finding.source;
      entry.dirty = true;
    }
    if (advance.Advance(finding, entry)) continue;
    forgotten.push_back(found->first);
    entries.erase(found);
  }
}

}  // namespace bellwether::rules
