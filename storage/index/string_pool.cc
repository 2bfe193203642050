#include "storage/index/string_pool.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"

namespace bellwether::storage::index {

char* RecyclingArena::Allocate(std::size_t bytes) {
  const std::size_t size = Rounded(bytes);
  if (size > kLargestPiece) {
    memory_bytes_ += size;
    return blocks_.emplace_back(new char[size]).get();
  }
  auto& free = free_[size / kGrain];
  if (!free.empty()) {
    char* memory = free.back();
    free.pop_back();
    return memory;
  }
  if (left_ < size) {
    next_ = blocks_.emplace_back(new char[kBlockBytes]).get();
    left_ = kBlockBytes;
    memory_bytes_ += kBlockBytes;
  }
  char* memory = next_;
  next_ += size;
  left_ -= size;
  return memory;
}

void RecyclingArena::Free(char* memory, std::size_t bytes) {
  const std::size_t size = Rounded(bytes);
  if (size <= kLargestPiece) {
    free_[size / kGrain].push_back(memory);
    return;
  }
  memory_bytes_ -= size;
  std::erase_if(blocks_, [&](const auto& block) { return block.get() == memory; });
}

StringPool::StringPool() : table_(1024, kNoString) {}

// Where `text` is, or the empty place where it would be.
std::size_t StringPool::Bucket(std::string_view text) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = static_cast<std::size_t>(XXH3_64bits(text.data(), text.size())) & mask;
  while (table_[at] != kNoString && Get(table_[at]) != text) at = (at + 1) & mask;
  return at;
}

StringId StringPool::Find(std::string_view text) const { return table_[Bucket(text)]; }

StringId StringPool::Intern(std::string_view text) {
  std::size_t at = Bucket(text);
  if (table_[at] != kNoString) {
    ++entries_[table_[at]].uses;
    return table_[at];
  }
  if ((used_ + 1) * 4 > table_.size() * 3) {
    Rehash(table_.size() * 2);
    at = Bucket(text);
  }
  StringId id = ids_;
  if (free_ids_.empty()) {
    entries_.GrowTo(++ids_);
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  char* copy = arena_.Allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  entries_[id] = {copy, static_cast<std::uint32_t>(text.size()), 1};
  table_[at] = id;
  ++used_;
  return id;
}

bool StringPool::Release(StringId id) {
  Entry& entry = entries_[id];
  BW_DCHECK(entry.uses > 0);
  if (--entry.uses > 0) return false;
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = Bucket(Get(id));
  table_[hole] = kNoString;
  --used_;
  // What was pushed behind the hole by it moves up.
  for (std::size_t at = (hole + 1) & mask; table_[at] != kNoString; at = (at + 1) & mask) {
    const StringId moved = table_[at];
    table_[at] = kNoString;
    table_[Bucket(Get(moved))] = moved;
  }
  arena_.Free(const_cast<char*>(entry.text), entry.length);
  entry = Entry();
  free_ids_.push_back(id);
  return true;
}

void StringPool::Reserve(std::size_t strings) {
  std::size_t places = table_.size();
  while ((used_ + strings) * 4 > places * 3) places *= 2;
  if (places > table_.size()) Rehash(places);
}

void StringPool::Rehash(std::size_t places) {
  std::vector<StringId> old(places, kNoString);
  old.swap(table_);
  for (const StringId id : old) {
    if (id != kNoString) table_[Bucket(Get(id))] = id;
  }
}

std::size_t StringPool::memory_bytes() const {
  return arena_.memory_bytes() + entries_.memory_bytes() + table_.capacity() * sizeof(StringId);
}

}  // namespace bellwether::storage::index
