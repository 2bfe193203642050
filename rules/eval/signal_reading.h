// rules/eval/signal_reading.h
//
// One signal of a rule as it runs: its queries, and what an evaluation finds of its series.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "rules/eval/condition_query.h"
#include "rules/eval/signal_join.h"
#include "rules/file/condition_spec.h"
#include "rules/state/leveled_alert.h"
#include "rules/state/signal_memory.h"

namespace bellwether::rules {

struct EvaluationContext;

// What came of a signal at one evaluation.
struct SignalReading {
  base::Status status;  // Of its queries.
  bool known = true;    // No query failed, and the rule of the other alert is not in error; else all of it is unknown.
  std::vector<SeriesStanding> series;
  std::unique_ptr<SignalJoin> join;
};

class SignalReader {
 public:
  // `clock_name`: under which its clocks are remembered.
  SignalReader(SignalSpec spec, std::string clock_name);

  // Queries, and moves the clocks in `memory`. `match_on` is empty where each series is an instance; clocks are not
  // needed there.
  [[nodiscard]] SignalReading Read(const EvaluationContext& context, std::span<const std::string> match_on,
                                   SignalMemory& memory) const;

  // What the reading says of an instance.
  [[nodiscard]] SignalStanding Judge(const SignalReading& reading, const metric::Labels& instance) const;

  [[nodiscard]] const SignalSpec& spec() const { return spec_; }
  [[nodiscard]] const std::string& clock_name() const { return clock_name_; }

 private:
  [[nodiscard]] base::Result<std::vector<SeriesFinding>> Query(const EvaluationContext& context) const;
  // What a series, or an instance, without samples is.
  [[nodiscard]] Truth Absent() const;

  const SignalSpec spec_;
  const std::string clock_name_;
  std::string condition_;                // SignalStanding::condition.
  std::optional<ConditionQuery> query_;  // Nothing for the alert of another rule.
  std::optional<ConditionQuery> clear_;
};

// The series of a `clear` expression, or the error of its query.
[[nodiscard]] base::Result<std::vector<metric::Labels>> ReadClear(const EvaluationContext& context,
                                                                  const ConditionQuery& query);

}  // namespace bellwether::rules
