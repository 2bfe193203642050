// server/commands/backtest.h
//
// `bellwether backtest`: rules replayed over stored history.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddBacktestCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
