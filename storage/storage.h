// storage/storage.h
//
// Samples in, series out. The seam between everything that appends or asks (ingest, promql, rules, api) and whatever
// keeps the data: the embedded store on RocksDB (the default), a complete small one in memory (tests, examples), a
// remote one later. storage/open.h makes them; the same contract test holds them all to what is promised here.
//
// Writing. An Appender collects what one request or one rule brings and Commit applies it. Order is decided per sample
// and per series, never against other series:
//   - newer than the newest of its series: always taken, however late it is (within retention);
//   - as old as the newest: the same bits again are a success without effect, other bits are refused (kDuplicate);
//   - older, but within the out-of-order window of its series: taken; where a sample of that time exists, that one
//   stays;
//   - older than that: refused (kOutOfOrder); older than the retention: refused (kTooOld);
//   - more than ten minutes ahead of the clock: refused (kTooFarInFuture).
// An appender for back-fill (AppendMode::kBackfill) takes older samples of any age within the retention: the
// out-of-order window does not bind it. Where a sample of that time stands, the same bits again are a success without
// effect, and other bits are refused (kDuplicate), also against what stands on disk.
// A refusal is an enumerator and a count; the other samples of the commit are kept. Commit(kDurable) returns after the
// sync that covers the samples; Commit(kVisible) may return earlier, Storage::Sync() makes up for it. Samples may be
// visible to readers before Commit returns. If Commit fails, nothing of it was acknowledged, and repeating the whole
// request is harmless. A series ref that an appender gave is good until its next Commit or Rollback: series without
// samples go away in time.
//
// Reading. A Querier sees the samples of [min, max], both inclusive, at the time of each Select; series come sorted by
// label set, samples by time, each time once, stale markers included; a series without samples in the range may be
// among them. Readers never wait for a sync.
//
// Threads: Storage is thread-safe. An Appender or Querier belongs to one thread; any number of them live at once.
//
// The road not taken: an append call for each sample, as Prometheus has it. Columns of refs and samples cost one
// virtual call a request instead of one a sample.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "metric/sample.h"
#include "metric/series_ref.h"

namespace bellwether::storage {

using metric::SeriesRef;

// Why a sample was not taken. Counted in bellwether_storage_refused_samples_total{reason}.
enum class Refusal : std::uint8_t {
  kNone,
  kDuplicate,       // Another value at the time of the newest sample.
  kOutOfOrder,      // Older than the out-of-order window of its series.
  kTooOld,          // Older than the retention.
  kTooFarInFuture,  // More than ten minutes ahead of the clock.
};
inline constexpr std::size_t kRefusals = 5;
[[nodiscard]] std::string_view RefusalName(Refusal reason);  // "duplicate", "out_of_order", ... for metric labels.

struct FloatSample {
  SeriesRef ref = SeriesRef::kNone;
  base::TimestampMs timestamp;
  double value = 0;
  base::TimestampMs start_timestamp;  // When the counter began; 0 if unknown.
};

struct HistogramSample {
  SeriesRef ref = SeriesRef::kNone;
  base::TimestampMs timestamp;
  const metric::NativeHistogram* histogram = nullptr;
  base::TimestampMs start_timestamp;
};

struct Exemplar {
  metric::Labels labels;
  double value = 0;
  base::TimestampMs timestamp;
  friend bool operator==(const Exemplar&, const Exemplar&) = default;
};

enum class MetricType : std::uint8_t {  // Numbered as on the wire.
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateSet = 7,
};
[[nodiscard]] std::string_view MetricTypeName(MetricType type);  // "counter", "gaugehistogram", ...

struct MetricMetadata {
  std::string metric;  // Family name.
  MetricType type = MetricType::kUnknown;
  std::string unit;
  std::string help;
  friend bool operator==(const MetricMetadata&, const MetricMetadata&) = default;
};

enum class Durability : std::uint8_t {
  kDurable,   // Commit returns when the samples are durable.
  kDeferred,  // It returns before: Storage::WaitDurable says when, and that is when a sender may be answered.
  kVisible,   // Nobody waits.
};

// Whose samples an appender brings: a sender's or a rule's of now, or history. See above.
enum class AppendMode : std::uint8_t { kLive, kBackfill };

struct CommitResult {
  std::uint64_t floats = 0;  // Taken, repeats of the same sample included.
  std::uint64_t histograms = 0;
  std::uint64_t exemplars = 0;
  std::array<std::uint64_t, kRefusals> refused{};

