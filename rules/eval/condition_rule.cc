#include "rules/eval/condition_rule.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "rules/eval/rule.h"

namespace bellwether::rules {
namespace {

// What came of a `clear` expression.
struct ClearReading {
  bool known = true;
  std::vector<SeriesStanding> series;
  std::unique_ptr<SignalJoin> join;

  [[nodiscard]] Truth Returns(const metric::Labels& instance) const {
    return known ? TruthOf(!join->SeriesOf(instance).empty()) : Truth::kUnknown;
  }
};

// The conditions of levels before their clears.
struct RawLevels {
  std::vector<Truth> begins;
  std::vector<Truth> ends;
};

bool IsTrueAnywhere(const std::vector<Truth>& truths) {
  return std::find(truths.begin(), truths.end(), Truth::kTrue) != truths.end();
}

bool IsFalseEverywhere(const std::vector<Truth>& truths) {
  return std::all_of(truths.begin(), truths.end(), [](Truth t) { return t == Truth::kFalse; });
}

bool Matches(const OverrideSpec& entry, const metric::Labels& instance) {
  return std::all_of(entry.match.begin(), entry.match.end(),
                     [&](const auto& label) { return instance.Get(label.first) == label.second; });
}

}  // namespace

struct ConditionRule::Tick {
  base::Status problem;                 // The first query that failed.
  bool known = true;                    // Of all signals.
  std::vector<SignalReading> readings;  // By reader.
  std::vector<ClearReading> clears;     // By query.
  std::set<metric::Labels> instances;   // That series name now.
};

// An instance on its way through an evaluation.
struct ConditionRule::Judgement {
  metric::Labels source;
  const Variant* variant = nullptr;
  std::vector<SignalStanding> signals;
  bool present = false;
  RawLevels levels;
  std::optional<double> value;
};

ConditionRule::ConditionRule(const RuleSpec& spec) : spec_(spec), conditions_(*spec.conditions) {
  for (const SignalSpec& signal : conditions_.signals) readers_.emplace_back(signal, signal.name);
  variants_.push_back(MakeVariant(nullptr));
  for (const OverrideSpec& entry : conditions_.overrides) variants_.push_back(MakeVariant(&entry));
  std::set<std::size_t> positive;
  const auto note = [&](std::size_t signal, Polarity polarity) {
    if (polarity == Polarity::kPositive) positive.insert(signal);
  };
  if (!conditions_.composite) positive.insert(0);
  if (conditions_.when) ForEachSignal(*conditions_.when, note);
  for (const Variant& variant : variants_) {
    for (const LevelSpec& level : *variant.levels) {
      if (level.when) ForEachSignal(*level.when, note);
    }
  }
  std::set<std::size_t> sources;
  for (const Variant& variant : variants_) {
    for (const std::size_t signal : positive) sources.insert(variant.readers[signal]);
  }
  sources_.assign(sources.begin(), sources.end());
}

ConditionRule::Variant ConditionRule::MakeVariant(const OverrideSpec* entry) {
  Variant variant;
  variant.entry = entry;
  variant.levels = entry == nullptr ? &conditions_.levels : &entry->levels;
  for (std::size_t i = 0; i < conditions_.signals.size(); ++i) variant.readers.push_back(i);
  if (entry != nullptr) {
    std::string match;
    for (const auto& [name, value] : entry->match) match += fmt::format("\n{}={}", name, value);
    for (std::size_t i = 0; i < entry->signals.size(); ++i) {
      const SignalSpec& signal = entry->signals[i];
      const auto& replaced = entry->replaced_signals;
      if (std::find(replaced.begin(), replaced.end(), signal.name) == replaced.end()) continue;
      variant.readers[i] = readers_.size();
      readers_.emplace_back(signal, signal.name + match);
    }
  }
  for (const LevelSpec& level : *variant.levels) {
    const bool takes_rules = !level.threshold && !level.when && !level.as_below;
    const std::optional<ExprSpec>& clear = level.clear || !takes_rules ? level.clear : conditions_.clear;
    variant.clears.push_back(clear ? std::optional(NumberOfClear(*clear)) : std::nullopt);
  }
  return variant;
}

std::size_t ConditionRule::NumberOfClear(const ExprSpec& expr) {
  const auto known = std::find(clear_texts_.begin(), clear_texts_.end(), expr.query);
  const auto number = static_cast<std::size_t>(known - clear_texts_.begin());
  if (known == clear_texts_.end()) {
    clear_texts_.push_back(expr.query);
    clear_queries_.emplace_back(expr);
  }
  return number;
}

const ConditionRule::Variant& ConditionRule::VariantOf(const metric::Labels& instance) const {
  const Variant* best = &variants_.front();
  for (const Variant& variant : variants_) {
    if (variant.entry == nullptr || !Matches(*variant.entry, instance)) continue;
    if (best->entry == nullptr || variant.entry->match.size() > best->entry->match.size()) best = &variant;
  }
  return *best;
}

base::Result<ConditionRule::Tick> ConditionRule::Read(const EvaluationContext& context) {
  Tick tick;
  const auto note = [&](const base::Status& status) {
    if (tick.problem.ok() && !status.ok()) tick.problem = status;
  };
  for (const SignalReader& reader : readers_) {
    tick.readings.push_back(reader.Read(context, conditions_.match_on, memory_));
    const SignalReading& reading = tick.readings.back();
    tick.known = tick.known && reading.known;
    note(reader.spec().name.empty() ? reading.status : reading.status.WithContext("signal " + reader.spec().name));
  }
  for (const ConditionQuery& query : clear_queries_) {
    ClearReading& clear = tick.clears.emplace_back();
    auto series = ReadClear(context, query);
    note(series.status().WithContext("clear"));
    clear.known = series.ok();
    if (!series.ok()) continue;
    for (metric::Labels& labels : *series) clear.series.push_back({.labels = std::move(labels), .clock = {}});
    if (conditions_.composite) {
      clear.join = std::make_unique<LabelJoin>(clear.series, conditions_.match_on);
    } else {
      clear.join = std::make_unique<IdentityJoin>(clear.series);
    }
  }
  if (context.stop.stop_requested()) return base::Cancelled("the evaluation was stopped");
  for (const std::size_t source : sources_) {
    const std::set<metric::Labels>& instances = tick.readings[source].join->instances();
    tick.instances.insert(instances.begin(), instances.end());
  }
  return tick;
}

ConditionRule::Judgement ConditionRule::Judge(const Tick& tick, const metric::Labels& source) const {
  Judgement judgement;
  judgement.source = source;
  judgement.variant = &VariantOf(source);
  std::vector<Truth> truths;
  for (const std::size_t reader : judgement.variant->readers) {
    judgement.signals.push_back(readers_[reader].Judge(tick.readings[reader], source));
    truths.push_back(judgement.signals.back().truth);
    const bool is_source = std::find(sources_.begin(), sources_.end(), reader) != sources_.end();
    judgement.present = judgement.present || (is_source && judgement.signals.back().present);
  }
  for (std::size_t i = 0; i < judgement.variant->levels->size(); ++i) JudgeLevel(tick, truths, i, judgement);
  if (!conditions_.composite && judgement.present) judgement.value = judgement.signals.front().value;
  return judgement;
}

void ConditionRule::JudgeLevel(const Tick& tick, std::span<const Truth> truths, std::size_t number,
                               Judgement& judgement) const {
  const LevelSpec& level = (*judgement.variant->levels)[number];
  RawLevels& levels = judgement.levels;
  const auto add = [&](Truth begins, Truth ends) {
    levels.begins.push_back(begins);
    levels.ends.push_back(ends);
  };
  if (level.as_below) return add(levels.begins.back(), levels.ends.back());
  const SignalStanding& first = judgement.signals.front();
  if (level.threshold) {
    const bool has_value = tick.readings.front().known && first.present;
    const Truth absent =
        tick.readings.front().known ? conditions_.signals.front().missing.value_or(Truth::kUnknown) : Truth::kUnknown;
    const Truth begins = has_value ? IsBeyond(first.value, level.threshold->side, level.threshold->bound) : absent;
    add(begins, has_value ? HasCleared(first.value, *level.threshold) : Not(absent));
  } else {
    const std::optional<When>& when = level.when ? level.when : conditions_.when;
    const Truth begins = conditions_.composite ? rules::Evaluate(*when, truths) : first.truth;
    add(begins, Not(begins));
    if (conditions_.composite && begins == Truth::kTrue) {
      const Decision decision = WhatDecided(*when, truths);
      if (decision.signal) judgement.value = judgement.signals[*decision.signal].value;
      if (decision.score) judgement.value = decision.score;
    }
  }
  if (const auto& clear = judgement.variant->clears[number]) {
    levels.ends.back() = tick.clears[*clear].Returns(judgement.source);
  }
}

InstanceFinding ConditionRule::FindingOf(Judgement judgement, const Tick& tick, metric::Labels key,
                                         const AlertEntry* entry) const {
  InstanceFinding finding;
  finding.labels = std::move(key);
  finding.source = std::move(judgement.source);
  finding.present = judgement.present;
  finding.failed = !tick.known;
  finding.levels = judgement.variant->levels;
  finding.value = judgement.value;
  finding.signals = std::move(judgement.signals);
  for (std::size_t i = 0; i < finding.levels->size(); ++i) {
    const LevelSpec& level = (*finding.levels)[i];
    const bool on = entry != nullptr && IsOn(entry->alert, entry->leveled->progress, level.rule);
    finding.holds.push_back(level.as_below ? finding.holds.back()
                                           : Latched(judgement.levels.begins[i], judgement.levels.ends[i], on));
  }
  return finding;
}

base::Result<std::vector<InstanceFinding>> ConditionRule::Find(const Tick& tick, const AlertTable& table,
                                                               const NamedTemplates& labels,
                                                               const TemplateWorld& world) const {
  std::unordered_map<metric::Labels, const metric::Labels*, metric::LabelsHash> keys_by_source;
  for (const auto& [key, entry] : table.entries()) keys_by_source.emplace(entry.leveled->source, &key);
  std::vector<InstanceFinding> findings;
  std::set<metric::Labels> taken;
  for (const metric::Labels& source : tick.instances) {
    Judgement judgement = Judge(tick, source);
    const bool matters = keys_by_source.contains(source) || !IsFalseEverywhere(judgement.levels.begins) ||
                         conditions_.on_no_data == NoDataPolicy::kFire;
    if (!matters) continue;
    const auto known = keys_by_source.find(source);
    metric::Labels key = judgement.present || known == keys_by_source.end()
                             ? KeyOf(source, judgement.value.value_or(0), labels, world)
                             : *known->second;
    if (!taken.insert(key).second) {
      return base::Execution("vector contains metrics with the same labelset after applying alert labels");
    }
    const auto entry = table.entries().find(key);
    findings.push_back(FindingOf(std::move(judgement), tick, std::move(key),
                                 entry == table.entries().end() ? nullptr : &entry->second));
  }
  for (const auto& [key, entry] : table.entries()) {
    if (taken.contains(key)) continue;
    InstanceFinding finding = FindingOf(Judge(tick, entry.leveled->source), tick, key, &entry);
    // Its series give the alert other labels now: this one is over.
    if (finding.present) std::fill(finding.holds.begin(), finding.holds.end(), Truth::kFalse);
    findings.push_back(std::move(finding));
  }
  return findings;
}

metric::Labels ConditionRule::KeyOf(const metric::Labels& source, double value, const NamedTemplates& labels,
                                    const TemplateWorld& world) const {
  const TemplateSample sample{.labels = source, .value = value, .histogram = nullptr};
  metric::LabelsBuilder builder(source);
  if (conditions_.has_levels) builder.Remove(kSeverityLabel);
  for (const auto& [name, text] : labels) builder.Set(name, text.Expand(sample, world));
  return builder.Set(kAlertNameLabel, spec_.name).Build();
}

base::Status ConditionRule::Evaluate(const EvaluationContext& context, const NamedTemplates& labels,
                                     const NamedTemplates& annotations, AlertTable& table, Evaluation& out) {
  BW_ASSIGN_OR_RETURN(const Tick tick, Read(context));
  BW_ASSIGN_OR_RETURN(std::vector<InstanceFinding> findings, Find(tick, table, labels, context.world));
  std::vector<std::pair<metric::Labels, metric::Labels>> fresh;  // Keys and sources of those whose texts are renewed.
  for (const InstanceFinding& finding : findings) {
    if (finding.present && IsTrueAnywhere(finding.holds)) fresh.emplace_back(finding.labels, finding.source);
  }
  std::vector<InstanceMove> moves;
  AdvanceInstances(table, std::move(findings), context.at,
                   {.keep_firing = spec_.hold.keep_firing,
                    .reset_after = context.interval * 3,
                    .on_no_data = conditions_.on_no_data,
                    .forget_after = conditions_.forget_after,
                    .acknowledgements = context.acknowledgements},
                   moves, out.forgotten);
  for (const auto& [key, source] : fresh) {
    const auto found = table.mutable_entries().find(key);
    if (found != table.mutable_entries().end()) Annotate(source, annotations, context.world, found->second);
  }
  for (InstanceMove& move : moves) {
    const auto found = table.entries().find(move.key);
    if (found != table.entries().end()) move.transition.annotations = found->second.annotations;
    out.transitions.push_back(std::move(move.transition));
  }
  out.problem = tick.problem;
  out.forgotten_series = memory_.TakeForgotten();
  const auto active =
      static_cast<std::size_t>(std::count_if(table.entries().begin(), table.entries().end(), [](const auto& entry) {
        return entry.second.alert.state != AlertState::kInactive;
      }));
  if (context.limit > 0 && active > context.limit) {
    table.ForgetAll(context.at, out.transitions, out.forgotten);
    return TooManyAlerts(context.limit, active);
  }
  out.samples = AlertSamples(table);
  return base::OkStatus();
}

void ConditionRule::Annotate(const metric::Labels& source, const NamedTemplates& annotations,
                             const TemplateWorld& world, AlertEntry& entry) const {
  if (entry.alert.state == AlertState::kInactive) return;
  const std::string level = entry.leveled->progress.level.value_or("");
  const TemplateSample sample{
      .labels = source, .value = entry.value, .histogram = nullptr, .level = level, .signals = entry.leveled->signals};
  entry.annotations.clear();
  for (const auto& [name, text] : annotations) entry.annotations.emplace(name, text.Expand(sample, world));
}

void ConditionRule::Inherit(const ConditionRule& before) {
  memory_ = before.memory_;
  std::vector<std::string> names;
  for (const SignalReader& reader : readers_) names.push_back(reader.clock_name());
  memory_.KeepOnly(names);
}

void ConditionRule::RestartUnheldClocks(base::TimestampMs last_seen, AlertTable& table) {
  for (const SignalReader& reader : readers_) {
    memory_.RestartUnheldClocks(reader.clock_name(), last_seen, reader.spec().hold);
  }
  for (auto& [key, entry] : table.mutable_entries()) {
    std::vector<LevelRule> rules;
    for (const LevelSpec& level : *VariantOf(entry.leveled->source).levels) rules.push_back(level.rule);
    rules::RestartUnheldClocks(entry.leveled->progress, last_seen, rules);
    entry.dirty = true;
  }
}

}  // namespace bellwether::rules
