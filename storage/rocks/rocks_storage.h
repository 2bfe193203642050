// storage/rocks/rocks_storage.h
//
// The embedded store: storage.h on one directory.
//
//   LOCK      held by the running process
//   journal/  what was acknowledged and is not sealed yet (docs/formats/journal.md)
//   db/       RocksDB: sealed windows (docs/formats/windows.md), their catalogue, the state store
//   seal/, merge/  files of a seal or a merge under way
//
// Shutting down writes nothing but the journal's queue: opening after a clean stop and after kill -9 is the same work.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "base/mutex.h"
#include "storage/rocks/rocks_admin.h"
#include "storage/rocks/rocks_core.h"
#include "storage/rocks/sealer.h"
#include "storage/rocks/window_merger.h"
#include "storage/storage.h"

namespace bellwether::storage {

class RocksStorage final : public Storage {
 public:
  explicit RocksStorage(std::unique_ptr<RocksCore> core);
  ~RocksStorage() override;

  using Storage::NewAppender;
  [[nodiscard]] std::unique_ptr<Appender> NewAppender(AppendMode mode) override;
  [[nodiscard]] std::unique_ptr<Querier> NewQuerier(base::TimestampMs min, base::TimestampMs max) override;
  base::Status Sync() override;
  base::Status WaitDurable(const CommitResult& committed) override;
  [[nodiscard]] base::Result<std::vector<ExemplarSeries>> Exemplars(
      base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) override;
  [[nodiscard]] std::vector<MetricMetadata> Metadata(std::string_view metric) const override;
  [[nodiscard]] StorageStats Stats(std::size_t limit) const override;
  [[nodiscard]] std::optional<base::TimestampMs> NewestSample() const override;
  base::Status Maintain() override;
  [[nodiscard]] StorageAdmin* admin() override { return &admin_; }

 private:
  void RunBackground(const std::stop_token& stop);
  [[nodiscard]] base::Status SealAndMeasure() BW_REQUIRES(maintain_mu_);
  bool SealOrLog(bool& freed);                    // Sets `freed` if windows left the head.
  [[nodiscard]] base::Result<bool> MergeSlice();  // False if there is nothing to merge.
  // Something is to be sealed now; says whether commits have to wait for it.
  [[nodiscard]] bool IsSealPressing();
  [[nodiscard]] base::Status TakeSnapshot() BW_REQUIRES(maintain_mu_);
  void SetGauges();
  void MeasureDiskIfDue();

  const std::unique_ptr<RocksCore> core_;
  std::atomic<std::uint64_t> disk_bytes_{0};  // As measured last.
  base::Mutex maintain_mu_;  // Held for a whole run: one at a time. Guards no data of readers or writers.
  Sealer sealer_ BW_GUARDED_BY(maintain_mu_);
  WindowMerger merger_ BW_GUARDED_BY(maintain_mu_);
  std::optional<std::int64_t> disk_measured_ns_;  // By the constructor and Maintain, one at a time.
  RocksAdmin admin_;
  std::jthread background_;
};

}  // namespace bellwether::storage
