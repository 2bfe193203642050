#include "storage/head/alias_table.h"

#include <algorithm>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"

namespace bellwether::storage::head {
namespace {

using metric::SeriesRef;

// So many hashes are made, and their places asked for from memory, before the first is looked at.
constexpr std::size_t kAliasBatch = 32;

}  // namespace

AliasTable::AliasTable(std::uint64_t seed) {
  static_assert(kSecretBytes == XXH3_SECRET_DEFAULT_SIZE);
  XXH3_generateSecret_fromSeed(secret_.data(), seed);
}

AliasTable::Entry AliasTable::EntryOf(std::string_view alias, SeriesRef ref) const {
  const XXH128_hash_t hash = XXH3_128bits_withSecret(alias.data(), alias.size(), secret_.data(), kSecretBytes);
  Entry entry;
  entry.high = hash.high64;
  entry.middle = static_cast<std::uint16_t>(hash.low64);
  if (ref != SeriesRef::kNone) {
    const SeriesPlace place = PlaceOf(ref);
    entry.generation = place.generation;
    entry.slot_plus_one = place.slot + 1;
  }
  return entry;
}

SeriesRef AliasTable::Probe(const Entry& wanted) const {
  const std::vector<Entry>& entries = tables_[TableOf(wanted)].entries;
  if (entries.empty()) return SeriesRef::kNone;
  const std::size_t mask = entries.size() - 1;
  for (std::size_t at = wanted.high & mask;; at = (at + 1) & mask) {
    const Entry& entry = entries[at];
    if (entry.slot_plus_one == 0) return SeriesRef::kNone;
    if (entry.high == wanted.high && entry.middle == wanted.middle) {
      return RefOf({entry.slot_plus_one - 1, entry.generation});
    }
  }
}

void AliasTable::Find(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) const {
  BW_CHECK(aliases.size() == refs.size());
  std::array<Entry, kAliasBatch> wanted;
  const base::ReaderLock lock(mu_);
  for (std::size_t begin = 0; begin < aliases.size(); begin += kAliasBatch) {
    const std::size_t n = std::min(kAliasBatch, aliases.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      wanted[i] = EntryOf(aliases[begin + i], SeriesRef::kNone);
      const std::vector<Entry>& entries = tables_[TableOf(wanted[i])].entries;
      if (!entries.empty()) __builtin_prefetch(&entries[wanted[i].high & (entries.size() - 1)]);
    }
    for (std::size_t i = 0; i < n; ++i) refs[begin + i] = Probe(wanted[i]);
  }
}

SeriesRef AliasTable::Find(std::string_view alias) const {
  const Entry wanted = EntryOf(alias, SeriesRef::kNone);
  const base::ReaderLock lock(mu_);
  return Probe(wanted);
}

void AliasTable::Rehash(Table& table, std::size_t places) {
  std::vector<Entry> old(places);
  old.swap(table.entries);
  table.used = 0;
  for (const Entry& moved : old) {
    if (moved.slot_plus_one != 0) Insert(moved);
  }
}

void AliasTable::Reserve(std::size_t aliases) {
  const std::size_t each = aliases / kTables + aliases / kTables / 16 + 16;  // Hashes do not spread quite evenly.
  std::size_t places = 16;
  while (each * 3 > places * 2) places *= 2;
  const base::WriterLock lock(mu_);
  for (Table& table : tables_) {
    if (table.entries.size() < places) Rehash(table, places);
  }
}

void AliasTable::Insert(const Entry& entry) {
  Table& table = tables_[TableOf(entry)];
  if ((table.used + 1) * 3 > table.entries.size() * 2) {
    Rehash(table, std::max<std::size_t>(16, table.entries.size() * 2));
  }
  const std::size_t mask = table.entries.size() - 1;
  std::size_t at = entry.high & mask;
  while (table.entries[at].slot_plus_one != 0) {
    if (table.entries[at].high == entry.high && table.entries[at].middle == entry.middle) {
      table.entries[at] = entry;
      return;
    }
    at = (at + 1) & mask;
  }
  table.entries[at] = entry;
  ++table.used;
}

void AliasTable::Set(std::string_view alias, SeriesRef ref) {
  const Entry entry = EntryOf(alias, ref);
  const base::WriterLock lock(mu_);
  Insert(entry);
}

void AliasTable::Remove(std::string_view alias) {
  const Entry gone = EntryOf(alias, SeriesRef::kNone);
  const base::WriterLock lock(mu_);
  Table& table = tables_[TableOf(gone)];
  if (table.entries.empty()) return;
  const std::size_t mask = table.entries.size() - 1;
  std::size_t at = gone.high & mask;
  for (;; at = (at + 1) & mask) {
    if (table.entries[at].slot_plus_one == 0) return;
    if (table.entries[at].high == gone.high && table.entries[at].middle == gone.middle) break;
  }
  table.entries[at] = Entry();
  --table.used;
  // What was pushed behind the hole by it moves up.
  for (at = (at + 1) & mask; table.entries[at].slot_plus_one != 0; at = (at + 1) & mask) {
    const Entry moved = std::exchange(table.entries[at], Entry());
    --table.used;
    Insert(moved);
  }
}

void AliasTable::RemoveIf(const std::function<bool(std::uint32_t slot)>& gone) {
  for (std::size_t t = 0; t < kTables; ++t) {
    const base::WriterLock lock(mu_);
    Table& table = tables_[t];
    std::vector<Entry> kept;
    for (const Entry& entry : table.entries) {
      if (entry.slot_plus_one != 0 && !gone(entry.slot_plus_one - 1)) kept.push_back(entry);
    }
    if (kept.size() == table.used) continue;
    std::fill(table.entries.begin(), table.entries.end(), Entry());
    table.used = 0;
    for (const Entry& entry : kept) Insert(entry);
  }
}

std::size_t AliasTable::memory_bytes() const {
  const base::ReaderLock lock(mu_);
  std::size_t bytes = 0;
  for (const Table& table : tables_) bytes += table.entries.capacity() * sizeof(Entry);
  return bytes;
}

}  // namespace bellwether::storage::head
