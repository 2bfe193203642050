#include "server/commands/rule_texts.h"

#include <utility>

#include <fmt/format.h>

#include "base/file_glob.h"
#include "base/read_file.h"

namespace bellwether::server {

base::Result<std::vector<rules::RuleText>> ReadRuleTexts(const std::vector<std::string>& patterns) {
  std::vector<rules::RuleText> texts;
  for (const std::string& pattern : patterns) {
    const std::vector<std::string> paths = base::ExpandGlob(pattern);
    if (paths.empty()) return base::NotFound(fmt::format("no file matches {}", pattern));
    for (const std::string& path : paths) {
      BW_ASSIGN_OR_RETURN(std::string text, base::ReadFile(path));
      texts.push_back({path, std::move(text)});
    }
  }
  return texts;
}

void AddRuleFields(std::string_view name, const std::vector<rules::RuleText>& files, FormFields& fields) {
  for (const rules::RuleText& file : files) {
    fields.emplace_back(name, file.text);
    fields.emplace_back(fmt::format("{}_file", name), file.path);
  }
}

}  // namespace bellwether::server
