// server/commands/tsdb.h
//
// `bellwether tsdb ...`: what is done with the store as a whole. Each command is a file of its own.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddTsdbCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
