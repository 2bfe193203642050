// storage/index/string_pool.h
//
// The label dictionary: every name and value once, named by a small id. Strings are counted by their users and go when
// nobody is left; their space is used again by strings of like length, so a churn of pod names does not grow the pool.
//
// Threads: changes are for one thread at a time. Get may run beside them for an id that its caller knows to be in use:
// neither strings nor their entries ever move.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/index/paged_array.h"

namespace bellwether::storage::index {

using StringId = std::uint32_t;
inline constexpr StringId kNoString = 0xFFFFFFFF;

// Memory in pieces that do not move; what is given back is given out again for the same size.
class RecyclingArena {
 public:
  // Aligned to 4 bytes.
  [[nodiscard]] char* Allocate(std::size_t bytes);
  void Free(char* memory, std::size_t bytes);
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  static constexpr std::size_t kBlockBytes = 256u << 10;
  static constexpr std::size_t kGrain = 4;
  static constexpr std::size_t kLargestPiece = 2048;  // Larger ones are blocks of their own.

  static std::size_t Rounded(std::size_t bytes) { return (bytes + kGrain - 1) / kGrain * kGrain; }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t memory_bytes_ = 0;
  std::array<std::vector<char*>, kLargestPiece / kGrain + 1> free_;  // By size.
};

class StringPool {
 public:
  StringPool();

  // The id of `text`, counted once more.
  StringId Intern(std::string_view text);
  // Makes room for so many more strings.
  void Reserve(std::size_t strings);
  // Counts further uses of a string in use.
  void AddUses(StringId id, std::uint32_t uses) { entries_[id].uses += uses; }
  // The id, or kNoString. Not counted.
  [[nodiscard]] StringId Find(std::string_view text) const;
  // True if this was the last use; the id may come back for another string then.
  bool Release(StringId id);

  // Good while the string is in use.
  [[nodiscard]] std::string_view Get(StringId id) const {
    const Entry& entry = entries_[id];
    return {entry.text, entry.length};
  }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Entry {
    const char* text = nullptr;
    std::uint32_t length = 0;
    std::uint32_t uses = 0;
  };

  [[nodiscard]] std::size_t Bucket(std::string_view text) const;
  void Rehash(std::size_t places);

  RecyclingArena arena_;
  PagedArray<Entry> entries_;
  std::uint32_t ids_ = 0;  // Given out so far.
  std::vector<StringId> free_ids_;
  std::size_t used_ = 0;
  std::vector<StringId> table_;  // Open addressing, kNoString: empty. A power of two.
};

}  // namespace bellwether::storage::index
