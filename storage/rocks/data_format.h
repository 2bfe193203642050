// storage/rocks/data_format.h
//
// Which version the folder of a store has: one number for everything below it, in the file FORMAT. It is looked at
// before anything else is opened, so that a folder of another version is refused, or brought up to date, and never
// misread. A change to any stored format that older code would misread makes it one higher, and comes with an upgrade
// or with the word in docs/formats/folder.md that there is none.
//
//   FORMAT := "bellwether data " version "\n"
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/status.h"

namespace bellwether::storage {

// docs/formats/folder.md says what each is.
inline constexpr int kDataFormat = 3;

// Brings a folder from one version to the next. Interrupted anywhere, it can be run again.
struct DataUpgrade {
  int from = 0;
  std::function<base::Status(const std::string& path)> run;
};
[[nodiscard]] std::span<const DataUpgrade> DataUpgrades();

// The version of the folder at `path`; 0 for one that is absent or holds no store. Errors: kCorruption (FORMAT is
// malformed), kInternal (I/O).
[[nodiscard]] base::Result<int> ReadDataFormat(const std::string& path);

// Makes sure that the folder has version `wanted`: begins a new one, upgrades an older one step by step. The caller
// holds its lock. Errors: kInvalidArgument (newer, or without a way up; names both versions and what to do), those of
// the upgrades, and as above.
[[nodiscard]] base::Status PrepareDataFormat(const std::string& path, int wanted = kDataFormat,
                                             std::span<const DataUpgrade> upgrades = DataUpgrades());

}  // namespace bellwether::storage
