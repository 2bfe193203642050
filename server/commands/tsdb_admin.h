// server/commands/tsdb_admin.h
//
// `bellwether tsdb verify|snapshot|restore|analyze`: what an operator does with the data. Exit code 0 if all is well, 1
// if not.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

// Adds the commands to `tsdb`.
void AddTsdbAdminCommands(CLI::App& tsdb, std::function<int()>& run);

}  // namespace bellwether::server
