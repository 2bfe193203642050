#include "storage/rocks/verify_window.h"

#include <fmt/format.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "metric/labels.h"
#include "storage/chunk/chunk.h"

namespace bellwether::storage {
namespace {

constexpr std::size_t kVerifyReadahead = 2u << 20;
constexpr std::size_t kKindAt = kWindowPrefixBytes;  // Of the byte that says what an index key is.

// Goes over the keys of one generation in a column family. A block that cannot be read is told and stepped over.
class GenerationScan {
 public:
  GenerationScan(Database& database, rocksdb::ColumnFamilyHandle* family, const WindowKey& key)
      : end_(WindowPrefixEnd(key)), bound_(end_) {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    options.total_order_seek = true;
    options.readahead_size = kVerifyReadahead;
    options.iterate_upper_bound = &bound_;
    it_.reset(database.db().NewIterator(options, family));
    it_->Seek(WindowPrefix(key));
  }

  [[nodiscard]] bool AtKey() const { return it_->Valid(); }
  [[nodiscard]] base::Status status() const { return FromRocks(it_->status(), "read the database"); }
  [[nodiscard]] std::string_view key() const { return it_->key().ToStringView(); }
  [[nodiscard]] std::string_view value() const { return it_->value().ToStringView(); }
  void Next() { it_->Next(); }
  void Seek(const std::string& key) { it_->Seek(key); }

 private:
  const std::string end_;
  const rocksdb::Slice bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

std::string SeriesText(const metric::Labels& labels) { return labels.ToMetricString(); }

class WindowVerifier {
 public:
  WindowVerifier(Database& database, const WindowEntry& entry, base::DurationMs window_length, VerifyReport& report)
      : database_(database),
        entry_(entry),
        window_length_(window_length),
        report_(report),
        damage_(report, fmt::format("window {} generation {}", entry.key.window.number, entry.key.generation)) {}

  void Run() {
    ++report_.windows;
    CheckData();
    CheckSeries();
    CheckLists();
    CheckEntry();
    report_.series += entry_.series;
    report_.chunks += chunks_;
    report_.samples += samples_;
  }

 private:
  // Calls visit(ordinal, value) for the ordinals 0, 1, ... that are there, and tells those that are not. `key_of` makes
  // the key of an ordinal.
  template <typename KeyOf, typename Visit>
  void ForOrdinals(rocksdb::ColumnFamilyHandle* family, std::string_view what, KeyOf key_of, Visit visit) {
    GenerationScan scan(database_, family, entry_.key);
    const auto series = static_cast<std::uint32_t>(entry_.series);
    std::uint32_t missing_from = 0;
    std::string why;
    const auto end_missing = [&](std::uint32_t ordinal) {
      if (missing_from == ordinal) return;
      is_complete_ = false;
      damage_.Add(fmt::format("{} of series {} to {} cannot be read: {}", what, missing_from, ordinal - 1, why));
    };
    for (std::uint32_t ordinal = 0; ordinal < series; ++ordinal) {
      const std::string key = key_of(entry_.key, ordinal);
      if (!scan.AtKey() || scan.key() != key) scan.Seek(key);
      if (!scan.AtKey() || scan.key() != key) {
        why = scan.status().ok() ? "there is no such key" : scan.status().message();
        continue;
      }
      end_missing(ordinal);
      missing_from = ordinal + 1;
      visit(ordinal, scan.value());
      scan.Next();
    }
    end_missing(series);
  }

  void CheckData() {
    std::vector<chunk::ChunkView> chunks;
    ForOrdinals(database_.data(), "the chunks", DataKey, [&](std::uint32_t ordinal, std::string_view value) {
      chunks.clear();
      if (ReadChunks(value, chunks) && !chunks.empty()) {
        CheckChunks(ordinal, chunks);
      } else {
        damage_.Add(fmt::format("the chunks of series {} are malformed", ordinal));
      }
    });
    GenerationScan behind(database_, database_.data(), entry_.key);
    behind.Seek(DataKey(entry_.key, static_cast<std::uint32_t>(entry_.series)));
    if (behind.AtKey()) damage_.Add("there are chunks of more series than the catalogue says");
  }

