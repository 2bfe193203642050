// rules/severities.h
//
// The order of severities, by which all comparisons go.
#pragma once

#include <string>
#include <vector>

namespace bellwether::rules {

// Severities from low to high: those that the configuration names, or ours where it names none.
[[nodiscard]] std::vector<std::string> SeverityOrder(const std::vector<std::string>& configured);

}  // namespace bellwether::rules
