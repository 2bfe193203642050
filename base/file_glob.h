// base/file_glob.h
//
// Paths that match a shell pattern.
#pragma once

#include <string>
#include <vector>

namespace bellwether::base {

// The files that match `pattern` (*, ?, [...]), sorted. A pattern without wildcards is itself if the file exists.
[[nodiscard]] std::vector<std::string> ExpandGlob(const std::string& pattern);

}  // namespace bellwether::base
