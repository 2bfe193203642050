// server/commands/rule_texts.h
//
// Rule files as commands send them to a server, or hand them on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "rules/rule_text.h"
#include "server/commands/server_answer.h"

namespace bellwether::server {

// The files that match the patterns. kNotFound where one matches none, or a file cannot be read.
[[nodiscard]] base::Result<std::vector<rules::RuleText>> ReadRuleTexts(const std::vector<std::string>& patterns);

// As the parameters NAME and NAME_file of a form.
void AddRuleFields(std::string_view name, const std::vector<rules::RuleText>& files, FormFields& fields);

}  // namespace bellwether::server
