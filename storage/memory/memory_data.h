// storage/memory/memory_data.h
//
// What the in-memory store holds: maps and nothing clever, one mutex for all of it. It is the fake of everybody else's
// tests and the model that the real store is compared with, so plainness comes before speed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "storage/head/exemplar_ring.h"
#include "storage/head/order_policy.h"
#include "storage/metadata_table.h"
#include "storage/open.h"
#include "storage/storage.h"

namespace bellwether::storage::memory {

struct MemorySample {
  double value = 0;
  std::shared_ptr<const metric::NativeHistogram> histogram;  // Null: a float.
  base::TimestampMs start_timestamp;
};

struct MemorySeries {
  metric::Labels labels;
  base::TimestampMs newest = head::kNoSample;  // Outlives the sample itself.
  MemorySample newest_sample;
  std::map<base::TimestampMs, MemorySample> samples;
};

struct MemoryData {
  MemoryData(const StorageOptions& opts, base::Clock& time, base::MetricsRegistry& metrics);

  const StorageOptions options;
  base::Clock& clock;
  std::array<base::Counter*, kRefusals> refused{};
  head::ExemplarRing exemplars;
  MetadataTable metadata;

  mutable base::Mutex mu;
  std::uint64_t last_ref BW_GUARDED_BY(mu) = 0;
  std::map<SeriesRef, MemorySeries> series BW_GUARDED_BY(mu);
  std::map<metric::Labels, SeriesRef> by_labels BW_GUARDED_BY(mu);
  std::map<std::string, SeriesRef, std::less<>> by_alias BW_GUARDED_BY(mu);
  std::optional<base::TimestampMs> newest_sample BW_GUARDED_BY(mu);
  std::uint64_t refs_in_use BW_GUARDED_BY(mu) = 0;  // Appenders that hold refs: no series goes away meanwhile.
};

[[nodiscard]] bool MatchesAll(const metric::Labels& labels, std::span<const metric::Matcher> matchers);

[[nodiscard]] std::unique_ptr<Appender> NewMemoryAppender(MemoryData& data, AppendMode mode);
[[nodiscard]] std::unique_ptr<Querier> NewMemoryQuerier(const MemoryData& data, base::TimestampMs min,
                                                        base::TimestampMs max);

}  // namespace bellwether::storage::memory
