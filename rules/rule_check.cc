#include "rules/rule_check.h"

#include <utility>

#include "rules/file/rule_file.h"

namespace bellwether::rules {

base::Result<std::size_t> CheckRuleFile(const std::string& path, const RuleFileOptions& options) {
  const RuleFile file = ReadRuleFile(path, options);
  BW_RETURN_IF_ERROR(file.status());
  return file.RuleCount();
}

std::vector<std::string> LintRuleFile(const std::string& path, const RuleFileOptions& options) {
  RuleFile file = ReadRuleFile(path, options);
  std::vector<std::string> findings = std::move(file.warnings);
  for (std::string& duplicate : FindDuplicateRules(file)) findings.push_back(std::move(duplicate));
  return findings;
}

base::Result<std::size_t> CheckRuleText(const std::string& name, std::string_view text,
                                        const RuleFileOptions& options) {
  const RuleFile file = ReadRuleText(name, text, options);
  BW_RETURN_IF_ERROR(file.status());
  return file.RuleCount();
}

}  // namespace bellwether::rules
