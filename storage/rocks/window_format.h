// storage/rocks/window_format.h
//
// Keys and values of sealed windows and of their catalogue. Grammar and a worked example: docs/formats/windows.md.
//
// Keys are window-major: window | generation first, so a window's data and its index are disjoint key ranges, are
// ingested as whole files and dropped as whole files. Later data for a sealed window form a further generation beside
// it; several windows are merged into one that spans them, named by the first. Within a generation series have
// ordinals, ascending with (metric name, label set): one metric is one run of keys.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "storage/chunk/chunk_view.h"
#include "storage/head/window.h"

namespace bellwether::storage {

struct WindowKey {
  head::WindowId window;  // The first, if it spans several.
  std::uint32_t generation = 0;
  friend auto operator<=>(const WindowKey&, const WindowKey&) = default;
};

// What all keys of a generation begin with, and the first key behind them.
inline constexpr std::size_t kWindowPrefixBytes = 12;
[[nodiscard]] std::string WindowPrefix(const WindowKey& key);
[[nodiscard]] std::string WindowPrefixEnd(const WindowKey& key);
// False for keys shorter than a prefix.
[[nodiscard]] bool ReadWindowPrefix(std::string_view key, WindowKey& window);

// ---- Column family data: prefix | ordinal -> the series' chunks, by time, and a checksum

[[nodiscard]] std::string DataKey(const WindowKey& key, std::uint32_t ordinal);
[[nodiscard]] std::uint32_t OrdinalOf(std::string_view data_or_series_key);
void AppendChunks(std::span<const chunk::ChunkView> chunks, std::string& out);
// Appends views into `bytes`; false on bytes that AppendChunks did not make, or that changed since.
[[nodiscard]] bool ReadChunks(std::string_view bytes, std::vector<chunk::ChunkView>& chunks);

// ---- Column family index: prefix | kind | ...

// kind 'n' | name -> nothing: the label names.
[[nodiscard]] std::string NameKey(const WindowKey& key, std::string_view name);
// kind 'p' | length of name | name | value -> posting list: ordinals that carry the pair.
[[nodiscard]] std::string PostingsKey(const WindowKey& key, std::string_view name, std::string_view value);
// kind 's' | ordinal -> label set.
[[nodiscard]] std::string SeriesKey(const WindowKey& key, std::uint32_t ordinal);
// kind 't' | window number -> posting list: ordinals with samples in that one of the windows spanned. Left out where it
// would be all of them.
[[nodiscard]] std::string TimeKey(const WindowKey& key, head::WindowId part);
[[nodiscard]] std::string NamePrefix(const WindowKey& key);
[[nodiscard]] std::string SeriesPrefix(const WindowKey& key);

// Ascending ordinals as runs.
void AppendPostings(std::span<const std::uint32_t> ordinals, std::string& out);
// Appends to `ordinals`, which are below `count`; false on malformed bytes.
[[nodiscard]] bool ReadPostings(std::string_view bytes, std::uint64_t count, std::vector<std::uint32_t>& ordinals);

// ---- Column family meta

// A generation of a window in the catalogue: "window/" | prefix -> entry.
struct WindowEntry {
  WindowKey key;
  base::TimestampMs min;  // Of its samples, both inclusive.
  base::TimestampMs max;
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;  // On disk.
  std::int64_t span = 1;    // Windows that it holds, from the key's on.

  [[nodiscard]] head::WindowId last() const { return {key.window.number + span - 1}; }
};
inline constexpr std::int64_t kSpanMax = 1 << 20;  // More than a reader believes.
inline constexpr std::string_view kCatalogueWindows = "window/";
// What was deleted of it: "tombstones/" | prefix -> tombstones.h. Absent: nothing.
inline constexpr std::string_view kCatalogueTombstones = "tombstones/";
inline constexpr std::string_view kCatalogueMark = "mark";         // First journal segment that is needed: varint.
inline constexpr std::string_view kCatalogueLength = "length_ms";  // Length of all windows: varint.
inline constexpr std::string_view kCatalogueFormat = "format";     // Of all this, varint: kWindowFormat.
inline constexpr std::uint64_t kWindowFormat = 3;
inline constexpr std::string_view kCatalogueMetadata = "metadata";  // A commit with metadata, as in the journal.
// "sealed/" | window: the journal segment that began when the window was sealed last, as a varint.
inline constexpr std::string_view kCatalogueSealed = "sealed/";
[[nodiscard]] std::string SealedThroughKey(head::WindowId window);
[[nodiscard]] bool DecodeSealedThrough(std::string_view key, std::string_view value, head::WindowId& window,
                                       std::uint64_t& segment);
[[nodiscard]] std::string CatalogueKey(const WindowKey& key);
[[nodiscard]] std::string TombstonesKey(const WindowKey& key);
[[nodiscard]] std::string EncodeWindowEntry(const WindowEntry& entry);
[[nodiscard]] bool DecodeWindowEntry(std::string_view key, std::string_view value, WindowEntry& entry);

}  // namespace bellwether::storage
