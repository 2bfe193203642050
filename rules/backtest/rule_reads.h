// rules/backtest/rule_reads.h
//
// What the rules of a backtest read of one another: which groups must run together, what of their results has to be
// kept, and how long before the time of interest they have to begin. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "rules/file/rule_file.h"

namespace bellwether::rules {

struct ReplayGroup {
  std::string file;
  const GroupSpec* spec = nullptr;
  base::DurationMs interval;  // In force.
};

using NameSet = std::set<std::string, std::less<>>;

struct ReplayPlan {
  std::vector<std::vector<std::size_t>> parts;  // Of groups, by number, that read nothing of other parts; ascending.
  NameSet recorded;                             // Metric names that rules produce, those of alerts included.
  NameSet read_back;                            // Of these, what some rule may read.
  // How long what is read back is needed; nothing: to the end.
  std::optional<base::DurationMs> keep = base::DurationMs(0);
  base::DurationMs warm_up;
  std::vector<std::vector<std::vector<std::string>>> metrics;  // By group and rule: see BacktestRule.
};

// `lookback`: of selectors. `alerts_together`: groups with alerts are one part, because alerts may explain one another.
[[nodiscard]] ReplayPlan PlanReplay(std::span<const ReplayGroup> groups, base::DurationMs lookback,
                                    bool alerts_together = false);

}  // namespace bellwether::rules
