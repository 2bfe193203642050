#include "storage/rocks/catalogue.h"

#include <fmt/format.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/bytes.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

base::Result<std::optional<std::string>> GetMeta(Database& database, std::string_view key) {
  std::string value;
  const rocksdb::Status got = database.db().Get({}, database.meta(), rocksdb::Slice(key.data(), key.size()), &value);
  if (got.IsNotFound()) return std::optional<std::string>();
  if (!got.ok()) return FromRocks(got, "read the catalogue");
  return std::optional<std::string>(std::move(value));
}

base::Result<std::optional<std::uint64_t>> GetMetaNumber(Database& database, std::string_view key) {
  BW_ASSIGN_OR_RETURN(const std::optional<std::string> value, GetMeta(database, key));
  if (!value) return std::optional<std::uint64_t>();
  std::string_view in = *value;
  std::uint64_t number = 0;
  if (!base::ReadVarint(in, number) || !in.empty()) {
    return base::Corruption(fmt::format("read the catalogue: the value of {} is malformed", key));
  }
  return std::optional<std::uint64_t>(number);
}

rocksdb::Status PutMeta(Database& database, rocksdb::WriteBatch& batch, std::string_view key, std::string_view value) {
  return batch.Put(database.meta(), rocksdb::Slice(key.data(), key.size()), rocksdb::Slice(value.data(), value.size()));
}

base::Result<Tombstones> ReadTombstones(Database& database, const WindowKey& key) {
  BW_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, GetMeta(database, TombstonesKey(key)));
  if (!bytes) return Tombstones();
  auto tombstones = Tombstones::Decode(*bytes);
  if (!tombstones) {
    return base::Corruption(fmt::format("read the catalogue: the tombstones of window {} generation {} are malformed",
                                        key.window.number, key.generation));
  }
  return std::move(*tombstones);
}

std::string MetaNumber(std::uint64_t number) {
  std::string value;
  base::AppendVarint(value, number);
  return value;
}

}  // namespace

base::Result<std::unique_ptr<Catalogue>> Catalogue::Load(std::shared_ptr<Database> database,
                                                         base::DurationMs window_length) {
  std::unique_ptr<Catalogue> catalogue(new Catalogue(std::move(database), window_length));
  BW_RETURN_IF_ERROR(catalogue->ReadAll());
  BW_RETURN_IF_ERROR(catalogue->DropOrphans());
  return catalogue;
}

base::Status Catalogue::CheckFormat() {
  BW_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> format, GetMetaNumber(*database_, kCatalogueFormat));
  BW_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> length, GetMetaNumber(*database_, kCatalogueLength));
  if (!length) {
    rocksdb::WriteBatch batch;
    const std::string milliseconds = MetaNumber(static_cast<std::uint64_t>(window_length_.ms));
    BW_RETURN_IF_ERROR(FromRocks(PutMeta(*database_, batch, kCatalogueLength, milliseconds), "begin a catalogue"));
    BW_RETURN_IF_ERROR(
        FromRocks(PutMeta(*database_, batch, kCatalogueFormat, MetaNumber(kWindowFormat)), "begin a catalogue"));
    return WriteSynced(*database_, batch, "begin a catalogue");
  }
  if (format.value_or(1) != kWindowFormat) {
    return base::InvalidArgument(fmt::format("the store has windows of format {}, this version reads format {} alone",
                                             format.value_or(1), kWindowFormat));
  }
  if (*length == static_cast<std::uint64_t>(window_length_.ms)) return base::OkStatus();
  return base::InvalidArgument(fmt::format("the store has windows of {} ms, not of {} ms", *length, window_length_.ms));
}

