// storage/rocks/rocks_admin.h
//
// storage/admin.h for the embedded store.
//
// A deletion has two halves. Of the head: a record in the journal, at the place among the commits where it happened, so
// that replay forgets what the head forgot. Of the sealed windows: tombstones beside their entries in the catalogue.
// Maintenance waits meanwhile, so no sample is between the two.
#pragma once

#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/admin.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

class RocksAdmin final : public StorageAdmin {
 public:
  // `maintenance` is held by whoever seals, merges or forgets windows, and here. Both outlive this.
  RocksAdmin(RocksCore& core, base::Mutex& maintenance) : core_(core), maintenance_(maintenance) {}

  base::Status DeleteSeries(base::TimestampMs min, base::TimestampMs max, SelectorSpan selectors) override;
  base::Status CleanTombstones() override;
  base::Result<std::string> Snapshot(SnapshotContent content) override;
  base::Result<VerifyReport> Verify() override;
  base::Result<CardinalityReport> Analyze(std::size_t limit) override;
  [[nodiscard]] std::vector<SealedWindowInfo> SealedWindows() const override;

 private:
  [[nodiscard]] base::Status DeleteRecent(const chunk::TimeRange& range, SelectorSpan selectors);
  void VerifyWindows(VerifyReport& report);
  [[nodiscard]] base::Status DeleteSealed(const chunk::TimeRange& range, SelectorSpan selectors);
  [[nodiscard]] base::Status ForgetNewest(const SealedWindow& window, const SealedWindow::Ordinals& ordinals,
                                          const chunk::TimeRange& range);

  RocksCore& core_;
  base::Mutex& maintenance_;
};

}  // namespace bellwether::storage
