// server/commands/dump.h
//
// `bellwether tsdb dump`: the samples of a running or stopped server as text on standard output, which `bellwether
// import` takes back bit for bit. What the text has no form for is told on standard error at the end. Exit code 0; 1 if
// the dump is not whole.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace bellwether::server {

void AddDumpCommand(CLI::App& tsdb, std::function<int()>& run);

}  // namespace bellwether::server