base::Status Catalogue::ReadAll() {
  BW_RETURN_IF_ERROR(CheckFormat());
  BW_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> mark, GetMetaNumber(*database_, kCatalogueMark));
  BW_ASSIGN_OR_RETURN(std::optional<std::string> metadata, GetMeta(*database_, kCatalogueMetadata));
  if (metadata) loaded_metadata_ = std::move(*metadata);
  WindowList list;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db().NewIterator({}, database_->meta()));
  const rocksdb::Slice prefix(kCatalogueWindows.data(), kCatalogueWindows.size());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    WindowEntry entry;
    if (!DecodeWindowEntry(it->key().ToStringView(), it->value().ToStringView(), entry)) {
      return base::Corruption("read the catalogue: malformed entry " + it->key().ToString(true));
    }
    BW_ASSIGN_OR_RETURN(Tombstones deleted, ReadTombstones(*database_, entry.key));
    list.push_back(std::make_shared<SealedWindow>(database_, entry, window_length_, std::move(deleted)));
  }
  SealedThrough sealed_through;
  const rocksdb::Slice sealed_prefix(kCatalogueSealed.data(), kCatalogueSealed.size());
  for (it->Seek(sealed_prefix); it->Valid() && it->key().starts_with(sealed_prefix); it->Next()) {
    head::WindowId window;
    std::uint64_t segment = 0;
    if (!DecodeSealedThrough(it->key().ToStringView(), it->value().ToStringView(), window, segment)) {
      return base::Corruption("read the catalogue: malformed entry " + it->key().ToString(true));
    }
    sealed_through[window] = segment;
  }
  BW_RETURN_IF_ERROR(FromRocks(it->status(), "read the catalogue"));
  const base::MutexLock lock(mu_);
  mark_ = mark.value_or(1);
  sealed_through_ = std::move(sealed_through);
  Publish(std::move(list));
  return base::OkStatus();
}

base::Status Catalogue::DropOrphans() {
  std::set<WindowKey> named;
  for (const auto& window : *windows()) named.insert(window->entry().key);
  for (const WindowKey& key : GenerationsOnDisk(*database_)) {
    if (!named.contains(key)) BW_RETURN_IF_ERROR(DropGeneration(*database_, key));
  }
  return base::OkStatus();
}

std::shared_ptr<const WindowList> Catalogue::windows() const {
  const base::MutexLock lock(mu_);
  return current_;
}

std::uint64_t Catalogue::mark() const {
  const base::MutexLock lock(mu_);
  return mark_;
}

SealedThrough Catalogue::sealed_through() const {
  const base::MutexLock lock(mu_);
  return sealed_through_;
}

bool Catalogue::OlderReadersGone(std::uint64_t version) const {
  const base::MutexLock lock(mu_);
  return std::none_of(replaced_.begin(), replaced_.end(),
                      [&](const auto& list) { return list.first < version && !list.second.expired(); });
}

std::uint32_t Catalogue::NextGeneration(head::WindowId window) const {
  const base::MutexLock lock(mu_);
  std::uint32_t next = 0;
  for (const auto& w : *current_) {
    if (w->entry().key.window == window) next = std::max(next, w->entry().key.generation + 1);
  }
  // The files of a generation that was forgotten may still be there.
  for (const Removed& r : removed_) {
    if (r.key.window == window) next = std::max(next, r.key.generation + 1);
  }
  for (const WindowKey& key : reserved_) {
    if (key.window == window) next = std::max(next, key.generation + 1);
  }
  return next;
}

WindowKey Catalogue::ReserveGeneration(head::WindowId window) {
  const WindowKey key{window, NextGeneration(window)};
  const base::MutexLock lock(mu_);
  reserved_.push_back(key);
  return key;
}

void Catalogue::Unreserve(const WindowKey& key) {
  const base::MutexLock lock(mu_);
  std::erase(reserved_, key);
}

void Catalogue::Hold(const std::vector<WindowKey>& keys) {
  const base::MutexLock lock(mu_);
  held_.insert(keys.begin(), keys.end());
}

void Catalogue::Release(const std::vector<WindowKey>& keys) {
  const base::MutexLock lock(mu_);
  for (const WindowKey& key : keys) held_.erase(held_.find(key));
}

bool Catalogue::Contains(head::WindowId window) const {
  const base::MutexLock lock(mu_);
  return std::any_of(current_->begin(), current_->end(),
                     [&](const auto& w) { return w->entry().key.window <= window && window <= w->entry().last(); });
}

bool Catalogue::HasRemoved() const {
  const base::MutexLock lock(mu_);
  return !removed_.empty();
}

std::uint64_t Catalogue::Publish(WindowList list) {
  if (current_ != nullptr) replaced_.emplace_back(version_, current_);
  current_ = std::make_shared<const WindowList>(std::move(list));
  std::erase_if(replaced_, [](const auto& old) { return old.second.expired(); });
  return ++version_;
}

