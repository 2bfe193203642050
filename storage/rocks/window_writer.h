// storage/rocks/window_writer.h
//
// Writes one generation of a window: sorted files made beside the database, then taken into it all at once. Nothing of
// it counts before the catalogue names it. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/labels.h"
#include "storage/chunk/chunk_view.h"
#include "storage/rocks/database.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

class WindowWriter {
 public:
  // What is to be written: the generation's key, how many windows it spans, and their length if more than one.
  struct Target {
    WindowKey key;
    std::int64_t span = 1;
    base::DurationMs window_length{0};
  };

  // Files are made in `directory`, which is on the database's file system. `directory` is the writer's own: what an
  // earlier one left there is removed, as are keys of this generation that an earlier try left in the database.
  [[nodiscard]] static base::Result<std::unique_ptr<WindowWriter>> Begin(Database& database, std::string directory,
                                                                         const Target& target);
  ~WindowWriter();
  WindowWriter(const WindowWriter&) = delete;
  WindowWriter& operator=(const WindowWriter&) = delete;

  // The next series, in the order of ordinals. `chunks` is not empty.
  [[nodiscard]] base::Status Add(const metric::Labels& labels, std::span<const chunk::ChunkView> chunks);

  // About what was written so far, before the last blocks are compressed.
  [[nodiscard]] std::uint64_t bytes() const;

  // Ends and syncs the files. Then Ingest takes them into the database, atomically and durably, and returns what the
  // catalogue is to say. Errors: kUnavailable (disk full), kInternal.
  [[nodiscard]] base::Status Finish();
  [[nodiscard]] base::Result<WindowEntry> Ingest();

 private:
  class File;

  WindowWriter(Database& database, std::string directory, const Target& target);
  void NoteAlive(std::uint32_t ordinal, std::span<const chunk::ChunkView> chunks);
  [[nodiscard]] base::Status WriteIndex();
  [[nodiscard]] base::Status WriteAlive();

  Database& database_;
  const std::string directory_;
  const base::DurationMs window_length_;
  WindowEntry entry_;
  std::string value_;
  std::unique_ptr<File> data_;
  std::unique_ptr<File> series_;
  std::unique_ptr<File> postings_;
  std::vector<std::vector<std::uint32_t>> alive_;  // By window spanned, if more than one.
  std::map<std::string, std::map<std::string, std::vector<std::uint32_t>, std::less<>>, std::less<>> lists_;
};

// Removes the keys of a generation from data and index, as whole files. Nobody may be reading it.
[[nodiscard]] base::Status DropGeneration(Database& database, const WindowKey& key);

// The generations that have files in the database, catalogued or not.
[[nodiscard]] std::vector<WindowKey> GenerationsOnDisk(Database& database);

}  // namespace bellwether::storage
