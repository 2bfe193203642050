// storage/head/alias_table.h
//
// From the bytes by which a series is named to the series: the raw label bytes of each sender's encoding, and the label
// set's own. Only hashes are kept, 80 bits of a seeded XXH3-128: with ten million names two
// collide with a chance of 1e-10, and the seed keeps anybody from choosing two that do. No string is built or compared.
//
// Thread-safe. Spread over many small tables, so that growing one holds up the others' finders hardly at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "metric/series_ref.h"

namespace bellwether::storage::head {

// Slot and generation in one number, see series.h.
struct SeriesPlace {
  std::uint32_t slot = 0;
  std::uint16_t generation = 0;
};

constexpr metric::SeriesRef RefOf(SeriesPlace place) {
  return metric::SeriesRef{std::uint64_t{place.generation} << 32 | (std::uint64_t{place.slot} + 1)};
}
constexpr SeriesPlace PlaceOf(metric::SeriesRef ref) {
  const auto bits = static_cast<std::uint64_t>(ref);
  return {static_cast<std::uint32_t>(bits) - 1, static_cast<std::uint16_t>(bits >> 32)};
}

class AliasTable {
 public:
  explicit AliasTable(std::uint64_t seed);

  // The series of each alias, kNone where there is none.
  void Find(std::span<const std::string_view> aliases, std::span<metric::SeriesRef> refs) const;
  [[nodiscard]] metric::SeriesRef Find(std::string_view alias) const;
  // Adds the alias, or leads it elsewhere.
  void Set(std::string_view alias, metric::SeriesRef ref);
  // Makes room for so many aliases in all.
  void Reserve(std::size_t aliases);
  void Remove(std::string_view alias);
  // Removes all aliases of some slots; walks the whole table.
  void RemoveIf(const std::function<bool(std::uint32_t slot)>& gone);

  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Entry {
    std::uint64_t high = 0;
    std::uint16_t middle = 0;
    std::uint16_t generation = 0;
    std::uint32_t slot_plus_one = 0;  // 0: empty.
  };
  struct Table {
    std::vector<Entry> entries;  // Empty, or a power of two.
    std::size_t used = 0;
  };
  static constexpr std::size_t kTables = 64;

  [[nodiscard]] Entry EntryOf(std::string_view alias, metric::SeriesRef ref) const;
  [[nodiscard]] metric::SeriesRef Probe(const Entry& wanted) const BW_REQUIRES_SHARED(mu_);
  void Insert(const Entry& entry) BW_REQUIRES(mu_);
  void Rehash(Table& table, std::size_t places) BW_REQUIRES(mu_);
  static std::size_t TableOf(const Entry& entry) { return entry.middle % kTables; }

  // Of the hash, from the seed: hashing with a seed makes this anew for every long input.
  static constexpr std::size_t kSecretBytes = 192;
  alignas(64) std::array<char, kSecretBytes> secret_;

  mutable base::SharedMutex mu_;
  std::array<Table, kTables> tables_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::storage::head
