#include "rules/severities.h"

namespace bellwether::rules {

std::vector<std::string> SeverityOrder(const std::vector<std::string>& configured) {
  if (!configured.empty()) return configured;
  return {"info", "warning", "error", "critical", "page"};
}

}  // namespace bellwether::rules
