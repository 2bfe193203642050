// rules/template_names.h
//
// The functions that templates in rules may call.
#pragma once

#include <string>
#include <vector>

namespace bellwether::rules {

[[nodiscard]] std::vector<std::string> AlertTemplateFunctions();  // Sorted.

}  // namespace bellwether::rules
