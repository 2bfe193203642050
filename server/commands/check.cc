#include "server/commands/check.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "rules/rule_check.h"
#include "server/config/config.h"
#include "server/features.h"

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

struct CheckFlags {
  std::vector<std::string> files;
  std::vector<std::string> features;
  bool ignore_unknown_fields = false;
};

int CheckRuleFiles(const std::vector<std::string>& files, const CheckFlags& flags) {
  promql::EngineOptions engine;
  for (const std::string& unknown : ApplyFeatures(flags.features, engine)) {
    fmt::print(stderr, "unknown feature in --enable-feature: {}\n", unknown);
  }
  int code = 0;
  for (const std::string& file : files) {
    const auto rules = rules::CheckRuleFile(file, {engine.parser, flags.ignore_unknown_fields});
    code |= CheckOne(file, rules.status(), rules.ok() ? fmt::format("{} rules found", *rules) : "");
  }
  return code;
}

int CheckRules(const CheckFlags& flags) { return CheckRuleFiles(flags.files, flags); }

int CheckConfig(const CheckFlags& flags) {
  int code = 0;
  for (const std::string& file : flags.files) {
    const auto config = LoadConfig(file);
    code |= CheckOne(file, config.status(), "the configuration is valid");
    if (!config.ok()) continue;
    for (const std::string& warning : config->warnings) fmt::print("  WARNING: {}\n", warning);
    if (config->notifications != nullptr) {
      for (const std::string& warning : notify::ConfigWarnings(*config->notifications)) {
        fmt::print("  WARNING: {}\n", warning);
      }
    }
    code |= CheckRuleFiles(config->rule_files, flags);
  }
  return code;
}

}  // namespace

void AddCheckCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* check = app.add_subcommand("check", "Check files and say what is wrong with them");
  check->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, int (*body)(const CheckFlags&)) {
    const auto flags = std::make_shared<CheckFlags>();
    CLI::App* command = check->add_subcommand(name, description);
    command->add_option("FILE", flags->files, "Files to check")->required();
    AddFeatureFlag(*command, flags->features);
    command->add_flag("--ignore-unknown-fields", flags->ignore_unknown_fields,
                      "Take unknown fields of rule files for comments");
    command->callback([flags, body, &run] { run = [flags, body] { return body(*flags); }; });
  };
  add("config", "A configuration file, and the rule files it names", CheckConfig);
  add("rules", "Rule files", CheckRules);
}

}  // namespace bellwether::server
