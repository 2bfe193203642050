// server/commands/plan_output.h
//
// How a query was evaluated, for a terminal: the tree of its operators with a column for each figure.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "server/commands/query_output.h"

namespace bellwether::server {

// The `data` of /api/v1/query_explain. In CSV the tree is a column of depths.
[[nodiscard]] std::string FormatPlan(const nlohmann::json& data, QueryFormat format);

}  // namespace bellwether::server
