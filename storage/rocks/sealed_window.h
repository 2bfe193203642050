// storage/rocks/sealed_window.h
//
// Reads one generation of a sealed window: which series match, their label sets, their chunks. Immutable and
// thread-safe; readers hold it by shared_ptr, and its files are dropped only when nobody does.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/chunk/chunk_view.h"
#include "storage/rocks/database.h"
#include "storage/rocks/tombstones.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

class SealedWindow {
 public:
  using Ordinals = std::vector<std::uint32_t>;  // Ascending.

  // For `window_length` see head/window.h.
  SealedWindow(std::shared_ptr<Database> database, const WindowEntry& entry, base::DurationMs window_length,
               Tombstones deleted = {})
      : database_(std::move(database)), entry_(entry), window_length_(window_length), deleted_(std::move(deleted)) {}
  // The same files with other tombstones.
  [[nodiscard]] std::shared_ptr<const SealedWindow> WithTombstones(Tombstones deleted) const {
    return std::make_shared<SealedWindow>(database_, entry_, window_length_, std::move(deleted));
  }

  [[nodiscard]] const WindowEntry& entry() const { return entry_; }
  // Nothing below shows what they hide, but for AddNames and AddValues.
  [[nodiscard]] const Tombstones& deleted() const { return deleted_; }
  [[nodiscard]] bool Overlaps(base::TimestampMs min, base::TimestampMs max) const {
    return entry_.min <= max && min <= entry_.max;
  }

  // The series that match all and of which something is left. Of several windows in one, those are left out that have
  // no samples in the windows that overlap [min, max]: series that came and went cost others' queries nothing. Errors
  // of this and the rest: kCorruption, kInternal (I/O).
  [[nodiscard]] base::Result<Ordinals> Match(std::span<const metric::Matcher> matchers,
                                             base::TimestampMs min = base::TimestampMs::Min(),
                                             base::TimestampMs max = base::TimestampMs::Max()) const;

  // Calls visit(ordinal, labels) for these series.
  template <typename Visit>
  [[nodiscard]] base::Status ForLabels(const Ordinals& ordinals, Visit&& visit) const {
    const std::unique_ptr<LabelReader> reader = NewLabelReader();
    for (const std::uint32_t ordinal : ordinals) {
      BW_ASSIGN_OR_RETURN(metric::Labels labels, reader->Read(ordinal));
      visit(ordinal, std::move(labels));
    }
    return base::OkStatus();
  }

  [[nodiscard]] base::Status AddNames(std::set<std::string, std::less<>>& names) const;
  [[nodiscard]] base::Status AddValues(std::string_view name, std::set<std::string, std::less<>>& values) const;

  // Goes through the chunks of series, cheapest in ascending order. One thread.
  class ChunkReader {
   public:
    virtual ~ChunkReader() = default;
    // Appends the chunks of a series; their bytes are good until the next call.
    virtual base::Status Read(std::uint32_t ordinal, std::vector<chunk::ChunkView>& chunks) = 0;
  };
  // Likewise the label sets.
  class LabelReader {
   public:
    virtual ~LabelReader() = default;
    virtual base::Result<metric::Labels> Read(std::uint32_t ordinal) = 0;
  };
  enum class Access : std::uint8_t {
    kQuery,
    kScan,  // Everything once: read ahead, and leave what is cached alone.
  };
  [[nodiscard]] std::unique_ptr<ChunkReader> NewChunkReader(Access access = Access::kQuery) const;
  [[nodiscard]] std::unique_ptr<LabelReader> NewLabelReader(Access access = Access::kQuery) const;

 private:
  class LabelReaderImpl;
  class ChunkReaderImpl;

  // Appends a posting list; false if there is none of this key.
  [[nodiscard]] base::Result<bool> ReadList(const std::string& key, Ordinals& ordinals) const;
  [[nodiscard]] base::Result<Ordinals> MatchAtAnyTime(std::span<const metric::Matcher> matchers) const;
  // Those of `ordinals` with samples in the windows that overlap the range.
  [[nodiscard]] base::Result<Ordinals> AliveIn(Ordinals ordinals, base::TimestampMs min, base::TimestampMs max) const;
  [[nodiscard]] base::Result<Ordinals> PostingsOf(std::string_view name, std::string_view value) const;
  // The series that carry `name` with a value for which `wanted` holds.
  template <typename Wanted>
  [[nodiscard]] base::Result<Ordinals> PostingsWhere(std::string_view name, Wanted&& wanted) const;
  [[nodiscard]] base::Result<Ordinals> Including(const metric::Matcher& matcher) const;
  [[nodiscard]] base::Result<Ordinals> Excluded(const metric::Matcher& matcher) const;
  [[nodiscard]] base::Status Damaged(std::string_view what) const;

  std::shared_ptr<Database> database_;
  WindowEntry entry_;
  base::DurationMs window_length_;
  Tombstones deleted_;
};

}  // namespace bellwether::storage
