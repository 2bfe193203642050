#include "server/commands/tsdb.h"

#include <CLI/CLI.hpp>

#include "server/commands/dump.h"
#include "server/commands/tsdb_admin.h"

namespace bellwether::server {

void AddTsdbCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* tsdb = app.add_subcommand("tsdb", "Look into the store, copy and check it");
  tsdb->require_subcommand(1);
  AddDumpCommand(*tsdb, run);
  AddTsdbAdminCommands(*tsdb, run);
}

}  // namespace bellwether::server
