// rules/eval/series_writer.h
//
// Writes what a rule produced: its samples, and stale markers for the series that it produced at its evaluation before
// and not now. Committed visible, so that the next rule of the group sees them; the group syncs once at the end.
#pragma once

#include <cstddef>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "rules/eval/rule_sample.h"
#include "storage/storage.h"

namespace bellwether::rules {

// The series that a rule produced at its last good evaluation.
using SeriesMemory = std::unordered_set<metric::Labels, metric::LabelsHash>;

struct WriteOutcome {
  std::size_t samples = 0;  // Taken, stale markers included.
  base::Status status;      // The first reason why a sample was not taken; refused stale markers are no fault.
};

// Writes `samples` at `at` and stale markers for the series of `before` that are not among them; `before` becomes the
// series of `samples`.
[[nodiscard]] WriteOutcome WriteRuleSamples(storage::Storage& storage, std::span<const RuleSample> samples,
                                            base::TimestampMs at, SeriesMemory& before);

// Ends `series` with stale markers at `at`.
[[nodiscard]] WriteOutcome WriteStaleMarkers(storage::Storage& storage, std::span<const metric::Labels> series,
                                             base::TimestampMs at);

}  // namespace bellwether::rules
