// storage/contract/storage_contract.h
//
// The contract of storage.h as tests, for every store. A store's own test instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StorageContractTest, testing::Values(StorageMaker{"memory", ...}), MakerName);
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "storage/open.h"
#include "storage/storage.h"

namespace bellwether::storage::contract {

// A store and what must live as long as it.
struct OpenStore {
  std::shared_ptr<void> rest;
  std::unique_ptr<Storage> storage;
};

struct StorageMaker {
  std::string name;
  // options.path is an empty directory of the test's own, or the one of the store closed before.
  std::function<OpenStore(const StorageOptions&, base::Clock&, base::MetricsRegistry&)> open;
  bool keeps = false;  // What was committed is there again when the store is opened anew.
  // Back-fill that contradicts an older sample than the newest is refused as a duplicate rather than left unread.
  bool counts_late_duplicates = true;
};

inline std::string MakerName(const testing::TestParamInfo<StorageMaker>& info) { return info.param.name; }

// One sample as read; `histogram` is empty for a float.
struct ReadSample {
  std::int64_t t = 0;
  std::uint64_t value_bits = 0;
  std::vector<metric::NativeHistogram> histogram;
  std::int64_t start = 0;
  friend bool operator==(const ReadSample&, const ReadSample&) = default;
};
void PrintTo(const ReadSample& sample, std::ostream* out);

struct ReadSeries {
  metric::Labels labels;
  std::vector<ReadSample> samples;
  friend bool operator==(const ReadSeries&, const ReadSeries&) = default;
};
void PrintTo(const ReadSeries& series, std::ostream* out);

[[nodiscard]] ReadSample Float(std::int64_t t, double value, std::int64_t start = 0);

// The series that match and have samples in [min, max], checked on the way: sorted, ascending, columns of one length.
[[nodiscard]] std::vector<ReadSeries> ReadAll(Storage& storage, std::vector<metric::Matcher> matchers,
                                              base::TimestampMs min = base::TimestampMs::Min(),
                                              base::TimestampMs max = base::TimestampMs::Max(),
                                              const SelectHints& hints = {});

// Of each of these series the newest sample, without its start, where only that is asked for.
[[nodiscard]] std::vector<ReadSeries> ReadNewest(Storage& storage, std::vector<metric::Matcher> matchers,
                                                 base::TimestampMs min = base::TimestampMs::Min(),
                                                 base::TimestampMs max = base::TimestampMs::Max());

// A histogram with `count` observations in each of two buckets.
[[nodiscard]] metric::NativeHistogram SmallHistogram(double count, std::int32_t schema = 0);

class StorageContractTest : public testing::TestWithParam<StorageMaker> {
 protected:
  StorageContractTest();
  ~StorageContractTest() override;

  // Opens with `options_`, closing what was open: the store must then show the same if it keeps its data.
  void Open();
  // Closes and opens a store that keeps; of others nothing.
  void Restart();
  // The same from a copy of the directory as it stands while the store is open: what kill -9 leaves.
  void RestartAsKilled();
  Storage& storage() { return *store_.storage; }

  // Appends and commits, floats before histograms; the result is checked to be OK.
  CommitResult Write(const metric::Labels& labels, const std::vector<ReadSample>& samples,
                     Durability durability = Durability::kDurable, AppendMode mode = AppendMode::kLive);
  CommitResult Backfill(const metric::Labels& labels, const std::vector<ReadSample>& samples) {
    return Write(labels, samples, Durability::kDurable, AppendMode::kBackfill);
  }
  std::vector<ReadSample> Samples(const metric::Labels& labels, std::int64_t min = INT64_MIN,
                                  std::int64_t max = INT64_MAX);

  static constexpr std::int64_t kNow = 1'700'000'000'000;  // Not at a window's start.

  StorageOptions options_;
  base::SimulatedClock clock_{base::TimestampMs(kNow)};
  base::MetricsRegistry metrics_;
  OpenStore store_;
};

}  // namespace bellwether::storage::contract
