#include "api/handlers/rule_texts.h"

#include <fmt/format.h>

namespace bellwether::api {

base::Result<std::vector<rules::RuleText>> RuleFiles(const HttpRequest& request, const std::string& name) {
  const std::vector<std::string> texts = request.ParamAll(name);
  const std::vector<std::string> paths = request.ParamAll(name + "_file");
  if (!paths.empty() && paths.size() != texts.size()) {
    return base::InvalidArgument(fmt::format("{} values of \"{}\" and {} of \"{}_file\": each file needs its name",
                                             texts.size(), name, paths.size(), name));
  }
  std::vector<rules::RuleText> files;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    files.push_back({paths.empty() ? fmt::format("{}-{}.yml", name, i + 1) : paths[i], texts[i]});
  }
  return files;
}

}  // namespace bellwether::api
