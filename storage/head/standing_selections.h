// storage/head/standing_selections.h
//
// Selections that are asked again and again for a range that moves on with time, as rules ask. Kept from one time to
// the next are the series that match, in order of their label sets, those label sets, and the samples in the range,
// decoded. The next time costs a look at the newest sample of each series:
//   - which series match is resolved again where PairStamps say that it may have changed;
//   - a series whose newest sample is the one that was seen has not changed (nothing else of it is looked at), for
//     floats that come in order are the only way to grow without extras (series.h); one further sample is taken from
//     the series' state without its chunk, more are decoded from what is newer;
//   - series with histograms or late samples are read afresh each time;
//   - a deletion anywhere forgets all samples that are kept.
// What is kept therefore never differs from what a fresh selection reads. Only what the head holds is answered: who
// asks sees to it that no sealed window has to do with the range.
//
// Memory is taken from a share. Where it is used up nothing is kept, and the caller reads afresh.
//
// Thread-safe. The lock of a selection is held while its answer is put together, and over no reading of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/memory_share.h"
#include "base/mutex.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "storage/head/series_table.h"
#include "storage/head/shard.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

class StandingSelections {
 public:
  // The table and the shards outlive it. `memory` may be null: no bound.
  StandingSelections(const SeriesTable& table, const Shards& shards, std::shared_ptr<base::MemoryShare> memory);
  ~StandingSelections();

  // A range that reaches further back from the newest sample is not kept.
  static constexpr base::DurationMs kReachMax = base::Hours(1);

  struct Request {
    std::span<const metric::Matcher> matchers;
    base::TimestampMs min;  // Both inclusive.
    base::TimestampMs max;
    bool newest_only = false;
    std::uint64_t deletions = 0;  // So many have ended.
  };
  // Series with samples in the range, by label set; of each the newest one alone where that is at hand and all that is
  // wanted. Null: read afresh. `held`, which is to contain a pin that was made before the call, lives as long as the
  // set.
  [[nodiscard]] std::unique_ptr<SeriesSet> Select(const Request& request, std::shared_ptr<const void> held);

  // Forgets selections that nobody asked for during the last calls of this (some ten minutes of maintenance).
  void ForgetUnused();

 private:
  class Standing;

  [[nodiscard]] std::shared_ptr<Standing> Find(std::span<const metric::Matcher> matchers);

  const SeriesTable& table_;
  const Shards& shards_;
  const std::shared_ptr<base::MemoryShare> memory_;

  base::Mutex mu_;
  std::unordered_map<std::string, std::shared_ptr<Standing>> by_matchers_ BW_GUARDED_BY(mu_);
  std::uint64_t calls_ BW_GUARDED_BY(mu_) = 0;  // Of ForgetUnused.
};

}  // namespace bellwether::storage::head
