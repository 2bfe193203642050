// server/commands/check.h
//
// `bellwether check config|rules FILE...`: says what is wrong, with file, line and column, and what was probably meant.
// Exit code 0 if all is well, 1 if not.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddCheckCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
