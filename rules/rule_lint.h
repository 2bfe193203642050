// rules/rule_lint.h
//
// What is allowed in a rule file and will yet be missed when the alert comes, or is probably not meant: advice, each
// with a name by which it is accepted. Nothing is run and no data are asked.
//
//   missing-runbook  an alerting rule without the annotation runbook_url
//   missing-owner    one without a label team or owner, of the rule or its group
//   gauge-rate       rate, irate or increase over a metric that by its name is no counter
//   rated-counts     rate or irate below a function that compares distributions, such as psi, which wants counts
//   short-window     a range shorter than twice the interval of the group: it misses an evaluation's worth of samples
//   naming           recorded series as level:metric:operations, alerts as CamelCase, labels as snake_case
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "rules/rule_check.h"

namespace bellwether::rules {

struct RuleFinding {
  std::string group;
  std::string rule;
  std::string severity;  // The rule's label; empty if there is none.
  std::string lint;      // "missing-runbook"
  std::string text;
  std::string file = {};  // Where findings of several files are told together.

  friend bool operator==(const RuleFinding&, const RuleFinding&) = default;
};

// A finding that somebody has looked at and lets be, for a while.
struct AcceptedFinding {
  std::string lint;
  std::string rule;         // Empty: every rule.
  base::TimestampMs until;  // From then on it is a finding again.
  std::string reason;
};

// The names of all lints.
[[nodiscard]] const std::vector<std::string_view>& LintNames();

// What is to be said of a file without faults, in its order. `default_interval` is that of groups without one.
// Errors: the faults of the file.
[[nodiscard]] base::Result<std::vector<RuleFinding>> FindRuleFindings(const std::string& path,
                                                                      const RuleFileOptions& options,
                                                                      base::DurationMs default_interval);

// Reads a file of accepted findings:
//   - {lint: missing-runbook, rule: QueueLong, until: 2027-01-31, reason: the runbook is being written}
// Each must have a reason and an end (the beginning of that day, UTC). kInvalidArgument lists every fault with its
// place.
[[nodiscard]] base::Result<std::vector<AcceptedFinding>> ReadAcceptedFindings(const std::string& path);

// The findings that are not accepted at `now`, those of high severity first (`severities` from low to high;
// empty: ours), otherwise in their order.
[[nodiscard]] std::vector<RuleFinding> OpenFindings(std::vector<RuleFinding> findings,
                                                    const std::vector<AcceptedFinding>& accepted, base::TimestampMs now,
                                                    const std::vector<std::string>& severities);

}  // namespace bellwether::rules
