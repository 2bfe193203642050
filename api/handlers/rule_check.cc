// What stored data say of rules: metrics that never came, labels that went away, conditions that cannot hold.
#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/rule_texts.h"
#include "api/json/envelope.h"
#include "rules/stored_lint.h"

namespace bellwether::api {
namespace {

base::Status CheckRules(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::vector<rules::RuleText> files, RuleFiles(request, "rules"));
  if (files.empty()) return base::InvalidArgument("say \"rules\", the texts of rule files");
  rules::StoredLintOptions options;
  options.now = context.clock.Now();
  BW_ASSIGN_OR_RETURN(const auto period, DurationParam(request, "period"));
  BW_ASSIGN_OR_RETURN(const auto silent, DurationParam(request, "silent"));
  options.period = period.value_or(options.period);
  options.silent = silent.value_or(options.silent);
  options.file.parser = context.engine.options().parser;
  options.file.severities = context.backtest_options().rules.severities;
  BW_ASSIGN_OR_RETURN(const std::vector<rules::RuleFinding> findings,
                      rules::FindStoredFindings(context.storage, context.engine, files, options));
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const rules::RuleFinding& finding : findings) {
      json.BeginObject().Key("file").String(finding.file).Key("group").String(finding.group);
      json.Key("rule").String(finding.rule).Key("severity").String(finding.severity);
      json.Key("lint").PlainString(finding.lint).Key("text").String(finding.text).EndObject();
    }
    json.EndArray();
  });
  return base::OkStatus();
}

}  // namespace

void AddRuleCheckRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(ApiRoute(context, {"POST"}, "/api/v1/rules/check", CheckRules, WorkerPool::kBatch));
}

}  // namespace bellwether::api
