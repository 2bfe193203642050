// server/commands/import.h
//
// `bellwether import FILE...`: back-fill from text, into a running server or the directory of a stopped one. Exit code
// 0 if everything was taken, 1 if it stopped, 2 if it came to the end but the store refused something.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddImportCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
