// storage/index/paged_array.h
//
// An array that grows by pages and never moves an element. One thread grows it; others may meanwhile read elements that
// they learned of through some lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace bellwether::storage::index {

template <typename T, std::size_t kPageElements = 1024>
class PagedArray {
 public:
  static constexpr std::size_t kElementsMax = std::size_t{1} << 28;

  PagedArray() : pages_(static_cast<std::atomic<T*>*>(std::calloc(kPagesMax, sizeof(std::atomic<T*>)))) {
    BW_CHECK(pages_ != nullptr);
  }
  ~PagedArray() {
    for (std::size_t i = 0; i < page_count_; ++i) delete[] pages_.get()[i].load(std::memory_order_relaxed);
  }
  PagedArray(const PagedArray&) = delete;
  PagedArray& operator=(const PagedArray&) = delete;

  // Makes elements [0, n) exist; new ones are value-initialized.
  void GrowTo(std::size_t n) {
    BW_CHECK(n <= kElementsMax);
    for (; page_count_ * kPageElements < n; ++page_count_) {
      pages_.get()[page_count_].store(new T[kPageElements](), std::memory_order_release);
    }
  }

  [[nodiscard]] T& operator[](std::size_t i) { return Page(i)[i % kPageElements]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return Page(i)[i % kPageElements]; }
  [[nodiscard]] std::size_t memory_bytes() const { return page_count_ * kPageElements * sizeof(T); }

 private:
  static constexpr std::size_t kPagesMax = kElementsMax / kPageElements;
  struct FreeMemory {
    void operator()(void* memory) const { std::free(memory); }
  };

  [[nodiscard]] T* Page(std::size_t i) const { return pages_.get()[i / kPageElements].load(std::memory_order_acquire); }

  const std::unique_ptr<std::atomic<T*>, FreeMemory> pages_;  // Zero pages of the kernel until used.
  std::size_t page_count_ = 0;
};

}  // namespace bellwether::storage::index