  void CheckChunks(std::uint32_t ordinal, const std::vector<chunk::ChunkView>& chunks) {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const chunk::ChunkView& view = chunks[i];
      const auto tell = [&](std::string_view what) {
        damage_.Add(fmt::format("chunk {} of series {} {}", i, ordinal, what));
      };
      columns_.Clear();
      if (!chunk::DecodeChunk(view.bytes, columns_)) {
        tell("is malformed");
        continue;
      }
      const std::vector<base::TimestampMs>& times = columns_.timestamps;
      ++chunks_;
      samples_ += times.size();
      if (times.empty() || times.size() != view.count) {
        tell(fmt::format("has {} samples, not {}", times.size(), view.count));
        continue;
      }
      if (times.front() != view.min || times.back() != view.max) tell("does not begin and end where it should");
      if (!std::is_sorted(times.begin(), times.end(), std::less_equal<>())) tell("does not ascend");
      if (i > 0 && chunks[i - 1].max >= view.min) tell("begins before the one before it ends");
      min_ = std::min(min_, view.min);
      max_ = std::max(max_, view.max);
      NoteAlive(ordinal, view);
    }
  }

  // Where windows are merged, lists say which series have samples in which of them.
  void NoteAlive(std::uint32_t ordinal, const chunk::ChunkView& view) {
    if (view.min < head::WindowStart(entry_.key.window, window_length_) ||
        view.max >= head::WindowEnd(entry_.last(), window_length_)) {
      damage_.Add(fmt::format("series {} has samples beyond the window", ordinal));
      return;
    }
    if (entry_.span == 1) return;
    const head::WindowId last = head::WindowOf(view.max, window_length_);
    for (head::WindowId part = head::WindowOf(view.min, window_length_); part <= last; ++part.number) {
      std::vector<std::uint32_t>& list = alive_[part];
      if (list.empty() || list.back() != ordinal) list.push_back(ordinal);
    }
  }

  void CheckSeries() {
    std::pair<std::string, metric::Labels> last;
    ForOrdinals(database_.index(), "the labels", SeriesKey, [&](std::uint32_t ordinal, std::string_view value) {
      const auto labels = metric::Labels::Decode(value);
      if (!labels || labels->empty()) {
        damage_.Add(fmt::format("the labels of series {} are malformed", ordinal));
        is_complete_ = false;
        return;
      }
      std::pair<std::string, metric::Labels> next{std::string(labels->Name()), *labels};
      if (!last.second.empty() && !(last < next)) {
        damage_.Add(fmt::format("series {}, {}, is out of order", ordinal, SeriesText(*labels)));
      }
      last = std::move(next);
      for (const metric::LabelView& label : *labels) {
        lists_[std::string(label.name)][std::string(label.value)].push_back(ordinal);
      }
    });
  }

  // Everything in the index but the series tables.
  void CheckLists() {
    GenerationScan scan(database_, database_.index(), entry_.key);
    const std::string series = SeriesPrefix(entry_.key);
    std::set<std::string, std::less<>> names;
    for (; scan.AtKey(); scan.Next()) {
      const std::string_view key = scan.key();
      if (key.starts_with(series)) {
        if (key.size() != series.size() + sizeof(std::uint32_t) || OrdinalOf(key) >= entry_.series) {
          damage_.Add("there are series beyond those that the catalogue says");
        }
      } else if (key.starts_with(NamePrefix(entry_.key))) {
        names.emplace(key.substr(kKindAt + 1));
      } else {
        CheckList(key, scan.value());
      }
    }
    if (base::Status read = scan.status(); !read.ok()) {
      damage_.Add(fmt::format("the index cannot be read to its end: {}", read.message()));
      return;
    }
    if (is_complete_) CheckNotListed();
    if (!is_complete_) return;  // Without all labels nothing can be said of what is missing.
    for (const auto& [name, values] : lists_) {
      if (names.erase(name) == 0) damage_.Add(fmt::format("the label name {} is not listed", name));
      for (const auto& [value, ordinals] : values) {
        damage_.Add(fmt::format("the posting list of {}=\"{}\" is missing", name, value));
      }
    }
    for (const std::string& name : names) {
      damage_.Add(fmt::format("the label name {} is listed, and no series has it", name));
    }
  }

  // A list is left out where it would be of all series.
  void CheckNotListed() {
    for (const auto& [part, ordinals] : alive_) {
      if (ordinals.size() != entry_.series) {
        damage_.Add(fmt::format("the list of the series alive in window {} is missing", part.number));
      }
    }
  }

