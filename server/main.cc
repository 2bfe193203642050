#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "server/commands/backtest.h"
#include "server/commands/check.h"
#include "server/commands/import.h"
#include "server/commands/notify.h"
#include "server/commands/query.h"
#include "server/commands/serve.h"
#include "server/commands/silence.h"
#include "server/commands/test_rules.h"
#include "server/commands/tsdb.h"
#include "server/version.h"

int main(int argc, char** argv) {
  CLI::App app("Bellwether: monitoring for machine-learning systems", "bellwether");
  app.set_version_flag("--version", std::string("bellwether ") + std::string(bellwether::server::kVersion));
  app.require_subcommand(1);
  std::function<int()> run;
  bellwether::server::AddServeCommand(app, run);
  bellwether::server::AddCheckCommand(app, run);
  bellwether::server::AddTestCommand(app, run);
  bellwether::server::AddBacktestCommand(app, run);
  bellwether::server::AddImportCommand(app, run);
  bellwether::server::AddTsdbCommand(app, run);
  bellwether::server::AddQueryCommand(app, run);
  bellwether::server::AddSilenceCommand(app, run);
  bellwether::server::AddNotifyCommand(app, run);
  CLI11_PARSE(app, argc, argv);
  return run();
}
