// rules/eval/series_restore.h
//
// Since when alerts have been active, as ALERTS_FOR_STATE series tell: for groups of which the state store knows
// nothing, that is after a move from Prometheus with its data.
#pragma once

#include <vector>

#include "base/time.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_table.h"
#include "storage/storage.h"

namespace bellwether::rules {

// Sets known_active_at of the candidates whose ALERTS_FOR_STATE series has a sample in [at - back, at] and did not end
// with a stale marker. Rules with a hold below the grace period are left alone, as in Prometheus. A failing read is a
// warning in the log: the alerts then begin anew.
void RestoreFromSeries(storage::Storage& storage, const RuleSpec& rule, base::TimestampMs at, base::DurationMs back,
                       std::vector<AlertCandidate>& candidates);

}  // namespace bellwether::rules
