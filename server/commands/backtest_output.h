// server/commands/backtest_output.h
//
// The JSON of a backtest as a terminal shows it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bellwether::server {

// A line for each alert's life, its levels below it; rules that failed; differences and score where there are any.
// Times are RFC 3339, UTC.
[[nodiscard]] std::string FormatBacktest(const nlohmann::json& data);

}  // namespace bellwether::server
