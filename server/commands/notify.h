// server/commands/notify.h
//
// bellwether notify route: which receivers an alert with some labels would reach, and why; and notify test, which is
// notify_trial.h's.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddNotifyCommand(CLI::App& app, std::function<int()>& run);

}  // namespace bellwether::server
