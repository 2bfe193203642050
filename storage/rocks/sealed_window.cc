#include "storage/rocks/sealed_window.h"

#include <fmt/format.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <numeric>

namespace bellwether::storage {

// An iterator and the bound it may not outlive.
struct BoundedIterator {
  explicit BoundedIterator(std::string end_key) : end(std::move(end_key)), bound(end) {}
  std::string end;
  rocksdb::Slice bound;
  std::unique_ptr<rocksdb::Iterator> it;
};

namespace {

constexpr std::size_t kScanReadahead = 1 << 20;

rocksdb::Slice ToSealedSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// The first string behind all that begin with `prefix`, whose last byte is not 0xff.
std::string EndOfPrefix(std::string prefix) {
  ++prefix.back();
  return prefix;
}

// Brings an iterator over ascending ordinals to the key of one: by a step if it is the next, else by a seek.
void MoveTo(rocksdb::Iterator& it, const std::string& key) {
  const rocksdb::Slice target = ToSealedSlice(key);
  if (it.Valid() && it.key().compare(target) < 0) it.Next();
  if (!it.Valid() || it.key() != target) it.Seek(target);
}

std::unique_ptr<BoundedIterator> OpenBounded(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string end,
                                             SealedWindow::Access access = SealedWindow::Access::kQuery) {
  auto bounded = std::make_unique<BoundedIterator>(std::move(end));
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bounded->bound;
  options.total_order_seek = true;
  if (access == SealedWindow::Access::kScan) {
    options.readahead_size = kScanReadahead;
    options.fill_cache = false;
  }
  bounded->it.reset(db.NewIterator(options, family));
  return bounded;
}

}  // namespace

base::Status SealedWindow::Damaged(std::string_view what) const {
  return base::Corruption(
      fmt::format("read sealed window {} generation {}: {}", entry_.key.window.number, entry_.key.generation, what));
}

class SealedWindow::LabelReaderImpl final : public LabelReader {
 public:
  LabelReaderImpl(const SealedWindow& window, Access access)
      : window_(window),
        bounded_(OpenBounded(window.database_->db(), window.database_->index(), WindowPrefixEnd(window.entry_.key),
                             access)) {}

  base::Result<metric::Labels> Read(std::uint32_t ordinal) override {
    const std::string key = SeriesKey(window_.entry_.key, ordinal);
    MoveTo(*bounded_->it, key);
    BW_RETURN_IF_ERROR(FromRocks(bounded_->it->status(), "read a series of a sealed window"));
    if (!bounded_->it->Valid() || bounded_->it->key() != ToSealedSlice(key)) {
      return window_.Damaged(fmt::format("series {} is missing", ordinal));
    }
    auto labels = metric::Labels::Decode(bounded_->it->value().ToStringView());
    if (!labels) return window_.Damaged(fmt::format("the labels of series {} are malformed", ordinal));
    return std::move(*labels);
  }

 private:
  const SealedWindow& window_;
  std::unique_ptr<BoundedIterator> bounded_;
};

class SealedWindow::ChunkReaderImpl final : public ChunkReader {
 public:
  ChunkReaderImpl(const SealedWindow& window, Access access)
      : window_(window),
        bounded_(OpenBounded(window.database_->db(), window.database_->data(), WindowPrefixEnd(window.entry_.key),
                             access)) {}

  base::Status Read(std::uint32_t ordinal, std::vector<chunk::ChunkView>& chunks) override {
    const std::string key = DataKey(window_.entry_.key, ordinal);
    MoveTo(*bounded_->it, key);
    BW_RETURN_IF_ERROR(FromRocks(bounded_->it->status(), "read chunks of a sealed window"));
    if (!bounded_->it->Valid() || bounded_->it->key() != ToSealedSlice(key)) {
      return window_.Damaged(fmt::format("the chunks of series {} are missing", ordinal));
    }
    const std::size_t before = chunks.size();
    if (!ReadChunks(bounded_->it->value().ToStringView(), chunks)) {
      return window_.Damaged(fmt::format("the chunks of series {} are malformed", ordinal));
    }
    return window_.deleted_.empty() ? base::OkStatus() : LeaveOutDeleted(ordinal, before, chunks);
  }