base::Result<std::uint64_t> Catalogue::Swap(const std::vector<WindowEntry>& added,
                                            const std::vector<WindowKey>& forgotten, std::uint64_t journal_end) {
  rocksdb::WriteBatch batch;
  for (const WindowEntry& entry : added) {
    rocksdb::Status put = PutMeta(*database_, batch, CatalogueKey(entry.key), EncodeWindowEntry(entry));
    if (put.ok() && journal_end > 0) {
      put = PutMeta(*database_, batch, SealedThroughKey(entry.key.window), MetaNumber(journal_end));
    }
    BW_RETURN_IF_ERROR(FromRocks(put, "name a sealed window"));
  }
  for (const WindowKey& key : forgotten) {
    for (const std::string& name : {CatalogueKey(key), TombstonesKey(key)}) {
      BW_RETURN_IF_ERROR(FromRocks(batch.Delete(database_->meta(), name), "forget a sealed window"));
    }
  }
  BW_RETURN_IF_ERROR(WriteSynced(*database_, batch, "change the catalogue of sealed windows"));
  const base::MutexLock lock(mu_);
  WindowList list = *current_;
  std::erase_if(list, [&](const auto& w) {
    return std::find(forgotten.begin(), forgotten.end(), w->entry().key) != forgotten.end();
  });
  for (const WindowEntry& entry : added) {
    if (journal_end > 0) sealed_through_[entry.key.window] = journal_end;
    list.push_back(std::make_shared<SealedWindow>(database_, entry, window_length_));
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a->entry().key < b->entry().key; });
  const std::uint64_t version = Publish(std::move(list));
  for (const WindowKey& key : forgotten) removed_.push_back({key, version});
  return version;
}

base::Status Catalogue::SetTombstones(const std::vector<std::pair<WindowKey, Tombstones>>& deleted) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, tombstones] : deleted) {
    const rocksdb::Status put = PutMeta(*database_, batch, TombstonesKey(key), tombstones.Encode());
    BW_RETURN_IF_ERROR(FromRocks(put, "note a deletion"));
  }
  BW_RETURN_IF_ERROR(WriteSynced(*database_, batch, "note a deletion"));
  const base::MutexLock lock(mu_);
  WindowList list = *current_;
  for (auto& window : list) {
    const auto changed = std::find_if(deleted.begin(), deleted.end(),
                                      [&](const auto& entry) { return entry.first == window->entry().key; });
    if (changed != deleted.end()) window = window->WithTombstones(changed->second);
  }
  Publish(std::move(list));
  return base::OkStatus();
}

base::Status Catalogue::DropRemoved() {
  std::vector<Removed> removed;
  {
    const base::MutexLock lock(mu_);
    std::copy_if(removed_.begin(), removed_.end(), std::back_inserter(removed),
                 [&](const Removed& r) BW_REQUIRES(mu_) { return !held_.contains(r.key); });
  }
  for (const Removed& r : removed) {
    if (!OlderReadersGone(r.version)) continue;
    BW_RETURN_IF_ERROR(DropGeneration(*database_, r.key));
    const base::MutexLock lock(mu_);
    std::erase_if(removed_, [&](const Removed& other) { return other.key == r.key; });
  }
  return base::OkStatus();
}

base::Status Catalogue::SetMark(std::uint64_t segment, std::string_view metadata) {
  rocksdb::WriteBatch batch;
  BW_RETURN_IF_ERROR(FromRocks(PutMeta(*database_, batch, kCatalogueMark, MetaNumber(segment)), "move the mark"));
  BW_RETURN_IF_ERROR(FromRocks(PutMeta(*database_, batch, kCatalogueMetadata, metadata), "move the mark"));
  const SealedThrough sealed = sealed_through();
  for (const auto& [window, journal_end] : sealed) {
    if (journal_end >= segment) continue;  // Concerns what can still be read.
    BW_RETURN_IF_ERROR(FromRocks(batch.Delete(database_->meta(), SealedThroughKey(window)), "move the mark"));
  }
  BW_RETURN_IF_ERROR(WriteSynced(*database_, batch, "move the journal's mark"));
  const base::MutexLock lock(mu_);
  mark_ = segment;
  std::erase_if(sealed_through_, [&](const auto& entry) { return entry.second < segment; });
  return base::OkStatus();
}

}  // namespace bellwether::storage
