#include "server/commands/check.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "rules/rule_manager.h"
#include "server/config/config.h"

namespace bellwether::server {
namespace {

int CheckOne(const std::string& file, const base::Status& status, const std::string& success) {
  fmt::print("Checking {}\n", file);
  if (status.ok()) {
    fmt::print("  SUCCESS: {}\n\n", success);
    return 0;
  }
  fmt::print("  FAILED:\n");
  fmt::print(stderr, "{}\n\n", status.message());
  return 1;
}

int CheckRules(const std::vector<std::string>& files) {
  // A rule may need a feature that the server has switched on; whether it has is not known here.
  const promql::ParserOptions everything = {
      .experimental_functions = true, .extended_range_selectors = true, .binop_fill_modifiers = true};
  int code = 0;
  for (const std::string& file : files) {
    const auto rules = rules::CheckRuleFile(file, everything);
    code |= CheckOne(file, rules.status(), rules.ok() ? fmt::format("{} rules found", *rules) : "");
  }
  return code;
}

int CheckConfig(const std::vector<std::string>& files) {
  int code = 0;
  for (const std::string& file : files) {
    const auto config = LoadConfig(file);
    code |= CheckOne(file, config.status(), "the configuration is valid");
    if (!config.ok()) continue;
    for (const std::string& warning : config->warnings) fmt::print("  WARNING: {}\n", warning);
    if (config->notifications != nullptr) {
      for (const std::string& warning : notify::ConfigWarnings(*config->notifications)) {
        fmt::print("  WARNING: {}\n", warning);
      }
    }
    code |= CheckRules(config->rule_files);
  }
  return code;
}

}  // namespace

void AddCheckCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* check = app.add_subcommand("check", "Check files and say what is wrong with them");
  check->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, int (*body)(const std::vector<std::string>&)) {
    const auto files = std::make_shared<std::vector<std::string>>();
    CLI::App* command = check->add_subcommand(name, description);
    command->add_option("FILE", *files, "Files to check")->required();
    command->callback([files, body, &run] { run = [files, body] { return body(*files); }; });
  };
  add("config", "A configuration file, and the rule files it names", CheckConfig);
  add("rules", "Rule files", CheckRules);
}

}  // namespace bellwether::server
