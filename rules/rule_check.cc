#include "rules/rule_check.h"

#include <algorithm>
#include <utility>

#include "rules/file/rule_file.h"
#include "rules/file/rule_references.h"

namespace bellwether::rules {

namespace {

// What the files say of one another becomes a fault of the file that says it.
void AddReferenceFaults(std::vector<RuleFile>& files) {
  for (std::string& fault : FindReferenceFaults(files)) {
    const auto said_by = std::find_if(files.begin(), files.end(),
                                      [&](const RuleFile& file) { return fault.starts_with(file.path + ": "); });
    if (said_by != files.end()) said_by->faults.push_back(std::move(fault));
  }
}

}  // namespace

std::vector<base::Result<std::size_t>> CheckRuleFiles(const std::vector<std::string>& paths,
                                                      const RuleFileOptions& options) {
  std::vector<RuleFile> files;
  for (const std::string& path : paths) files.push_back(ReadRuleFile(path, options));
  if (std::all_of(files.begin(), files.end(), [](const RuleFile& file) { return file.faults.empty(); })) {
    AddReferenceFaults(files);
  }
  std::vector<base::Result<std::size_t>> found;
  for (const RuleFile& file : files) {
    const base::Status status = file.status();
    found.push_back(status.ok() ? base::Result<std::size_t>(file.RuleCount()) : base::Result<std::size_t>(status));
  }
  return found;
}

std::vector<std::string> LintRuleFile(const std::string& path, const RuleFileOptions& options) {
  RuleFile file = ReadRuleFile(path, options);
  std::vector<std::string> findings = std::move(file.warnings);
  for (std::string& duplicate : FindDuplicateRules(file)) findings.push_back(std::move(duplicate));
  return findings;
}

base::Result<std::size_t> CheckRuleText(const std::string& name, std::string_view text,
                                        const RuleFileOptions& options) {
  std::vector<RuleFile> alone;
  alone.push_back(ReadRuleText(name, text, options));
  if (alone.front().faults.empty()) AddReferenceFaults(alone);
  BW_RETURN_IF_ERROR(alone.front().status());
  return alone.front().RuleCount();
}

}  // namespace bellwether::rules
