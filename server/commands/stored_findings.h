// server/commands/stored_findings.h
//
// What stored data say of rule files, for `bellwether check rules`: asked of a running server, or of the directory of a
// stopped one.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "rules/rule_lint.h"
#include "server/commands/data_target.h"

namespace bellwether::server {

struct StoredFindingsRequest {
  DataTarget target;
  std::vector<std::string> files;
  base::DurationMs period;
  base::DurationMs silent;
  rules::RuleFileOptions options;  // A server uses its own.
};

[[nodiscard]] base::Result<std::vector<rules::RuleFinding>> AskForStoredFindings(const StoredFindingsRequest& request);

}  // namespace bellwether::server