 private:
  base::Status LeaveOutDeleted(std::uint32_t ordinal, std::size_t begin, std::vector<chunk::ChunkView>& chunks) {
    cut_.clear();
    const std::vector<chunk::TimeRange> ranges = window_.deleted_.RangesOf(ordinal);
    if (ranges.empty()) return base::OkStatus();
    const std::vector<chunk::ChunkView> all(chunks.begin() + static_cast<std::ptrdiff_t>(begin), chunks.end());
    chunks.resize(begin);
    for (const chunk::ChunkView& view : all) {
      const auto overlaps = [&](const chunk::TimeRange& range) { return range.Overlaps(view.min, view.max); };
      const auto covers = [&](const chunk::TimeRange& range) { return range.Covers(view.min, view.max); };
      if (std::none_of(ranges.begin(), ranges.end(), overlaps)) {
        chunks.push_back(view);
      } else if (std::none_of(ranges.begin(), ranges.end(), covers)) {
        auto cut = chunk::CutOut(view, ranges);
        if (!cut) return window_.Damaged(fmt::format("a chunk of series {} is malformed", ordinal));
        if (cut->count > 0) chunks.push_back(cut_.emplace_back(std::move(*cut)).view());
      }
    }
    return base::OkStatus();
  }

  std::deque<chunk::CutChunk> cut_;  // What is left of chunks that are hidden in part, of the series read last.
  const SealedWindow& window_;
  std::unique_ptr<BoundedIterator> bounded_;
};

std::unique_ptr<SealedWindow::LabelReader> SealedWindow::NewLabelReader(Access access) const {
  return std::make_unique<LabelReaderImpl>(*this, access);
}

std::unique_ptr<SealedWindow::ChunkReader> SealedWindow::NewChunkReader(Access access) const {
  return std::make_unique<ChunkReaderImpl>(*this, access);
}

base::Result<bool> SealedWindow::ReadList(const std::string& key, Ordinals& ordinals) const {
  rocksdb::PinnableSlice bytes;
  const rocksdb::Status got = database_->db().Get({}, database_->index(), ToSealedSlice(key), &bytes);
  if (got.IsNotFound()) return false;
  if (!got.ok()) return FromRocks(got, "read a posting list of a sealed window");
  if (!ReadPostings(bytes.ToStringView(), entry_.series, ordinals)) return Damaged("a posting list is malformed");
  return true;
}

base::Result<SealedWindow::Ordinals> SealedWindow::PostingsOf(std::string_view name, std::string_view value) const {
  Ordinals ordinals;
  BW_RETURN_IF_ERROR(ReadList(PostingsKey(entry_.key, name, value), ordinals).status());
  return ordinals;
}

template <typename Wanted>
base::Result<SealedWindow::Ordinals> SealedWindow::PostingsWhere(std::string_view name, Wanted&& wanted) const {
  const std::string prefix = PostingsKey(entry_.key, name, {});
  const auto bounded = OpenBounded(database_->db(), database_->index(), SeriesPrefix(entry_.key));
  Ordinals ordinals;
  for (bounded->it->Seek(ToSealedSlice(prefix)); bounded->it->Valid(); bounded->it->Next()) {
    const std::string_view key = bounded->it->key().ToStringView();
    if (!key.starts_with(prefix)) break;
    if (!wanted(key.substr(prefix.size()))) continue;
    if (!ReadPostings(bounded->it->value().ToStringView(), entry_.series, ordinals))
      return Damaged("a posting list is malformed");
  }
  BW_RETURN_IF_ERROR(FromRocks(bounded->it->status(), "read posting lists of a sealed window"));
  std::sort(ordinals.begin(), ordinals.end());  // A series has one value of a name, so there are no doubles.
  return ordinals;
}

base::Result<SealedWindow::Ordinals> SealedWindow::Including(const metric::Matcher& matcher) const {
  if (matcher.op() == metric::MatchOp::kEqual) return PostingsOf(matcher.name(), matcher.value());
  return PostingsWhere(matcher.name(), [&](std::string_view value) { return matcher.Matches(value); });
}

base::Result<SealedWindow::Ordinals> SealedWindow::Excluded(const metric::Matcher& matcher) const {
  if (matcher.op() == metric::MatchOp::kNotEqual) return PostingsOf(matcher.name(), matcher.value());
  return PostingsWhere(matcher.name(), [&](std::string_view value) { return !matcher.Matches(value); });
}

base::Result<SealedWindow::Ordinals> SealedWindow::AliveIn(Ordinals ordinals, base::TimestampMs min,
                                                           base::TimestampMs max) const {
  if (min <= entry_.min && entry_.max <= max) return ordinals;
  const head::WindowId first = head::WindowOf(std::max(min, entry_.min), window_length_);
  const head::WindowId last = head::WindowOf(std::min(max, entry_.max), window_length_);
  Ordinals alive;
  for (head::WindowId part = first; part <= last; ++part.number) {
    BW_ASSIGN_OR_RETURN(const bool is_listed, ReadList(TimeKey(entry_.key, part), alive));
    if (!is_listed) return ordinals;  // All are alive in it.
  }
  std::sort(alive.begin(), alive.end());
  Ordinals rest;  // `alive` may name a series twice, `ordinals` does not.
  std::set_intersection(ordinals.begin(), ordinals.end(), alive.begin(), alive.end(), std::back_inserter(rest));
  return rest;
}

base::Result<SealedWindow::Ordinals> SealedWindow::Match(std::span<const metric::Matcher> matchers,
                                                         base::TimestampMs min, base::TimestampMs max) const {
  BW_ASSIGN_OR_RETURN(Ordinals found, MatchAtAnyTime(matchers));
  if (!deleted_.empty()) {
    std::erase_if(found, [&](std::uint32_t ordinal) { return deleted_.HidesAll(ordinal, entry_.min, entry_.max); });
  }
  if (entry_.span == 1 || found.empty()) return found;
  return AliveIn(std::move(found), min, max);
}

base::Result<SealedWindow::Ordinals> SealedWindow::MatchAtAnyTime(std::span<const metric::Matcher> matchers) const {
  std::optional<Ordinals> found;
  for (const metric::Matcher& matcher : matchers) {
    if (matcher.MatchesEmpty()) continue;
    BW_ASSIGN_OR_RETURN(Ordinals ordinals, Including(matcher));
    if (found) {
      Ordinals both;
      std::set_intersection(found->begin(), found->end(), ordinals.begin(), ordinals.end(), std::back_inserter(both));
      found = std::move(both);
    } else {
      found = std::move(ordinals);
    }
    if (found->empty()) return Ordinals();
  }
  if (!found) {
    found.emplace(static_cast<std::size_t>(entry_.series));
    std::iota(found->begin(), found->end(), 0u);
  }
  // A matcher that takes the absent label takes all series but those with a value it refuses.
  for (const metric::Matcher& matcher : matchers) {
    if (!matcher.MatchesEmpty() || found->empty()) continue;
    BW_ASSIGN_OR_RETURN(const Ordinals refused, Excluded(matcher));
    Ordinals rest;
    std::set_difference(found->begin(), found->end(), refused.begin(), refused.end(), std::back_inserter(rest));
    found = std::move(rest);
  }
  return std::move(*found);
}

base::Status SealedWindow::AddNames(std::set<std::string, std::less<>>& names) const {
  const std::string prefix = NamePrefix(entry_.key);
  const auto bounded = OpenBounded(database_->db(), database_->index(), EndOfPrefix(prefix));
  for (bounded->it->Seek(ToSealedSlice(prefix)); bounded->it->Valid(); bounded->it->Next()) {
    names.emplace(bounded->it->key().ToStringView().substr(prefix.size()));
  }
  return FromRocks(bounded->it->status(), "read the label names of a sealed window");
}

base::Status SealedWindow::AddValues(std::string_view name, std::set<std::string, std::less<>>& values) const {
  const std::string prefix = PostingsKey(entry_.key, name, {});
  const auto bounded = OpenBounded(database_->db(), database_->index(), SeriesPrefix(entry_.key));
  for (bounded->it->Seek(ToSealedSlice(prefix)); bounded->it->Valid(); bounded->it->Next()) {
    const std::string_view key = bounded->it->key().ToStringView();
    if (!key.starts_with(prefix)) break;
    values.emplace(key.substr(prefix.size()));
  }
  return FromRocks(bounded->it->status(), "read the label values of a sealed window");
}

}  // namespace bellwether::storage
