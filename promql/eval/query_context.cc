#include "promql/eval/query_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "promql/eval/profile.h"

namespace bellwether::promql {

namespace {

// Taken of the common memory at a time: most queries need no more, and ask once.
constexpr std::uint64_t kGrain = 64u << 10;

}  // namespace

base::Status MemoryBudget::Take(std::size_t samples, std::uint64_t bytes) {
  if (samples_ + samples > samples_max_) {
    return base::Execution(
        fmt::format("query processing would load too many samples into memory in query execution, more than "
                    "--query.max-samples={}",
                    samples_max_));
  }
  if (bytes_max_ > 0 && bytes_ + bytes > bytes_max_) {
    return base::Execution(
        fmt::format("the query would hold more than {} MiB in memory, the part of --storage.memory that one query may "
                    "have: ask for fewer series, a shorter time or longer steps",
                    bytes_max_ >> 20));
  }
  const std::uint64_t needed = bytes_ + bytes;
  if (needed > hold_.bytes()) BW_RETURN_IF_ERROR(hold_.Grow((needed - hold_.bytes() + kGrain - 1) / kGrain * kGrain));
  samples_ += samples;
  bytes_ = needed;
  peak_ = std::max(peak_, samples_);
  if (profile_ != nullptr) profile_->TakeBytes(bytes);
  return base::OkStatus();
}

void MemoryBudget::Release(std::size_t samples, std::uint64_t bytes) {
  samples_ -= samples;
  bytes_ -= bytes;
  if (profile_ != nullptr) profile_->ReleaseBytes(bytes);
}

std::shared_ptr<const base::MemoryHold> MemoryBudget::HandOver(std::uint64_t bytes) {
  hold_.ShrinkTo(bytes);
  return std::make_shared<const base::MemoryHold>(std::exchange(hold_, base::MemoryHold()));
}

QueryContext::QueryContext(const EngineOptions& options, const base::Clock& query_clock)
    : flags{options.delayed_name_removal, options.use_start_timestamps, options.type_and_unit_labels},
      clock(query_clock),
      lookback(options.lookback),
      budget(options),
      baselines(options.baselines) {}

base::Status QueryContext::CheckAlive(std::string_view doing) const {
  if (cancel.stop_requested()) return base::Cancelled("query was canceled in " + std::string(doing));
  if (clock.MonotonicNanos() >= deadline_ns) return base::DeadlineExceeded("query timed out in " + std::string(doing));
  return base::OkStatus();
}

base::Status SameLabelsetError() { return base::Execution("vector cannot contain metrics with the same labelset"); }

}  // namespace bellwether::promql
