// server/commands/silence.h
//
// bellwether silence add|list|expire: silences from a terminal, over the API of a running server.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddSilenceCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
