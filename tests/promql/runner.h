// tests/promql/runner.h
//
// Runs a test script against an engine and a storage. Every instant evaluation is run as written, with its time pinned
// by `@` at other evaluation times, and each of these once more as a range query whose middle step must agree.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "promql/engine.h"
#include "storage/storage.h"
#include "tests/promql/script.h"

namespace bellwether::promqltest {

// What the scripts count on, which is not what a server does by default.
[[nodiscard]] promql::EngineOptions ScriptEngineOptions();

struct CaseFailure {
  std::size_t line = 0;
  std::string expr;
  std::string reason;
};

struct ScriptResult {
  std::size_t passed = 0;
  std::size_t total = 0;  // Evaluations.
  std::vector<CaseFailure> failures;
};

using StorageFactory = std::function<std::unique_ptr<storage::Storage>()>;

// What happens to a store after each load: it comes back, or another that has the same samples.
using StorageStep = std::function<std::unique_ptr<storage::Storage>(std::unique_ptr<storage::Storage>)>;

// kInvalidArgument if the script is malformed or a load fails: the cases behind it cannot be run.
[[nodiscard]] base::Result<ScriptResult> RunScript(std::string_view text, const promql::Engine& engine,
                                                   const StorageFactory& new_storage,
                                                   const StorageStep& after_load = nullptr);

}  // namespace bellwether::promqltest