  // The first refusal, for the words of the answer.
  struct First {
    Refusal reason = Refusal::kNone;
    metric::Labels labels;
    base::TimestampMs timestamp;
    double existing = 0;  // kDuplicate of floats: what is stored, what was sent.
    double sent = 0;
  };
  std::optional<First> first_refused;

  // Of the store, for WaitDurable.
  std::uint64_t sequence = 0;
  std::int64_t begun_nanos = 0;  // Of the store's monotonic clock.

  [[nodiscard]] std::uint64_t TotalRefused() const;
};

// Collects a request; see above. What is handed to the Append functions as spans, and the histograms pointed to, must
// live until Commit or Rollback. Usable again after either.
class Appender {
 public:
  virtual ~Appender() = default;

  // Series by the bytes by which a sender names them, without taking them apart: `aliases` are the label bytes as they
  // came (one wire format, one encoding each; several aliases may name one series). Writes the ref of each, kNone where
  // the bytes are new: resolve those with FindOrCreate, which remembers the alias. `refs` is as long as `aliases`.
  virtual void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) = 0;

  // The series of a valid, non-empty label set. Creating it becomes durable with the commit.
  // Errors: kLimitExceeded (series limit), kOverloaded (no memory for a new series), kUnavailable (disk).
  virtual base::Result<SeriesRef> FindOrCreate(const metric::Labels& labels, std::string_view alias = {}) = 0;

  // Samples of one series are judged in the order handed in, all floats of a commit before its histograms.
  virtual void Append(std::span<const FloatSample> samples) = 0;
  virtual void AppendHistograms(std::span<const HistogramSample> samples) = 0;
  // Kept in a ring in memory; never fails a commit.
  virtual void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) = 0;
  virtual void SetMetadata(const MetricMetadata& metadata) = 0;

  // Errors: kUnavailable (disk full, shutting down), kInternal (I/O): nothing is acknowledged then.
  virtual base::Result<CommitResult> Commit(Durability durability) = 0;
  // Forgets what was appended. Series that were created may stay, without samples.
  virtual void Rollback() = 0;
};

// A run of samples of one series, as columns of equal length: floats or histograms, never both. Times ascend over all
// batches of a series. The views are good until the next call on the cursor.
struct SampleBatch {
  std::span<const base::TimestampMs> timestamps;
  std::span<const double> values;                              // Empty for a run of histograms.
  std::span<const metric::NativeHistogram* const> histograms;  // Empty for a run of floats.
  std::span<const base::TimestampMs> start_timestamps;         // Empty: none is known.
};

// The samples of one series. Reset hints of histograms: kGauge for gauges, kNotReset for a counter that continues the
// sample before it (which for the first may lie up to five minutes before the range), else kUnknown (reset, change of
// schema, zero threshold or bounds, after a stale marker, after floats). The same however the samples are kept.
class SampleCursor {
 public:
  virtual ~SampleCursor() = default;
  // False at the end or on an error (see status). A batch is never empty.
  virtual bool Next(SampleBatch& batch) = 0;
  [[nodiscard]] virtual base::Status status() const = 0;
};

// The series of a Select, by label set.
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  // False at the end or on an error (see status).
  virtual bool Next() = 0;
  // Of the current series, good until Next.
  [[nodiscard]] virtual const metric::Labels& labels() const = 0;
  // A cursor over the current series' samples in the querier's range; good until Next. May be asked for again.
  virtual SampleCursor& samples() = 0;
  [[nodiscard]] virtual base::Status status() const = 0;
};

