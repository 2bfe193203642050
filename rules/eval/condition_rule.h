// rules/eval/condition_rule.h
//
// A rule with levels or signals as it runs. One evaluation: every query at one time; thresholds and clears; the clocks
// of signals; `when`; levels; texts. A query that fails leaves what it says unknown and is reported, while the rest of
// the rule goes on.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "rules/eval/alert_template.h"
#include "rules/eval/signal_reading.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_table.h"
#include "rules/state/instance_table.h"
#include "rules/state/signal_memory.h"

namespace bellwether::rules {

struct EvaluationContext;
struct Evaluation;

using NamedTemplates = std::vector<std::pair<std::string, AlertTemplate>>;

class ConditionRule {
 public:
  // `spec` has conditions and no faults, and outlives this.
  explicit ConditionRule(const RuleSpec& spec);

  // Moves the alerts of `table`. Errors leave these as they were, but for too many of them, which forgets them all;
  // `out.problem` is of queries alone, and the rest has moved.
  base::Status Evaluate(const EvaluationContext& context, const NamedTemplates& labels,
                        const NamedTemplates& annotations, AlertTable& table, Evaluation& out);

  // Takes over the clocks of signals that this rule has too.
  void Inherit(const ConditionRule& before);
  // After a pause that is too long: see rules/state/level_machine.h.
  void RestartUnheldClocks(base::TimestampMs last_seen, AlertTable& table);

  [[nodiscard]] SignalMemory& signals() { return memory_; }
  [[nodiscard]] const SignalMemory& signals() const { return memory_; }

 private:
  // The rule as an instance sees it: itself, or with an override.
  struct Variant {
    const OverrideSpec* entry = nullptr;  // Null for the rule itself.
    const std::vector<LevelSpec>* levels = nullptr;
    std::vector<std::size_t> readers;                // By signal.
    std::vector<std::optional<std::size_t>> clears;  // By level, numbers in `clear_queries_`.
  };
  struct Tick;       // What the queries of a slot found.
  struct Judgement;  // What they say of an instance.

  [[nodiscard]] Variant MakeVariant(const OverrideSpec* entry);
  [[nodiscard]] std::size_t NumberOfClear(const ExprSpec& expr);
  [[nodiscard]] const Variant& VariantOf(const metric::Labels& instance) const;

  [[nodiscard]] base::Result<Tick> Read(const EvaluationContext& context);
  [[nodiscard]] Judgement Judge(const Tick& tick, const metric::Labels& source) const;
  void JudgeLevel(const Tick& tick, std::span<const Truth> truths, std::size_t number, Judgement& judgement) const;
  // A finding for each instance that matters: it is remembered, or something of it is not false.
  [[nodiscard]] base::Result<std::vector<InstanceFinding>> Find(const Tick& tick, const AlertTable& table,
                                                                const NamedTemplates& labels,
                                                                const TemplateWorld& world) const;
  // `entry`: what is remembered of the instance, if anything is.
  [[nodiscard]] InstanceFinding FindingOf(Judgement judgement, const Tick& tick, metric::Labels key,
                                          const AlertEntry* entry) const;
  [[nodiscard]] metric::Labels KeyOf(const metric::Labels& source, double value, const NamedTemplates& labels,
                                     const TemplateWorld& world) const;
  void Annotate(const metric::Labels& source, const NamedTemplates& annotations, const TemplateWorld& world,
                AlertEntry& entry) const;

  const RuleSpec& spec_;
  const ConditionSpec& conditions_;
  std::vector<SignalReader> readers_;     // Of the rule's signals, then of those that overrides replace.
  std::vector<Variant> variants_;         // The rule itself, then its overrides.
  std::vector<std::size_t> sources_;      // Readers from which instances come.
  std::vector<std::string> clear_texts_;  // Of `clear_queries_`.
  std::vector<ConditionQuery> clear_queries_;
  SignalMemory memory_;
};

}  // namespace bellwether::rules
