// base/memory_share.h
//
// A part of the process's memory that several holders take from, each counting the bytes it keeps. What would go beyond
// the part is refused to whoever asks, so that it is that one's error and not the end of the process.
//
//   MemoryHold hold(share);               // Gives everything back when it goes.
//   BW_RETURN_IF_ERROR(hold.Grow(bytes));
//
// MemoryShare is thread-safe and waits for nobody; a MemoryHold belongs to one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"

namespace bellwether::base {

class MemoryShare {
 public:
  // 0: no bound, it only counts. `refusal` is the message of what is refused.
  MemoryShare(std::uint64_t bytes_max, std::string refusal) : max_(bytes_max), refusal_(std::move(refusal)) {}

  // All of it or nothing. Error: kUnavailable.
  [[nodiscard]] Status Take(std::uint64_t bytes);
  void Release(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  // How often something was refused.
  [[nodiscard]] std::uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t max_;
  const std::string refusal_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> refusals_{0};
};

class MemoryHold {
 public:
  MemoryHold() = default;
  explicit MemoryHold(std::shared_ptr<MemoryShare> share) : share_(std::move(share)) {}  // Null: nothing is refused.
  MemoryHold(MemoryHold&& other) noexcept : share_(std::move(other.share_)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryHold& operator=(MemoryHold&& other) noexcept {
    std::swap(share_, other.share_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryHold() { ShrinkTo(0); }

  // Errors: those of MemoryShare::Take.
  [[nodiscard]] Status Grow(std::uint64_t bytes);
  // Without effect if it holds less.
  void ShrinkTo(std::uint64_t bytes);
  // Takes over what another of the same share holds.
  void Absorb(MemoryHold&& other) { bytes_ += std::exchange(other.bytes_, 0); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<MemoryShare> share_;
  std::uint64_t bytes_ = 0;
};

}  // namespace bellwether::base
