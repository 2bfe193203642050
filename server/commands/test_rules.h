// server/commands/test_rules.h
//
// `bellwether test rules`: unit tests of rules, as promtool has them.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddTestCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
