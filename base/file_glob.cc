#include "base/file_glob.h"

#include <glob.h>

namespace bellwether::base {

std::vector<std::string> ExpandGlob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found = {};
  if (glob(pattern.c_str(), GLOB_MARK, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::string path = found.gl_pathv[i];
      if (!path.ends_with('/')) paths.push_back(std::move(path));  // No folders.
    }
  }
  globfree(&found);
  return paths;
}

}  // namespace bellwether::base
