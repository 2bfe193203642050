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
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

class SealedWindow {
 public:
  using Ordinals = std::vector<std::uint32_t>;  // Ascending.

  SealedWindow(std::shared_ptr<Database> database, const WindowEntry& entry)
      : database_(std::move(database)), entry_(entry) {}

  [[nodiscard]] const WindowEntry& entry() const { return entry_; }
  [[nodiscard]] bool Overlaps(base::TimestampMs min, base::TimestampMs max) const {
    return entry_.min <= max && min <= entry_.max;
  }

  // The series that match all. Errors of this and the rest: kCorruption, kInternal (I/O).
  [[nodiscard]] base::Result<Ordinals> Match(std::span<const metric::Matcher> matchers) const;

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
  [[nodiscard]] std::unique_ptr<ChunkReader> NewChunkReader() const;

 private:
  class LabelReader {
   public:
    virtual ~LabelReader() = default;
    virtual base::Result<metric::Labels> Read(std::uint32_t ordinal) = 0;
  };
  class LabelReaderImpl;
  class ChunkReaderImpl;

  [[nodiscard]] std::unique_ptr<LabelReader> NewLabelReader() const;
  [[nodiscard]] base::Result<Ordinals> PostingsOf(std::string_view name, std::string_view value) const;
  // The series that carry `name` with a value for which `wanted` holds.
  template <typename Wanted>
  [[nodiscard]] base::Result<Ordinals> PostingsWhere(std::string_view name, Wanted&& wanted) const;
  [[nodiscard]] base::Result<Ordinals> Including(const metric::Matcher& matcher) const;
  [[nodiscard]] base::Result<Ordinals> Excluded(const metric::Matcher& matcher) const;
  [[nodiscard]] base::Status Damaged(std::string_view what) const;

  std::shared_ptr<Database> database_;
  WindowEntry entry_;
};

}  // namespace bellwether::storage
