// rules/backtest/history_blocks.h
//
// Stored history as a replay reads it: the same selectors again and again, a step later each time. A selector is read
// for a stretch ahead at once, and steps are served from the columns; how far ahead, the number of samples decides.
// Answers are those of the store, but that series without samples in the range are left out. Native histograms, whose
// reset hints depend on where a range begins, are always read from the store.
//
// One thread. What the store takes in meanwhile may be missed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "rules/backtest/rule_reads.h"
#include "rules/backtest/series_columns.h"
#include "storage/storage.h"

namespace bellwether::rules {

class HistoryBlocks {
 public:
  // Series of the names in `hidden` are not there. Everything outlives the blocks.
  HistoryBlocks(storage::Storage& history, const NameSet& hidden, std::size_t samples_max)
      : history_(history), hidden_(hidden), samples_max_(samples_max) {}

  // Good until the next call.
  [[nodiscard]] std::unique_ptr<storage::SeriesSet> Select(std::span<const metric::Matcher> matchers,
                                                           base::TimestampMs min, base::TimestampMs max,
                                                           const storage::SelectHints& hints);

 private:
  struct Block {
    base::TimestampMs from = base::TimestampMs::Max();  // Covers [from, to].
    base::TimestampMs to = base::TimestampMs::Min();
    base::DurationMs ahead = base::Minutes(10);
    bool direct = false;  // Too large, or histograms: not kept.
    std::size_t samples = 0;
    std::uint64_t used = 0;
    std::vector<SeriesColumns> series;
  };

  base::Status Load(std::span<const metric::Matcher> matchers, base::TimestampMs min, base::TimestampMs max,
                    Block& block);
  void MakeRoom(const Block& kept);
  void Forget(Block& block);

  storage::Storage& history_;
  const NameSet& hidden_;
  const std::size_t samples_max_;
  std::map<std::string, Block> blocks_;  // By the text of the matchers.
  std::size_t samples_ = 0;              // Of all blocks.
  std::uint64_t uses_ = 0;
};

}  // namespace bellwether::rules
