// server/commands/notify_trial.h
//
// bellwether notify test: what a receiver of a configuration file would be sent about made-up or given alerts; with
// --send, sends it. No server is asked.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

// Adds the subcommand to `notify`.
void AddNotifyTrial(CLI::App& notify, std::function<int()>& run);

}  // namespace bellwether::server
