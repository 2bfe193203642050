// server/commands/import_progress.h
//
// What `bellwether import` tells on standard error while it works, and the file by which it goes on after a stop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/status.h"

namespace bellwether::server {

// "12.3 MB of 45.6 MB (27%), 1234567 samples, 1.2 M/s, 3 s left". `total` 0: unknown.
[[nodiscard]] std::string DescribeProgress(std::uint64_t bytes, std::uint64_t total, std::uint64_t samples,
                                           double seconds);

// How far each file was imported: offsets in its decoded text, up to which everything is acknowledged. Kept in a text
// file of lines `OFFSET TAB SIZE TAB PATH`; SIZE is the file's, and another size makes the entry void. Every change is
// written whole, to a new file that takes the old one's name.
class ImportState {
 public:
  // An empty path keeps nothing. Errors: kInvalidArgument (not such a file), kInternal (I/O).
  [[nodiscard]] static base::Result<ImportState> Load(std::string path);

  [[nodiscard]] std::uint64_t OffsetOf(const std::string& file, std::uint64_t size) const;
  [[nodiscard]] base::Status Set(const std::string& file, std::uint64_t size, std::uint64_t offset);

 private:
  std::string path_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> files_;  // Size and offset.
};

}  // namespace bellwether::server