struct SelectHints {
  base::TimestampMs min = base::TimestampMs::Min();  // Narrower than the querier's range, inclusive.
  base::TimestampMs max = base::TimestampMs::Max();
  std::size_t limit = 0;     // Series at most; 0: all.
  bool labels_only = false;  // Samples will not be read.
  bool newest_only = false;  // Of each series the newest sample in the range will be read, without its start: where
                             // that is at hand, the cursor may give it alone.
  bool asked_again = false;  // The same matchers will be asked again, for a range that moved on with time: what was
                             // found is worth keeping. Never of influence on the answer.
};

// Matchers are joined by and; at least one must not match the empty string unless the caller wants every series.
class Querier {
 public:
  virtual ~Querier() = default;
  // Never null; errors are in the set's status.
  virtual std::unique_ptr<SeriesSet> Select(std::span<const metric::Matcher> matchers,
                                            const SelectHints& hints = {}) = 0;
  // Sorted; of series that match (all, if there are no matchers) and may have samples in the range. `limit` 0: all.
  virtual base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher> matchers,
                                                            std::size_t limit = 0) = 0;
  virtual base::Result<std::vector<std::string>> LabelValues(std::string_view name,
                                                             std::span<const metric::Matcher> matchers,
                                                             std::size_t limit = 0) = 0;
};

struct ExemplarSeries {
  metric::Labels labels;
  std::vector<Exemplar> exemplars;  // By time.
};

struct NameCount {
  std::string name;
  std::uint64_t value = 0;
};

// What /api/v1/status/tsdb and /metrics tell.
struct StorageStats {
  std::uint64_t series = 0;  // In memory now.
  std::uint64_t label_pairs = 0;
  std::uint64_t chunks = 0;
  std::optional<base::TimestampMs> min_time;
  std::optional<base::TimestampMs> max_time;
  std::uint64_t disk_bytes = 0;
  std::vector<NameCount> series_by_metric;  // Descending, at most `limit` each.
  std::vector<NameCount> values_by_label;
  std::vector<NameCount> value_bytes_by_label;  // Length of the value, once for each series that carries it.
  std::vector<NameCount> series_by_label_pair;  // "label=value"
};

class StorageAdmin;  // storage/admin.h

class Storage {
 public:
  virtual ~Storage() = default;

  [[nodiscard]] virtual std::unique_ptr<Appender> NewAppender(AppendMode mode) = 0;
  [[nodiscard]] std::unique_ptr<Appender> NewAppender() { return NewAppender(AppendMode::kLive); }
  // The samples of [min, max], both inclusive.
  [[nodiscard]] virtual std::unique_ptr<Querier> NewQuerier(base::TimestampMs min, base::TimestampMs max) = 0;

  // Returns after everything committed so far is durable.
  virtual base::Status Sync() = 0;
  // Returns after what was committed as kDeferred is durable. Errors: those of Commit.
  virtual base::Status WaitDurable(const CommitResult& /*committed*/) { return Sync(); }

  // Exemplars in [min, max] of series that match any of the selectors, by label set.
  [[nodiscard]] virtual base::Result<std::vector<ExemplarSeries>> Exemplars(
      base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) = 0;
  // Of one metric, or of all if empty; by metric name.
  [[nodiscard]] virtual std::vector<MetricMetadata> Metadata(std::string_view metric) const = 0;

  [[nodiscard]] virtual StorageStats Stats(std::size_t limit) const = 0;
  // The time stamp of the newest sample taken since start from a sender (not from rules, nor from back-fill); nothing
  // before the first.
  [[nodiscard]] virtual std::optional<base::TimestampMs> NewestSample() const = 0;

  // Background work that is due now (sealing, retention), in the caller's thread; the store's own thread calls it too.
  virtual base::Status Maintain() = 0;

  // What an operator does with the store: deletion, copies, checks. Null where none of it is offered.
  [[nodiscard]] virtual StorageAdmin* admin() { return nullptr; }
};

}  // namespace bellwether::storage
