#include "storage/index/label_index.h"

#include <utility>

namespace bellwether::storage::index {

std::size_t LabelIndex::Hash(LabelIds ids) {
  std::uint64_t x = std::uint64_t{ids.name} << 32 | ids.value;
  x *= 0x9E3779B97F4A7C15ULL;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ULL;
  return static_cast<std::size_t>(x ^ x >> 29);
}

// Where the pair is, or the empty place where it would be.
std::size_t LabelIndex::Place(LabelIds ids) const {
  const std::size_t mask = pairs_.size() - 1;
  std::size_t at = Hash(ids) & mask;
  while (pairs_[at].ids.name != kNoString && (pairs_[at].ids.name != ids.name || pairs_[at].ids.value != ids.value)) {
    at = (at + 1) & mask;
  }
  return at;
}

const PostingList* LabelIndex::Find(LabelIds ids) const {
  if (ids.name == kNoString || ids.value == kNoString) return nullptr;
  const Pair& pair = pairs_[Place(ids)];
  return pair.ids.name == kNoString ? nullptr : &pair.list;
}

void LabelIndex::Rehash(std::size_t places) {
  std::vector<Pair> old(places);
  old.swap(pairs_);
  for (Pair& pair : old) {
    if (pair.ids.name != kNoString) pairs_[Place(pair.ids)] = std::move(pair);
  }
}

LabelIndex::Pair& LabelIndex::FindOrInsert(LabelIds ids) {
  if ((pair_count_ + 1) * 4 > pairs_.size() * 3) Rehash(pairs_.size() * 2);
  Pair& pair = pairs_[Place(ids)];
  if (pair.ids.name == kNoString) {
    pair.ids = ids;
    ++pair_count_;
    std::vector<StringId>& values = values_[ids.name];
    pair.position = static_cast<std::uint32_t>(values.size());
    values.push_back(ids.value);
  }
  return pair;
}

void LabelIndex::Add(std::uint32_t series, std::span<const LabelIds> labels) {
  all_.Add(series);
  for (const LabelIds& ids : labels) FindOrInsert(ids).list.Add(series);
}

// The lists are laid out one behind another by a counting sort, and each is made in one piece.
void LabelIndex::Build(std::span<const LabelIds> pairs, std::span<const std::uint32_t> label_counts,
                       std::span<const std::uint32_t> labels) {
  std::vector<std::uint32_t> ends(pairs.size() + 1);
  for (const std::uint32_t pair : labels) ++ends[pair + 1];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<std::uint32_t> lists(labels.size());
  std::size_t at = 0;
  for (std::uint32_t series = 0; series < label_counts.size(); ++series) {
    for (const std::uint32_t pair : labels.subspan(at, label_counts[series])) lists[ends[pair]++] = series;
    at += label_counts[series];
  }
  std::size_t places = pairs_.size();
  while (pairs.size() * 4 > places * 3) places *= 2;
  if (places > pairs_.size()) Rehash(places);
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::uint32_t end = ends[i];
    if (end > begin) {
      FindOrInsert(pairs[i]).list = PostingList::FromAscending(std::span(lists).subspan(begin, end - begin));
    }
    begin = end;
  }
  all_.AddRange(0, static_cast<std::uint32_t>(label_counts.size()));
}

void LabelIndex::Remove(std::uint32_t series, std::span<const LabelIds> labels) {
  all_.Remove(series);
  for (const LabelIds& ids : labels) {
    Pair& pair = pairs_[Place(ids)];
    if (pair.ids.name == kNoString) continue;
    pair.list.Remove(series);
    if (pair.list.empty()) Erase(ids);
  }
}

void LabelIndex::Erase(LabelIds ids) {
  const std::size_t mask = pairs_.size() - 1;
  const std::size_t hole = Place(ids);
  const auto values = values_.find(ids.name);
  const StringId last = values->second.back();
  values->second[pairs_[hole].position] = last;
  pairs_[Place({ids.name, last})].position = pairs_[hole].position;
  values->second.pop_back();
  if (values->second.empty()) values_.erase(values);
  pairs_[hole] = Pair();
  --pair_count_;
  for (std::size_t at = (hole + 1) & mask; pairs_[at].ids.name != kNoString; at = (at + 1) & mask) {
    Pair moved = std::exchange(pairs_[at], Pair());
    pairs_[Place(moved.ids)] = std::move(moved);
  }
}

base::Status LabelIndex::AddPostings(std::string_view name, std::string_view value, IdSet& out) const {
  const PostingList* list = Find({strings_.Find(name), strings_.Find(value)});
  if (list != nullptr) list->UnionInto(out);
  return {};
}

void LabelIndex::ForEachValue(StringId name,
                              const std::function<void(StringId value, const PostingList& list)>& visit) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return;
  for (const StringId value : found->second) visit(value, *Find({name, value}));
}

base::Status LabelIndex::AddMatching(std::string_view name, std::string_view prefix,
                                     const std::function<bool(std::string_view value)>& wanted, IdSet& out) const {
  const StringId id = strings_.Find(name);
  if (id == kNoString) return {};
  ForEachValue(id, [&](StringId value, const PostingList& list) {
    const std::string_view text = strings_.Get(value);
    if (text.starts_with(prefix) && wanted(text)) list.UnionInto(out);
  });
  return {};
}

base::Status LabelIndex::AddAll(IdSet& out) const {
  out.UnionWith(all_);
  return {};
}

void LabelIndex::ForEachName(const std::function<void(StringId name, std::size_t values)>& visit) const {
  for (const auto& [name, values] : values_) visit(name, values.size());
}

std::size_t LabelIndex::memory_bytes() const {
  std::size_t bytes = pairs_.capacity() * sizeof(Pair);
  for (const Pair& pair : pairs_) bytes += pair.list.heap_bytes();
  for (const auto& [name, values] : values_)
    bytes += sizeof(std::vector<StringId>) + values.capacity() * sizeof(StringId);
  return bytes;
}

}  // namespace bellwether::storage::index
