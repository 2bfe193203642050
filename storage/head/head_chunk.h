// storage/head/head_chunk.h
//
// A closed chunk in the head: one allocation, never changed, shared by count with readers that are still at it when its
// window is dropped. The list of a series' chunks runs through `next`, which belongs to the shard's mutex.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "storage/chunk/chunk_view.h"

namespace bellwether::storage::head {

class HeadChunk {
 public:
  HeadChunk* next = nullptr;  // Made before this one.
  bool late = false;          // Samples that came out of order; may overlap other chunks.
  bool taken = false;         // Passed by in a TakenWindow: goes with the window.

  // With one reference, the caller's.
  static HeadChunk* New(const chunk::ChunkView& content);

  void Ref() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Unref();

  [[nodiscard]] chunk::ChunkView view() const {
    return {std::string_view(reinterpret_cast<const char*>(this + 1), size_), min_, max_, count_};
  }
  [[nodiscard]] base::TimestampMs min() const { return min_; }
  [[nodiscard]] base::TimestampMs max() const { return max_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t memory_bytes() const { return sizeof(HeadChunk) + size_; }

 private:
  HeadChunk() = default;
  ~HeadChunk() = default;

  std::atomic<std::uint32_t> references_{1};
  std::uint32_t size_ = 0;
  std::uint32_t count_ = 0;
  base::TimestampMs min_;
  base::TimestampMs max_;
};

// One reference.
class ChunkRef {
 public:
  explicit ChunkRef(HeadChunk* chunk) : chunk_(chunk) { chunk_->Ref(); }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef&& other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ChunkRef(const ChunkRef&) = delete;
  ChunkRef& operator=(const ChunkRef&) = delete;
  ~ChunkRef() {
    if (chunk_ != nullptr) chunk_->Unref();
  }
  [[nodiscard]] chunk::ChunkView view() const { return chunk_->view(); }

 private:
  HeadChunk* chunk_;
};

}  // namespace bellwether::storage::head