  void CheckAlive(std::string_view key, std::string_view value) {
    std::string_view rest = key.substr(kKindAt + 1);
    std::uint64_t number = 0;
    std::vector<std::uint32_t> ordinals;
    const bool is_whole =
        base::ReadBigEndian64(rest, number) && rest.empty() && ReadPostings(value, entry_.series, ordinals);
    // The number as TimeKey writes it.
    head::WindowId part = entry_.key.window;
    while (is_whole && part <= entry_.last() && TimeKey(entry_.key, part) != key) ++part.number;
    if (!is_whole || part > entry_.last()) {
      damage_.Add("a list of series alive in a window is malformed");
      return;
    }
    if (is_complete_ && alive_[part] != ordinals) {
      damage_.Add(fmt::format("the list of the series alive in window {} does not name them", part.number));
    }
    alive_.erase(part);
  }

  void CheckList(std::string_view key, std::string_view value) {
    const std::string times = TimeKey(entry_.key, entry_.key.window).substr(0, kKindAt + 1);
    if (key.starts_with(times)) return CheckAlive(key, value);
    std::string_view rest = key.substr(std::min(key.size(), kKindAt + 1));
    std::string_view name;
    const bool is_list = key.starts_with(PostingsKey(entry_.key, {}, {}).substr(0, kKindAt + 1));
    if (!is_list || !base::ReadLengthPrefixed(rest, name)) {
      damage_.Add(fmt::format("the index has a key of unknown kind, {}",
                              rocksdb::Slice(key.data(), key.size()).ToString(true)));
      return;
    }
    std::vector<std::uint32_t> ordinals;
    if (!ReadPostings(value, entry_.series, ordinals)) {
      damage_.Add(fmt::format("the posting list of {}=\"{}\" is malformed", name, rest));
    }
    const auto found_name = lists_.find(name);
    const auto found = found_name == lists_.end() ? Values::iterator() : found_name->second.find(rest);
    const bool is_known = found_name != lists_.end() && found != found_name->second.end();
    if (is_complete_ && (!is_known || found->second != ordinals)) {
      damage_.Add(fmt::format("the posting list of {}=\"{}\" does not name the series that have it", name, rest));
    }
    if (is_known) found_name->second.erase(found);
  }

  void CheckEntry() {
    if (!is_complete_) return;
    const auto tell = [&](std::string_view what, auto found, auto named) {
      if (found != named) damage_.Add(fmt::format("{} {} are there, the catalogue says {}", found, what, named));
    };
    tell("chunks", chunks_, entry_.chunks);
    tell("samples", samples_, entry_.samples);
    if (entry_.series == 0) damage_.Add("it has no series");
    if (chunks_ > 0 && (min_ != entry_.min || max_ != entry_.max)) {
      damage_.Add(fmt::format("its samples are from {} to {}, the catalogue says from {} to {}", min_.ms, max_.ms,
                              entry_.min.ms, entry_.max.ms));
    }
  }

  using Values = std::map<std::string, std::vector<std::uint32_t>, std::less<>>;

  Database& database_;
  const WindowEntry& entry_;
  const base::DurationMs window_length_;
  VerifyReport& report_;
  DamageList damage_;
  chunk::Columns columns_;
  std::uint64_t chunks_ = 0;
  std::uint64_t samples_ = 0;
  base::TimestampMs min_ = base::TimestampMs::Max();
  base::TimestampMs max_ = base::TimestampMs::Min();
  std::map<head::WindowId, std::vector<std::uint32_t>> alive_;  // From the chunks; found lists are taken out.
  bool is_complete_ = true;                                     // Everything of every series could be read.
  std::map<std::string, Values, std::less<>> lists_;            // From the series tables; found lists are taken out.
};

}  // namespace

DamageList::~DamageList() {
  if (found_ > kListedMax) report_.damage.push_back({place_, fmt::format("and {} more", found_ - kListedMax)});
}

void DamageList::Add(std::string what) {
  if (++found_ <= kListedMax) report_.damage.push_back({place_, std::move(what)});
}

void VerifyWindow(Database& database, const WindowEntry& entry, base::DurationMs window_length, VerifyReport& report) {
  WindowVerifier(database, entry, window_length, report).Run();
}

}  // namespace bellwether::storage
