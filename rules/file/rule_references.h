// rules/file/rule_references.h
//
// What rules say of one another over all files: alerts that are signals of others, or explain them. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rules/file/rule_file.h"

namespace bellwether::rules {

// Names that no rule has, alerts that wait for themselves, labels of `equal` that one side cannot carry:
// "FILE: LINE:COLUMN: ..." each. `files` have no faults of their own.
[[nodiscard]] std::vector<std::string> FindReferenceFaults(std::span<const RuleFile> files);

}  // namespace bellwether::rules
