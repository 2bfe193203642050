// incidents/suppression.h
//
// What suppression knows and says, as values: which alerts may explain which, for how long, and what became of an alert
// that is not told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/component.h"
#include "metric/labels.h"

namespace bellwether::incidents {

// An alert with this label (and any value but "false") is told whatever explains it.
inline constexpr std::string_view kNeverSuppressLabel = "never_suppress";
// One with this label explains nothing.
inline constexpr std::string_view kNonBlockingLabel = "non_blocking";
// An alert labelled page="immediate" does not wait for what might explain it.
inline constexpr std::string_view kPageLabel = "page";
inline constexpr std::string_view kPageImmediate = "immediate";
// Annotation of an alert that was told although what explains it still fires: "suppressed for 4h by ...".
inline constexpr std::string_view kSuppressionAnnotation = "suppression";

struct SuppressionTimers {
  base::DurationMs wait = base::Seconds(45);      // A new alert is held so long, for a slower cause to appear.
  base::DurationMs extension = base::Minutes(2);  // It stays unsaid so long after the last cause ended.
  base::DurationMs max = base::Hours(4);          // It is told after so long, whatever explains it.
  friend bool operator==(const SuppressionTimers&, const SuppressionTimers&) = default;
};

// What topology suppresses by itself, without a word in a rule.
struct SuppressionPolicy {
  int hops_max = 2;  // An alert explains those of components at most so many dependencies away; 0: of none.
  std::string blocking_severity = "error";    // From this severity on.
  base::DurationMs grace = base::Minutes(2);  // A cause may have begun so much later; for depends_on too.
  SuppressionTimers timers = {};
  std::vector<std::string> severities = {};  // From low to high.
  friend bool operator==(const SuppressionPolicy&, const SuppressionPolicy&) = default;
};

// One entry of a rule's depends_on: alerts of that name, on a component upstream of the instance (however far), or
// equal to it in all of `equal`.
struct AlertDependency {
  std::string alert;
  bool through_topology = false;
  std::vector<std::string> equal = {};
  SuppressionTimers timers = {};
  friend bool operator==(const AlertDependency&, const AlertDependency&) = default;
};

// The depends_on of one rule.
struct RuleDependencies {
  std::string rule;       // As AlertUpdate::rule: "file;group;name".
  metric::Labels labels;  // Labels that all of its alerts have; they tell rules of one name apart.
  std::vector<AlertDependency> depends_on;
  friend bool operator==(const RuleDependencies&, const RuleDependencies&) = default;
};

enum class Verdict : std::uint8_t { kTell, kHold, kSuppress };

// An alert that explains another, and how it is connected with it.
struct Cause {
  metric::Labels labels;
  base::TimestampMs since;                     // When it began to fire.
  std::vector<metric::ComponentId> path = {};  // From the component of the other to its own; empty: by labels,
  std::vector<std::string> equal = {};         // in which both are equal.
  friend bool operator==(const Cause&, const Cause&) = default;
};

// What became of an alert that fires and is held or suppressed.
struct Standing {
  Verdict verdict = Verdict::kTell;
  std::string reason;                      // "suppressed by PipelineDown on pipeline/feature_store", ...
  base::TimestampMs since;                 // Held or suppressed since then.
  std::optional<base::TimestampMs> until;  // Decided anew then, at the latest.
  bool told = false;                       // It was told before, and goes on being sent.
  // By labels; the nearest sixteen. Empty while it is held, and during the extension.
  std::vector<Cause> causes = {};
  friend bool operator==(const Standing&, const Standing&) = default;
};

// Reads `suppression` of the section at the key `path` ("topology") of the YAML document `text`:
//   suppression: {hops: 2, blocking_severity: error, grace: 2m, wait: 45s, extension: 2m, max: 4h}
// `severities`: from low to high; without a blocking severity of its own, and without "error" among them, the highest
// blocks. kInvalidArgument lists every fault as FILE: LINE:COLUMN: ..., one a line.
[[nodiscard]] base::Result<SuppressionPolicy> ParseSuppressionPolicy(const std::string& file, std::string_view text,
                                                                     std::string_view path,
                                                                     std::vector<std::string> severities);

}  // namespace bellwether::incidents
