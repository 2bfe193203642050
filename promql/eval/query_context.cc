#include "promql/eval/query_context.h"

#include <algorithm>
#include <string>

namespace bellwether::promql {

base::Status MemoryBudget::Take(std::size_t samples) {
  if (held_ + samples > max_) {
    return base::Execution("query processing would load too many samples into memory in query execution");
  }
  held_ += samples;
  peak_ = std::max(peak_, held_);
  return base::OkStatus();
}

QueryContext::QueryContext(const EngineOptions& options, const base::Clock& query_clock)
    : flags{options.delayed_name_removal, options.use_start_timestamps, options.type_and_unit_labels},
      clock(query_clock),
      lookback(options.lookback),
      budget(options.max_samples) {}

base::Status QueryContext::CheckAlive(std::string_view doing) const {
  if (cancel.stop_requested()) return base::Cancelled("query was canceled in " + std::string(doing));
  if (clock.MonotonicNanos() >= deadline_ns) return base::DeadlineExceeded("query timed out in " + std::string(doing));
  return base::OkStatus();
}

base::Status SameLabelsetError() { return base::Execution("vector cannot contain metrics with the same labelset"); }

}  // namespace bellwether::promql
