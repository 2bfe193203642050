// template/executor.h
//
// Runs one tree.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "template/template.h"
#include "template/tree.h"

namespace bellwether::templating {

using TreeMap = std::map<std::string, std::shared_ptr<const Tree>, std::less<>>;

[[nodiscard]] base::Result<std::string> ExecuteTree(const Tree& tree, const Value& data, const TreeMap& trees,
                                                    const FunctionTable& functions, const ExecuteLimits& limits);

}  // namespace bellwether::templating
