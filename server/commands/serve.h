// server/commands/serve.h
//
// `bellwether serve`: the server, until SIGINT or SIGTERM; SIGHUP reads the configuration anew.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

// Adds the command and its flags to `app`; `run` is set to what runs it (returning the exit code) when it is chosen.
void AddServeCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
