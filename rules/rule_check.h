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

// How many rules each of the files has, or every fault found in it, a line each. The files are judged together, as a
// server that loads them does: an alert that one of them names (`alert:` of a signal, `depends_on`) must be a rule of
// one of them, and none may wait for itself, however indirectly. That is looked for where each is good by itself.
[[nodiscard]] std::vector<base::Result<std::size_t>> CheckRuleFiles(const std::vector<std::string>& paths,
                                                                    const RuleFileOptions& options);
// The same for a text that stands alone.
[[nodiscard]] base::Result<std::size_t> CheckRuleText(const std::string& name, std::string_view text,
                                                      const RuleFileOptions& options);

// What is allowed in a rule file and yet probably not meant, a text each: rules with equal names and labels, documents
// that are not read.
[[nodiscard]] std::vector<std::string> LintRuleFile(const std::string& path, const RuleFileOptions& options);

}  // namespace bellwether::rules
