// storage/index/id_set.h
//
// A set of series ids: CRoaring's bitmap as a value. Ascending iteration, fast set operations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <roaring/roaring.h>

namespace bellwether::storage::index {

class IdSet {
 public:
  IdSet() : bitmap_(roaring_bitmap_create()) {}
  // Owns `bitmap` from now on.
  explicit IdSet(roaring_bitmap_t* bitmap) : bitmap_(bitmap) {}
  IdSet(IdSet&& other) noexcept : bitmap_(std::exchange(other.bitmap_, nullptr)) {}
  IdSet& operator=(IdSet&& other) noexcept {
    std::swap(bitmap_, other.bitmap_);
    return *this;
  }
  IdSet(const IdSet&) = delete;
  IdSet& operator=(const IdSet&) = delete;
  ~IdSet() {
    if (bitmap_ != nullptr) roaring_bitmap_free(bitmap_);
  }

  void Add(std::uint32_t id) { roaring_bitmap_add(bitmap_, id); }
  void AddMany(std::span<const std::uint32_t> ids) { roaring_bitmap_add_many(bitmap_, ids.size(), ids.data()); }
  // Ids in [begin, end).
  void AddRange(std::uint32_t begin, std::uint32_t end) { roaring_bitmap_add_range(bitmap_, begin, end); }
  void Remove(std::uint32_t id) { roaring_bitmap_remove(bitmap_, id); }
  void UnionWith(const IdSet& other) { roaring_bitmap_or_inplace(bitmap_, other.bitmap_); }
  void IntersectWith(const IdSet& other) { roaring_bitmap_and_inplace(bitmap_, other.bitmap_); }
  void Subtract(const IdSet& other) { roaring_bitmap_andnot_inplace(bitmap_, other.bitmap_); }

  [[nodiscard]] bool Contains(std::uint32_t id) const { return roaring_bitmap_contains(bitmap_, id); }
  [[nodiscard]] bool Intersects(const IdSet& other) const { return roaring_bitmap_intersect(bitmap_, other.bitmap_); }
  [[nodiscard]] bool empty() const { return roaring_bitmap_is_empty(bitmap_); }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(roaring_bitmap_get_cardinality(bitmap_)); }
  [[nodiscard]] std::vector<std::uint32_t> ToVector() const {
    std::vector<std::uint32_t> ids(size());
    roaring_bitmap_to_uint32_array(bitmap_, ids.data());
    return ids;
  }
  [[nodiscard]] const roaring_bitmap_t* bitmap() const { return bitmap_; }
  [[nodiscard]] roaring_bitmap_t* bitmap() { return bitmap_; }

 private:
  roaring_bitmap_t* bitmap_;
};

}  // namespace bellwether::storage::index
