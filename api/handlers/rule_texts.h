// api/handlers/rule_texts.h
//
// Rule files as a form sends them.
#pragma once

#include <string>
#include <vector>

#include "api/http/http_server.h"
#include "base/status.h"
#include "rules/rule_text.h"

namespace bellwether::api {

// The texts of all `name`, called by the values of `name`_file where these are given.
[[nodiscard]] base::Result<std::vector<rules::RuleText>> RuleFiles(const HttpRequest& request, const std::string& name);

}  // namespace bellwether::api
