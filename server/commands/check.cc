#include "server/commands/check.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/read_file.h"
#include "notify/dispatcher.h"
#include "rules/rule_check.h"
#include "rules/rule_lint.h"
#include "server/commands/stored_findings.h"
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
  std::string lint = "all";
  std::string accept_file;
  bool lint_fatal = false;
  DataTarget data;  // Neither a server nor a path: stored data are not asked.
  std::string period = "7d";
  std::string silent = "10m";
  std::vector<std::string> severities = {};  // Of the configuration that names the files.
};

rules::RuleFileOptions FileOptionsOf(const CheckFlags& flags) {
  promql::EngineOptions engine;
  for (const std::string& unknown : ApplyFeatures(flags.features, engine)) {
    fmt::print(stderr, "unknown feature in --enable-feature: {}\n", unknown);
  }
  rules::RuleFileOptions options;
  options.parser = engine.parser;
  options.ignore_unknown_fields = flags.ignore_unknown_fields;
  options.severities = flags.severities;
  return options;
}

int CheckRuleFiles(const std::vector<std::string>& files, const CheckFlags& flags) {
  const rules::RuleFileOptions options = FileOptionsOf(flags);
  int code = 0;
  const auto checked = rules::CheckRuleFiles(files, options);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& rules = checked[i];
    code |= CheckOne(files[i], rules.status(), rules.ok() ? fmt::format("{} rules found", *rules) : "");
  }
  return code;
}

constexpr int kLintFailure = 3;  // promtool's code.

// Those that are not accepted. False if there is none.
bool PrintOpen(std::vector<rules::RuleFinding> findings, const std::vector<rules::AcceptedFinding>& accepted,
               const rules::RuleFileOptions& options) {
  const base::TimestampMs now = base::SystemClock().Now();
  const auto open = rules::OpenFindings(std::move(findings), accepted, now, options.severities);
  for (const rules::RuleFinding& finding : open) {
    fmt::print("  {}{}group \"{}\", \"{}\": {}: {}\n", finding.file.empty() ? "" : finding.file + ": ",
               finding.severity.empty() ? "" : finding.severity + ": ", finding.group, finding.rule, finding.lint,
               finding.text);
  }
  return !open.empty();
}

// Prints what is to be said of the file; false if there is nothing.
bool PrintFindings(const std::string& file, const CheckFlags& flags, const rules::RuleFileOptions& options,
                   const std::vector<rules::AcceptedFinding>& accepted) {
  bool found = false;
  for (const std::string& text : rules::LintRuleFile(file, options)) {
    fmt::print("  {}\n", text);
    found = true;
  }
  if (flags.lint == "duplicate-rules") return found;
  auto findings = rules::FindRuleFindings(file, options, base::Minutes(1));
  if (!findings.ok()) return found;  // Told by the check.
  return PrintOpen(*std::move(findings), accepted, options) || found;
}

base::Result<StoredFindingsRequest> MakeDataRequest(const CheckFlags& flags, const rules::RuleFileOptions& options) {
  StoredFindingsRequest request{
      .target = flags.data, .files = flags.files, .period = {}, .silent = {}, .options = options};
  BW_ASSIGN_OR_RETURN(request.period, base::ParseDuration(flags.period));
  BW_ASSIGN_OR_RETURN(request.silent, base::ParseDuration(flags.silent));
  return request;
}

// Prints what stored data say of the files.
base::Result<bool> PrintStoredFindings(const CheckFlags& flags, const rules::RuleFileOptions& options,
                                       const std::vector<rules::AcceptedFinding>& accepted) {
  BW_ASSIGN_OR_RETURN(const StoredFindingsRequest request, MakeDataRequest(flags, options));
  BW_ASSIGN_OR_RETURN(std::vector<rules::RuleFinding> findings, AskForStoredFindings(request));
  fmt::print("Stored data:\n");
  const bool found = PrintOpen(std::move(findings), accepted, options);
  if (!found) fmt::print("  nothing to say\n");
  return found;
}

