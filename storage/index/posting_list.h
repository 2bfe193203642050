// storage/index/posting_list.h
//
// The series of one label value, ascending, in the form that suits their number: nothing, one id in place, an array up
// to 255, a roaring bitmap above. Eight bytes and what it points to: most values of a large store (instance, pod, path)
// belong to a handful of series, and a bitmap each would cost 144 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "storage/index/id_set.h"

namespace bellwether::storage::index {

class PostingList {
 public:
  PostingList() = default;
  PostingList(PostingList&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  PostingList& operator=(PostingList&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  PostingList(const PostingList&) = delete;
  PostingList& operator=(const PostingList&) = delete;
  ~PostingList() { Reset(); }

  // Ascending ids, each once.
  static PostingList FromAscending(std::span<const std::uint32_t> ids);

  void Add(std::uint32_t id);
  void Remove(std::uint32_t id);

  void UnionInto(IdSet& set) const;
  // Leaves in `set` only ids that are here.
  void IntersectInto(IdSet& set) const;
  [[nodiscard]] bool Intersects(const IdSet& set) const;
  // Fills `ids` with the least ones; returns how many there are of them.
  [[nodiscard]] std::size_t First(std::span<std::uint32_t> ids) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return word_ == 0; }
  [[nodiscard]] std::size_t heap_bytes() const;

 private:
  // The two low bits of word_ say what the rest is.
  enum Form : std::uintptr_t { kEmpty = 0, kOne = 1, kArray = 2, kBitmap = 3 };
  struct Array;

  [[nodiscard]] Form form() const { return static_cast<Form>(word_ & 3); }
  [[nodiscard]] std::uint32_t one() const { return static_cast<std::uint32_t>(word_ >> 2); }
  // NOLINTBEGIN(performance-no-int-to-ptr): the form stands in the two low bits of the pointer.
  [[nodiscard]] Array* array() const { return reinterpret_cast<Array*>(word_ & ~std::uintptr_t{3}); }
  [[nodiscard]] roaring_bitmap_t* bitmap() const {
    return reinterpret_cast<roaring_bitmap_t*>(word_ & ~std::uintptr_t{3});
  }
  // NOLINTEND(performance-no-int-to-ptr)
  void SetOne(std::uint32_t id) { word_ = std::uintptr_t{id} << 2 | kOne; }
  void SetArray(Array* a) { word_ = reinterpret_cast<std::uintptr_t>(a) | kArray; }
  void SetBitmap(roaring_bitmap_t* b) { word_ = reinterpret_cast<std::uintptr_t>(b) | kBitmap; }
  void AddToArray(std::uint32_t id);
  void Reset();

  std::uintptr_t word_ = 0;
};

}  // namespace bellwether::storage::index
