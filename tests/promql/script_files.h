// tests/promql/script_files.h
//
// Where the test scripts are.
#pragma once

#include <string>
#include <vector>

namespace bellwether::promqltest {

struct ScriptFile {
  std::string name;  // "functions.test"
  std::string text;
};

// The examples of docs/functions.md, one script.
[[nodiscard]] ScriptFile FunctionExamples();

// Ours, in cases/, and those examples. Tests run in the source root.
[[nodiscard]] std::vector<ScriptFile> OwnScripts();

// Prometheus's, from ../shared/conformance/promqltest beside the checkout; empty if that folder does not stand there.
[[nodiscard]] std::vector<ScriptFile> ConformanceScripts();

}  // namespace bellwether::promqltest
