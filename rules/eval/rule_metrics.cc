#include "rules/eval/rule_metrics.h"

#include <vector>

namespace bellwether::rules {
namespace {

const std::vector<double>& DurationBounds() {
  static const std::vector<double> bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  return bounds;
}

}  // namespace

RuleGroupMetrics::RuleGroupMetrics(base::MetricsRegistry& registry, const std::string& rule_group)
    : evaluations(
          registry.AddCounter("prometheus_rule_evaluations_total", "Rule evaluations.", {{"rule_group", rule_group}})),
      evaluation_failures(registry.AddCounter("prometheus_rule_evaluation_failures_total",
                                              "Rule evaluations that failed.", {{"rule_group", rule_group}})),
      iterations(registry.AddCounter("prometheus_rule_group_iterations_total", "Slots, missed ones included.",
                                     {{"rule_group", rule_group}})),
      iterations_missed(registry.AddCounter("prometheus_rule_group_iterations_missed_total",
                                            "Slots skipped because an evaluation took too long.",
                                            {{"rule_group", rule_group}})),
      rules(registry.AddGauge("prometheus_rule_group_rules", "Rules of the group.", {{"rule_group", rule_group}})),
      interval_s(registry.AddGauge("prometheus_rule_group_interval_seconds", "Interval of the group.",
                                   {{"rule_group", rule_group}})),
      last_evaluation_s(registry.AddGauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
                                          "Time of the last evaluation.", {{"rule_group", rule_group}})),
      last_duration_s(registry.AddGauge("prometheus_rule_group_last_duration_seconds",
                                        "Duration of the last evaluation.", {{"rule_group", rule_group}})),
      last_samples(registry.AddGauge("prometheus_rule_group_last_evaluation_samples",
                                     "Samples written by the last evaluation.", {{"rule_group", rule_group}})),
      rule_duration_s(registry.AddHistogram("prometheus_rule_evaluation_duration_seconds",
                                            "Duration of a rule's evaluation.", DurationBounds())),
      group_duration_s(registry.AddHistogram("prometheus_rule_group_duration_seconds",
                                             "Duration of a group's evaluation.", DurationBounds())),
      transitions(registry.AddCounter("bellwether_rules_alert_transitions_total", "Changes of alert states.")),
      state_failures(
          registry.AddCounter("bellwether_rules_state_write_failures_total",
                              "Alert states that could not be written; they are written with the next slot.")) {}

RuleMetrics::RuleMetrics(base::MetricsRegistry& registry, const std::string& rule_group, const std::string& rule)
    : microseconds(registry.AddCounter("bellwether_rule_evaluation_microseconds_total", "Time of a rule's evaluations.",
                                       {{"rule", rule}, {"rule_group", rule_group}})),
      series_read(registry.AddCounter("bellwether_rule_series_read_total", "Series that a rule's expressions read.",
                                      {{"rule", rule}, {"rule_group", rule_group}})),
      samples_read(registry.AddCounter("bellwether_rule_samples_read_total", "Samples that a rule's expressions read.",
                                       {{"rule", rule}, {"rule_group", rule_group}})) {}

}  // namespace bellwether::rules
