// Rules replayed over what is stored: what a rule that is being written, or changed, would have done.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "api/backtest_report.h"
#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/rule_texts.h"
#include "api/json/envelope.h"

namespace bellwether::api {
namespace {

constexpr std::string_view kRuleName = "rule";
constexpr std::string_view kRuleHead = "groups:\n- name: rule\n  rules:\n";
constexpr int kRuleHeadLines = 3;
constexpr std::size_t kRuleIndent = 4;

// One rule, as it stands in a file below "rules:", as a whole file. Every line goes in by kRuleIndent.
std::string RuleAsFile(std::string_view rule) {
  std::string file(kRuleHead);
  bool has_begun = false;  // Behind blank lines and comments.
  while (!rule.empty()) {
    const std::size_t end = std::min(rule.find('\n'), rule.size() - 1) + 1;
    const std::string_view line = rule.substr(0, end);
    rule.remove_prefix(end);
    const std::size_t text = line.find_first_not_of(" \t\r\n");
    const bool begins = !has_begun && text != std::string_view::npos && line[text] != '#';
    has_begun = has_begun || begins;
    file.append(begins && !line.substr(text).starts_with("- ") ? "  - " : "    ").append(line);
  }
  return file;
}

// "rule: 5:9: ..." as the place in the text that was sent: "rule: 2:5: ...".
std::string PlacesInRule(const std::string& faults) {
  const std::string prefix = fmt::format("{}: ", kRuleName);
  std::string out;
  for (std::size_t begin = 0; begin < faults.size();) {
    const std::size_t end = std::min(faults.find('\n', begin), faults.size());
    std::string_view line = std::string_view(faults).substr(begin, end - begin);
    begin = end + 1;
    int row = 0;
    int column = 0;
    const char* stop = line.data() + line.size();
    const char* at = line.starts_with(prefix) ? line.data() + prefix.size() : stop;
    const auto [after_row, bad_row] = std::from_chars(at, stop, row);
    const bool has_column = bad_row == std::errc() && after_row != stop && *after_row == ':';
    const auto [rest, bad_column] = std::from_chars(has_column ? after_row + 1 : stop, stop, column);
    if (!out.empty()) out.push_back('\n');
    if (!has_column || bad_column != std::errc()) {
      out.append(line);
      continue;
    }
    fmt::format_to(std::back_inserter(out), "{}{}:{}{}", prefix, std::max(1, row - kRuleHeadLines),
                   std::max(1, column - static_cast<int>(kRuleIndent)), std::string_view(rest, stop));
  }
  return out;
}

base::Status Backtest(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(std::vector<rules::RuleText> files, RuleFiles(request, "rules"));
  BW_ASSIGN_OR_RETURN(const std::vector<rules::RuleText> compared, RuleFiles(request, "compare"));
  const std::vector<std::string> single = request.ParamAll("rule");
  if (single.size() + (files.empty() ? 0 : 1) != 1) {
    return base::InvalidArgument("say either \"rule\", the text of one rule, or \"rules\", the texts of rule files");
  }
  if (!single.empty()) files.push_back({std::string(kRuleName), RuleAsFile(single[0])});

  rules::BacktestOptions options = context.backtest_options();
  BW_ASSIGN_OR_RETURN(options.start, RequiredTimeParam(request, "start"));
  BW_ASSIGN_OR_RETURN(options.end, TimeParam(request, "end", context.clock.Now()));
  BW_ASSIGN_OR_RETURN(options.warm_up, DurationParam(request, "warm_up"));
  options.engine = context.engine.options();
  options.stop = request.client_gone;

  std::optional<rules::IncidentLabels> labels;
  if (const auto text = request.Param("labels")) {
    BW_ASSIGN_OR_RETURN(labels, rules::ReadIncidentLabels("labels", *text));
  }
  BacktestAnswer answer;
  auto report = rules::RunBacktest(context.storage, files, options);
  if (!report.ok() && !single.empty() && report.status().code() == base::StatusCode::kInvalidArgument) {
    return base::InvalidArgument(PlacesInRule(std::string(report.status().message())));
  }
  BW_ASSIGN_OR_RETURN(answer.report, std::move(report));
  if (labels) answer.score = rules::ScoreBacktest(answer.report, *labels);
  if (!compared.empty()) {
    BW_ASSIGN_OR_RETURN(answer.compared, rules::RunBacktest(context.storage, compared, options));
  }
  RespondData(response, [&](JsonWriter& json) { json.Raw(BacktestJson(answer)); });
  return base::OkStatus();
}

}  // namespace

void AddBacktestRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(ApiRoute(context, {"POST"}, "/api/v1/rules/test", Backtest, WorkerPool::kBatch));
}

}  // namespace bellwether::api