int LintRules(const CheckFlags& flags) {
  std::vector<rules::AcceptedFinding> accepted;
  if (!flags.accept_file.empty()) {
    auto read = rules::ReadAcceptedFindings(flags.accept_file);
    if (!read.ok()) {
      fmt::print(stderr, "{}\n", read.status().message());
      return 1;
    }
    accepted = *std::move(read);
  }
  const rules::RuleFileOptions options = FileOptionsOf(flags);
  bool found = false;
  for (const std::string& file : flags.files) found = PrintFindings(file, flags, options, accepted) || found;
  if (!flags.data.server.empty() || !flags.data.storage_path.empty()) {
    const auto stored = PrintStoredFindings(flags, options, accepted);
    if (!stored.ok()) {
      fmt::print(stderr, "{}\n", stored.status().message());
      return 1;
    }
    found = *stored || found;
  }
  return found && flags.lint_fatal ? kLintFailure : 0;
}

int CheckRules(const CheckFlags& flags) {
  const int code = CheckRuleFiles(flags.files, flags);
  return code != 0 || flags.lint == "none" ? code : LintRules(flags);
}

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
    CheckFlags with_severities = flags;
    with_severities.severities = config->severities;
    code |= CheckRuleFiles(config->rule_files, with_severities);
  }
  return code;
}

// Also what could not be served here: Alertmanager's own files are judged as Alertmanager judges them.
int CheckAlertmanager(const CheckFlags& flags) {
  int code = 0;
  for (const std::string& file : flags.files) {
    const auto text = base::ReadFile(file);
    if (!text.ok()) {
      code |= CheckOne(file, text.status(), "");
      continue;
    }
    const auto config = notify::ParseConfig(file, *text, "", {.use = notify::ConfigUse::kJudge});
    code |= CheckOne(file, config.status(), config.ok() ? notify::ConfigSummary(**config) : "");
    if (!config.ok()) continue;
    for (const std::string& warning : notify::ConfigWarnings(**config)) fmt::print("  WARNING: {}\n", warning);
  }
  return code;
}

}  // namespace

void AddCheckCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* check = app.add_subcommand("check", "Check files and say what is wrong with them");
  check->require_subcommand(1);
  struct Added {
    CLI::App* command;
    std::shared_ptr<CheckFlags> flags;
  };
  const auto add = [&](const char* name, const char* description, int (*body)(const CheckFlags&)) {
    const auto flags = std::make_shared<CheckFlags>();
    CLI::App* command = check->add_subcommand(name, description);
    command->add_option("FILE", flags->files, "Files to check")->required();
    AddFeatureFlag(*command, flags->features);
    command->add_flag("--ignore-unknown-fields", flags->ignore_unknown_fields,
                      "Take unknown fields of rule files for comments");
    command->callback([flags, body, &run] { run = [flags, body] { return body(*flags); }; });
    return Added{command, flags};
  };
  add("config", "A configuration file, and the rule files it names", CheckConfig);
  add("alertmanager", "An Alertmanager's configuration file", CheckAlertmanager);
  const Added rules = add("rules", "Rule files", CheckRules);
  rules.command->add_option("--lint", rules.flags->lint, "Advice beside the faults: all, duplicate-rules or none")
      ->check(CLI::IsMember({"all", "duplicate-rules", "none"}));
  rules.command->add_option("--lint.accept", rules.flags->accept_file,
                            "File of findings that are let be for a while, each with a reason and an end");
  rules.flags->data.server.clear();
  AddDataTargetFlags(*rules.command, rules.flags->data);
  rules.command->add_option("--lint.period", rules.flags->period, "Stored data of so long are looked at")
      ->capture_default_str();
  rules.command->add_option("--lint.silent", rules.flags->silent, "A series without samples for so long is gone")
      ->capture_default_str();
  rules.command->add_flag("--lint-fatal", rules.flags->lint_fatal, "Exit with 3 where there is advice");
}

}  // namespace bellwether::server
