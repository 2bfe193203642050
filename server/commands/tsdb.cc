#include "server/commands/tsdb.h"

#include <CLI/CLI.hpp>

#include "server/commands/dump.h"

namespace bellwether::server {

void AddTsdbCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* tsdb = app.add_subcommand("tsdb", "Look into the store");
  tsdb->require_subcommand(1);
  AddDumpCommand(*tsdb, run);
}

}  // namespace bellwether::server
