#include "server/commands/stored_findings.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "promql/engine.h"
#include "rules/stored_lint.h"
#include "server/commands/rule_texts.h"
#include "server/commands/server_answer.h"

namespace bellwether::server {
namespace {

using Findings = std::vector<rules::RuleFinding>;

base::Result<Findings> AskRunningServer(const StoredFindingsRequest& request,
                                        const std::vector<rules::RuleText>& files) {
  FormFields fields = {{"period", base::FormatDuration(request.period)},
                       {"silent", base::FormatDuration(request.silent)}};
  AddRuleFields("rules", files, fields);
  BW_ASSIGN_OR_RETURN(const nlohmann::json answer,
                      AskServer(request.target, "/api/v1/rules/check", fields, base::Minutes(10)));
  Findings findings;
  for (const nlohmann::json& finding : answer["data"]) {
    findings.push_back({.group = finding["group"],
                        .rule = finding["rule"],
                        .severity = finding["severity"],
                        .lint = finding["lint"],
                        .text = finding["text"],
                        .file = finding["file"]});
  }
  return findings;
}

base::Result<Findings> LookOffline(const StoredFindingsRequest& request, const std::vector<rules::RuleText>& files) {
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<OfflineStore> store,
                      OpenOffline(request.target.storage_path, Access::kRead, base::DurationMs(0)));
  promql::EngineOptions engine_options;
  engine_options.parser = request.options.parser;
  const promql::Engine engine(engine_options, store->clock, store->metrics);
  rules::StoredLintOptions options;
  // A server that was stopped has nothing of now: its newest sample is when its data end.
  options.now = store->opened.storage->Stats(0).max_time.value_or(store->clock.Now());
  options.period = request.period;
  options.silent = request.silent;
  options.file = request.options;
  return rules::FindStoredFindings(*store->opened.storage, engine, files, options);
}

}  // namespace

base::Result<Findings> AskForStoredFindings(const StoredFindingsRequest& request) {
  BW_ASSIGN_OR_RETURN(const std::vector<rules::RuleText> files, ReadRuleTexts(request.files));
  return request.target.storage_path.empty() ? AskRunningServer(request, files) : LookOffline(request, files);
}

}  // namespace bellwether::server
