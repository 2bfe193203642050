// rules/rule_check.h
//
// What is wrong with a rule file, without running it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "promql/parser.h"

namespace bellwether::rules {

struct RuleFileOptions {
  promql::ParserOptions parser = {};
  bool ignore_unknown_fields = false;
  std::vector<std::string> severities = {};  // From low to high; empty: info, warning, error, critical, page.
};

// How many rules the file has, or every fault found, a line each.
[[nodiscard]] base::Result<std::size_t> CheckRuleFile(const std::string& path, const RuleFileOptions& options);
[[nodiscard]] base::Result<std::size_t> CheckRuleText(const std::string& name, std::string_view text,
                                                      const RuleFileOptions& options);

// What is allowed in a rule file and yet probably not meant, a text each: rules with equal names and labels, documents
// that are not read.
[[nodiscard]] std::vector<std::string> LintRuleFile(const std::string& path, const RuleFileOptions& options);

}  // namespace bellwether::rules
