#include "storage/index/posting_list.h"

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace bellwether::storage::index {

struct PostingList::Array {
  std::uint16_t size = 0;
  std::uint16_t capacity = 0;
  std::uint32_t ids[1];

  static constexpr std::uint16_t kIdsMax = 255;

  static Array* Resize(Array* old, std::uint16_t capacity) {
    auto* a = static_cast<Array*>(std::realloc(old, sizeof(Array) + (capacity - 1u) * sizeof(std::uint32_t)));
    BW_CHECK(a != nullptr);
    if (old == nullptr) a->size = 0;
    a->capacity = capacity;
    return a;
  }
  [[nodiscard]] std::span<const std::uint32_t> view() const { return {ids, size}; }
  [[nodiscard]] std::uint32_t* end() { return ids + size; }
};

void PostingList::Reset() {
  if (form() == kArray) std::free(array());
  if (form() == kBitmap) roaring_bitmap_free(bitmap());
  word_ = 0;
}

PostingList PostingList::FromAscending(std::span<const std::uint32_t> ids) {
  PostingList list;
  if (ids.size() == 1) {
    list.SetOne(ids[0]);
  } else if (ids.size() > Array::kIdsMax) {
    list.SetBitmap(roaring_bitmap_of_ptr(ids.size(), ids.data()));
  } else if (!ids.empty()) {
    Array* a = Array::Resize(nullptr, static_cast<std::uint16_t>(ids.size()));
    std::copy(ids.begin(), ids.end(), a->ids);
    a->size = static_cast<std::uint16_t>(ids.size());
    list.SetArray(a);
  }
  return list;
}

void PostingList::Add(std::uint32_t id) {
  switch (form()) {
    case kEmpty: SetOne(id); return;
    case kOne: {
      const std::uint32_t first = one();
      if (first == id) return;
      Array* a = Array::Resize(nullptr, 3);
      a->size = 2;
      a->ids[0] = std::min(first, id);
      a->ids[1] = std::max(first, id);
      SetArray(a);
      return;
    }
    case kArray: AddToArray(id); return;
    case kBitmap: roaring_bitmap_add(bitmap(), id); return;
  }
}

void PostingList::AddToArray(std::uint32_t id) {
  Array* a = array();
  std::uint32_t* place = std::lower_bound(a->ids, a->end(), id);
  if (place != a->end() && *place == id) return;
  if (a->size == Array::kIdsMax) {
    roaring_bitmap_t* b = roaring_bitmap_of_ptr(a->size, a->ids);
    roaring_bitmap_add(b, id);
    std::free(a);
    SetBitmap(b);
    return;
  }
  if (a->size == a->capacity) {
    const auto before = place - a->ids;
    a = Array::Resize(a, static_cast<std::uint16_t>(std::min<int>(Array::kIdsMax, a->capacity + a->capacity / 2 + 1)));
    SetArray(a);
    place = a->ids + before;
  }
  std::copy_backward(place, a->end(), a->end() + 1);
  *place = id;
  ++a->size;
}

void PostingList::Remove(std::uint32_t id) {
  switch (form()) {
    case kEmpty: return;
    case kOne:
      if (one() == id) Reset();
      return;
    case kArray: {
      Array* a = array();
      std::uint32_t* place = std::lower_bound(a->ids, a->end(), id);
      if (place == a->end() || *place != id) return;
      std::copy(place + 1, a->end(), place);
      if (--a->size > 1) return;
      const std::uint32_t last = a->ids[0];
      Reset();
      SetOne(last);
      return;
    }
    case kBitmap:
      roaring_bitmap_remove(bitmap(), id);
      if (roaring_bitmap_is_empty(bitmap())) Reset();
      return;
  }
}

void PostingList::UnionInto(IdSet& set) const {
  switch (form()) {
    case kEmpty: return;
    case kOne: set.Add(one()); return;
    case kArray: set.AddMany(array()->view()); return;
    case kBitmap: roaring_bitmap_or_inplace(set.bitmap(), bitmap()); return;
  }
}

void PostingList::IntersectInto(IdSet& set) const {
  if (form() == kBitmap) {
    roaring_bitmap_and_inplace(set.bitmap(), bitmap());
    return;
  }
  IdSet mine;
  UnionInto(mine);
  set.IntersectWith(mine);
}

bool PostingList::Intersects(const IdSet& set) const {
  switch (form()) {
    case kEmpty: return false;
    case kOne: return set.Contains(one());
    case kArray: {
      const auto ids = array()->view();
      return std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) { return set.Contains(id); });
    }
    case kBitmap: return roaring_bitmap_intersect(set.bitmap(), bitmap());
  }
  return false;
}

std::size_t PostingList::First(std::span<std::uint32_t> ids) const {
  const std::size_t n = std::min(ids.size(), size());
  switch (form()) {
    case kEmpty: break;
    case kOne:
      if (n > 0) ids[0] = one();
      break;
    case kArray: std::copy_n(array()->ids, n, ids.begin()); break;
    case kBitmap: roaring_bitmap_range_uint32_array(bitmap(), 0, n, ids.data()); break;
  }
  return n;
}

std::size_t PostingList::size() const {
  switch (form()) {
    case kEmpty: return 0;
    case kOne: return 1;
    case kArray: return array()->size;
    case kBitmap: return static_cast<std::size_t>(roaring_bitmap_get_cardinality(bitmap()));
  }
  return 0;
}

std::size_t PostingList::heap_bytes() const {
  if (form() == kArray) return sizeof(Array) + array()->capacity * sizeof(std::uint32_t);
  if (form() == kBitmap) return roaring_bitmap_portable_size_in_bytes(bitmap());
  return 0;
}

}  // namespace bellwether::storage::index
