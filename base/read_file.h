// base/read_file.h
//
// A whole file as text: configuration, secrets, templates.
#pragma once

#include <string>

#include "base/status.h"

namespace bellwether::base {

// Errors say why, without the path: kNotFound ("there is no such file"), kUnavailable ("is a folder", "no permission",
// the system's text).
[[nodiscard]] Result<std::string> ReadFile(const std::string& path);

}  // namespace bellwether::base
