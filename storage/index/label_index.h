// storage/index/label_index.h
//
// The posting lists of the head: label pairs, as ids of a string pool, to series. Changes and reads exclude each other;
// the owner holds the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "storage/index/posting_list.h"
#include "storage/index/resolve.h"
#include "storage/index/string_pool.h"

namespace bellwether::storage::index {

struct LabelIds {
  StringId name = kNoString;
  StringId value = kNoString;
};

class LabelIndex final : public PostingSource {
 public:
  // `strings` outlives the index; the ids handed in are in use there while they are here.
  explicit LabelIndex(const StringPool& strings) : strings_(strings), pairs_(1024) {}

  void Add(std::uint32_t series, std::span<const LabelIds> labels);
  void Remove(std::uint32_t series, std::span<const LabelIds> labels);

  // Many series at once into an empty index: series 0, 1, 2, ... have label_counts[i] labels each, given in `labels` as
  // places in `pairs`, whose elements differ.
  void Build(std::span<const LabelIds> pairs, std::span<const std::uint32_t> label_counts,
             std::span<const std::uint32_t> labels);

  [[nodiscard]] base::Status AddPostings(std::string_view name, std::string_view value, IdSet& out) const override;
  [[nodiscard]] base::Status AddMatching(std::string_view name, std::string_view prefix,
                                         const std::function<bool(std::string_view value)>& wanted,
                                         IdSet& out) const override;
  [[nodiscard]] base::Status AddAll(IdSet& out) const override;

  // Calls visit(name, number of its values, in no order).
  void ForEachName(const std::function<void(StringId name, std::size_t values)>& visit) const;
  void ForEachValue(StringId name, const std::function<void(StringId value, const PostingList& list)>& visit) const;

  [[nodiscard]] std::size_t pair_count() const { return pair_count_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Pair {
    LabelIds ids;                // No name: an empty place.
    std::uint32_t position = 0;  // In the values of the name.
    PostingList list;
  };
  static std::size_t Hash(LabelIds ids);
  [[nodiscard]] std::size_t Place(LabelIds ids) const;
  [[nodiscard]] const PostingList* Find(LabelIds ids) const;
  void Rehash(std::size_t places);
  Pair& FindOrInsert(LabelIds ids);
  void Erase(LabelIds ids);

  const StringPool& strings_;
  std::vector<Pair> pairs_;  // Open addressing, a power of two.
  std::size_t pair_count_ = 0;
  std::unordered_map<StringId, std::vector<StringId>> values_;  // By name, in no order.
  IdSet all_;
};

}  // namespace bellwether::storage::index
