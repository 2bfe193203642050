// storage/rocks/label_cache.h
//
// The label sets of sealed windows as they were read from disk, each once in memory however many windows have it. So a
// selection over many windows tells series apart by address, and compares labels only where windows differ.
//
// Windows never change, so nothing here goes out of date. When more is kept than the budget allows, all of it is let go
// at once and read again when it is asked for: plainer than choosing, and a query needs its label sets in memory
// anyway. All of it counts as memory of queries.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/memory_share.h"
#include "base/mutex.h"
#include "base/status.h"
#include "metric/labels.h"
#include "storage/rocks/sealed_window.h"

namespace bellwether::storage {

// What is known between one letting go and the next. Thread-safe.
class LabelSets {
 public:
  explicit LabelSets(std::shared_ptr<base::MemoryShare> memory) : memory_(std::move(memory)), hold_(memory_) {}

  // Good as long as the LabelSets; equal label sets have one address.
  using Addresses = std::vector<const metric::Labels*>;

  // Those of these series, in their order. Errors: kUnavailable (memory), kCorruption, kInternal (I/O).
  [[nodiscard]] base::Result<Addresses> Of(const std::shared_ptr<const SealedWindow>& window,
                                           const SealedWindow::Ordinals& ordinals);

  // False if a label set was seen that does not begin with the metric name: ordinals are then no order of label sets.
  [[nodiscard]] bool AllBeginWithName() const { return all_begin_with_name_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  // The addresses of one window by ordinal, in pages, since a query may want few of many.
  static constexpr std::size_t kPageSeries = 256;
  using Page = std::array<const metric::Labels*, kPageSeries>;
  using Table = std::vector<std::unique_ptr<Page>>;

  const metric::Labels* Intern(metric::Labels labels) BW_REQUIRES(mu_);
  Table& TableOf(const std::shared_ptr<const SealedWindow>& window) BW_REQUIRES(mu_);

  const std::shared_ptr<base::MemoryShare> memory_;
  std::atomic<bool> all_begin_with_name_{true};
  std::atomic<std::size_t> bytes_{0};

  base::Mutex mu_;
  base::MemoryHold hold_ BW_GUARDED_BY(mu_);  // At least bytes_, but for addresses of windows.
  std::deque<metric::Labels> sets_ BW_GUARDED_BY(mu_);
  std::unordered_map<std::string_view, const metric::Labels*> by_bytes_ BW_GUARDED_BY(mu_);
  // By owner: the address of a window that is gone may be another's, its weak pointer never is.
  std::map<std::weak_ptr<const SealedWindow>, Table, std::owner_less<>> tables_ BW_GUARDED_BY(mu_);
};

class LabelCache {
 public:
  // `memory` may be null.
  LabelCache(std::size_t bytes_max, std::shared_ptr<base::MemoryShare> memory)
      : bytes_max_(bytes_max), memory_(std::move(memory)), current_(std::make_shared<LabelSets>(memory_)) {}

  // For one selection, which holds it as long as it uses addresses.
  [[nodiscard]] std::shared_ptr<LabelSets> Current();

 private:
  const std::size_t bytes_max_;
  const std::shared_ptr<base::MemoryShare> memory_;

  base::Mutex mu_;
  std::shared_ptr<LabelSets> current_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::storage
