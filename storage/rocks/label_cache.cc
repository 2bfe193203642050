#include "storage/rocks/label_cache.h"

#include <fmt/format.h>

namespace bellwether::storage {
namespace {

// What a label set takes beside its bytes: itself and its entry in the map.
constexpr std::size_t kEntryBytes = 2 * sizeof(metric::Labels) + 64;

constexpr std::uint64_t kGrainBytes = 64u << 10;

}  // namespace

const metric::Labels* LabelSets::Intern(metric::Labels labels) {
  const auto known = by_bytes_.find(labels.bytes());
  if (known != by_bytes_.end()) return known->second;
  if (labels.empty() || labels.begin()->name != metric::kMetricName) {
    all_begin_with_name_.store(false, std::memory_order_relaxed);
  }
  bytes_.fetch_add(labels.bytes().size() + kEntryBytes, std::memory_order_relaxed);
  const metric::Labels& kept = sets_.emplace_back(std::move(labels));
  by_bytes_.emplace(kept.bytes(), &kept);
  return &kept;
}

LabelSets::Table& LabelSets::TableOf(const std::shared_ptr<const SealedWindow>& window) {
  Table& table = tables_[window];
  if (table.empty()) {
    table.resize(static_cast<std::size_t>(window->entry().series) / kPageSeries + 1);
    bytes_.fetch_add(table.size() * sizeof(table[0]), std::memory_order_relaxed);
  }
  return table;
}

base::Result<LabelSets::Addresses> LabelSets::Of(const std::shared_ptr<const SealedWindow>& window,
                                                 const SealedWindow::Ordinals& ordinals) {
  Addresses found(ordinals.size());
  std::vector<std::size_t> missing;  // Positions.
  {
    const base::MutexLock lock(mu_);
    const Table& table = TableOf(window);
    for (std::size_t i = 0; i < ordinals.size(); ++i) {
      if (ordinals[i] >= window->entry().series) {
        return base::Corruption(fmt::format("read sealed window {}: there is no series {}",
                                            window->entry().key.window.number, ordinals[i]));
      }
      const Page* page = table[ordinals[i] / kPageSeries].get();
      if (page != nullptr) found[i] = (*page)[ordinals[i] % kPageSeries];
      if (found[i] == nullptr) missing.push_back(i);
    }
  }
  if (missing.empty()) return found;

  SealedWindow::Ordinals unknown;
  for (const std::size_t i : missing) unknown.push_back(ordinals[i]);
  std::vector<metric::Labels> read;
  base::MemoryHold reading(memory_);
  std::uint64_t read_bytes = 0;
  base::Status room;
  BW_RETURN_IF_ERROR(window->ForLabels(unknown, [&](std::uint32_t, metric::Labels labels) {
    read_bytes += labels.bytes().size() + kEntryBytes;
    if (room.ok() && read_bytes > reading.bytes()) room = reading.Grow(read_bytes - reading.bytes() + kGrainBytes);
    if (room.ok()) read.push_back(std::move(labels));
  }));
  BW_RETURN_IF_ERROR(std::move(room));
  const base::MutexLock lock(mu_);
  Table& table = TableOf(window);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    std::unique_ptr<Page>& page = table[unknown[i] / kPageSeries];
    if (page == nullptr) {
      page = std::make_unique<Page>();
      bytes_.fetch_add(sizeof(Page), std::memory_order_relaxed);
    }
    found[missing[i]] = (*page)[unknown[i] % kPageSeries] = Intern(std::move(read[i]));
  }
  hold_.Absorb(std::move(reading));
  hold_.ShrinkTo(bytes_.load(std::memory_order_relaxed) + kGrainBytes);
  return found;
}

std::shared_ptr<LabelSets> LabelCache::Current() {
  std::shared_ptr<LabelSets> full;  // Destroyed without the lock, by the last who uses it.
  const base::MutexLock lock(mu_);
  if (current_->bytes() > bytes_max_) full = std::exchange(current_, std::make_shared<LabelSets>(memory_));
  return current_;
}

}  // namespace bellwether::storage
