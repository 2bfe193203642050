// rules/eval/rule_metrics.h
//
// What rules count, under the names that Prometheus's dashboards and alerts ask for; label rule_group = "file;group".
#pragma once

#include <string>

#include "base/metrics.h"

namespace bellwether::rules {

struct RuleGroupMetrics {
  RuleGroupMetrics(base::MetricsRegistry& registry, const std::string& rule_group);

  base::Counter& evaluations;
  base::Counter& evaluation_failures;
  base::Counter& iterations;
  base::Counter& iterations_missed;
  base::Gauge& rules;
  base::Gauge& interval_s;
  base::Gauge& last_evaluation_s;
  base::Gauge& last_duration_s;
  base::Gauge& last_samples;
  // Of all groups together.
  base::Histogram& rule_duration_s;
  base::Histogram& group_duration_s;
  base::Counter& transitions;
  base::Counter& state_failures;
};

// What a rule takes, by its name; rules of a group that share a name count together.
struct RuleMetrics {
  RuleMetrics(base::MetricsRegistry& registry, const std::string& rule_group, const std::string& rule);

  base::Counter& microseconds;
  base::Counter& series_read;
  base::Counter& samples_read;
};

}  // namespace bellwether::rules
