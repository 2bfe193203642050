#include "rules/rule_lint.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/read_file.h"
#include "promql/parser/function_signatures.h"
#include "rules/file/condition_spec.h"
#include "rules/file/rule_file.h"
#include "rules/lint/lint_names.h"
#include "rules/severities.h"
#include "yaml/field_reader.h"
#include "yaml/suggestion.h"
#include "yaml/yaml_tree.h"

namespace bellwether::rules {
namespace {

constexpr std::array<std::string_view, 4> kCounterSuffixes = {"_total", "_count", "_sum", "_bucket"};
constexpr std::array<std::string_view, 3> kCounterFunctions = {"rate", "irate", "increase"};

// Calls `visit` for the expression and all below it; `call` is the function whose argument it is, or null.
using ExprVisitor = std::function<void(const promql::Expr& expr, const promql::Call* call)>;

void Walk(const promql::Expr& expr, const promql::Call* call, const ExprVisitor& visit) {
  visit(expr, call);
  const promql::Call* below = nullptr;
  if (expr.kind == promql::ExprKind::kCall) below = &static_cast<const promql::Call&>(expr);
  if (expr.kind == promql::ExprKind::kParen) below = call;
  promql::ForEachChild(expr, [&](const promql::Expr& child) { Walk(child, below, visit); });
}

// Counters end in _total and the parts of histograms in three other ways; native histograms are counters under the
// name of a unit. What a rule records says by its colons that it says something else.
bool LooksLikeAGauge(std::string_view name) {
  if (name.empty() || name.find(':') != std::string_view::npos) return false;
  if (name.ends_with("_seconds") || name.ends_with("_bytes")) return false;
  return std::none_of(kCounterSuffixes.begin(), kCounterSuffixes.end(),
                      [&](std::string_view suffix) { return name.ends_with(suffix); });
}

// Of two vectors of counts: psi, ks_pvalue, auc, ...
bool ComparesDistributions(const promql::FunctionSignature& function) {
  const auto vectors = std::count(function.args.begin(), function.args.end(), promql::ValueType::kVector);
  return function.for_models && vectors == 2;
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsCamelCase(std::string_view name) {
  return !name.empty() && IsUpper(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsUpper(c) || IsLowerOrDigit(c); });
}

bool IsSnakeCase(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return IsLowerOrDigit(c) || c == '_'; });
}

// Gathers what is to be said of one rule.
class RuleLinter {
 public:
  RuleLinter(const GroupSpec& group, const RuleSpec& rule, base::DurationMs interval, std::vector<RuleFinding>& out)
      : group_(group), rule_(rule), interval_(interval), out_(out) {}

  void Run() {
    if (rule_.kind == RuleKind::kAlerting) CheckResponse();
    CheckNames();
    ForEachExpr(rule_, [this](const promql::Expr& whole) {
      Walk(whole, nullptr, [this](const promql::Expr& expr, const promql::Call* call) {
        if (expr.kind == promql::ExprKind::kMatrixSelector) {
          CheckRange(static_cast<const promql::MatrixSelector&>(expr), call);
        } else if (expr.kind == promql::ExprKind::kCall) {
          CheckCounts(static_cast<const promql::Call&>(expr));
        }
      });
    });
  }

 private:
  void Add(std::string_view lint, std::string text) {
    RuleFinding finding{.group = group_.name,
                        .rule = rule_.name,
                        .severity = WorstSeverity(rule_),
                        .lint = std::string(lint),
                        .text = std::move(text)};
    // An override mostly says the same of the same series.
    if (out_.empty() || out_.back() != finding) out_.push_back(std::move(finding));
  }

  void CheckResponse() {
    if (!rule_.annotations.contains("runbook_url")) {
      Add(kMissingRunbook, "no annotation runbook_url says what to do");
    }
    if (!rule_.labels.contains("team") && !rule_.labels.contains("owner")) {
      Add(kMissingOwner, "no label team or owner says whose it is");
    }
  }

  void CheckNames() {
    if (rule_.kind == RuleKind::kAlerting && !IsCamelCase(rule_.name)) {
      Add(kNaming, "the name of an alert should be CamelCase");
    }
    if (rule_.kind == RuleKind::kRecording && rule_.name.find(':') == std::string::npos) {
      Add(kNaming, "the name of a recorded series should be level:metric:operations");
    }
    for (const auto& [label, value] : rule_.labels) {
      if (!IsSnakeCase(label)) Add(kNaming, fmt::format("the name of the label {} should be snake_case", label));
    }
  }

  void CheckRange(const promql::MatrixSelector& selector, const promql::Call* call) {
    const std::string& name = selector.selector->name;
    if (call != nullptr && LooksLikeAGauge(name) &&
        std::find(kCounterFunctions.begin(), kCounterFunctions.end(), call->function->name) !=
            kCounterFunctions.end()) {
      Add(kGaugeRate, fmt::format("{} over {}, which by its name is no counter; for a gauge there are delta and deriv",
                                  call->function->name, name));
    }
    if (selector.range_expr == nullptr && selector.range < interval_ * 2) {
      Add(kShortWindow, fmt::format("the range {} of {} is shorter than twice the interval of the group, {}",
                                    base::FormatDuration(selector.range), name.empty() ? "a selector" : name,
                                    base::FormatDuration(interval_)));
    }
  }

  void CheckCounts(const promql::Call& comparison) {
    if (!ComparesDistributions(*comparison.function)) return;
    const promql::Call* rated = nullptr;
    Walk(comparison, nullptr, [&](const promql::Expr& expr, const promql::Call*) {
      if (expr.kind != promql::ExprKind::kCall) return;
      const auto& call = static_cast<const promql::Call&>(expr);
      if (call.function->name == "rate" || call.function->name == "irate") rated = &call;
    });
    if (rated == nullptr) return;
    Add(kRatedCounts, fmt::format("{} of a {}, which has lost how many samples there were; increase keeps it",
                                  comparison.function->name, rated->function->name));
  }

  const GroupSpec& group_;
  const RuleSpec& rule_;
  const base::DurationMs interval_;
  std::vector<RuleFinding>& out_;
};

AcceptedFinding ReadAccepted(const yaml::YamlNode& node, yaml::FaultList& faults) {
  yaml::FieldReader fields(node, "an accepted finding", faults);
  constexpr std::string_view kKnown[] = {"lint", "rule", "until", "reason"};
  fields.RefuseUnknown(kKnown, {});
  AcceptedFinding accepted{
      .lint = fields.Text("lint"), .rule = fields.Text("rule"), .until = {}, .reason = fields.Text("reason")};
  const auto& names = LintNames();
  if (std::find(names.begin(), names.end(), accepted.lint) == names.end()) {
    const std::string_view meant = yaml::Suggest(accepted.lint, names);
    faults.Add(fields.PositionOf("lint"),
               fmt::format("there is no lint {}{}", base::Quote(accepted.lint),
                           meant.empty() ? "" : fmt::format(", did you mean {}?", base::Quote(meant))));
  }
  if (accepted.reason.empty()) faults.Add(fields.PositionOf("reason"), "an accepted finding must have a reason");
  const auto until = base::ParseRfc3339(fields.Text("until") + "T00:00:00Z");
  if (!until.ok()) {
    faults.Add(fields.PositionOf("until"), "an accepted finding must have an end: until, a day such as 2027-01-31");
  } else {
    accepted.until = *until;
  }
  return accepted;
}

}  // namespace

const std::vector<std::string_view>& LintNames() {
  static const std::vector<std::string_view> names = {
      kMissingRunbook,  kMissingOwner,   kGaugeRate,      kRatedCounts,    kShortWindow,  kNaming,
      kMetricNeverSeen, kLabelNeverSeen, kLabelValueGone, kSeriesVanished, kNeverMatches, kNeverFires};
  return names;
}

base::Result<std::vector<RuleFinding>> FindRuleFindings(const std::string& path, const RuleFileOptions& options,
                                                        base::DurationMs default_interval) {
  const RuleFile file = ReadRuleFile(path, options);
  BW_RETURN_IF_ERROR(file.status());
  std::vector<RuleFinding> findings;
  for (const GroupSpec& group : file.groups) {
    const base::DurationMs interval = IntervalOf(group, default_interval);
    for (const RuleSpec& rule : group.rules) RuleLinter(group, rule, interval, findings).Run();
  }
  return findings;
}

base::Result<std::vector<AcceptedFinding>> ReadAcceptedFindings(const std::string& path) {
  const base::Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) return text.status().WithContext("read " + path);
  const yaml::YamlDocument document = yaml::ReadYaml(*text);
  yaml::FaultList faults(path);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  const auto kind = document.root.kind;
  if (kind != yaml::YamlNode::Kind::kSequence && kind != yaml::YamlNode::Kind::kNull) {
    faults.Add(document.root.position, "accepted findings must be a list");
  }
  std::vector<AcceptedFinding> accepted;
  for (const yaml::YamlNode& node : document.root.items) accepted.push_back(ReadAccepted(node, faults));
  const std::vector<std::string> found = faults.Take();
  if (!found.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(found, "\n")));
  return accepted;
}

std::vector<RuleFinding> OpenFindings(std::vector<RuleFinding> findings, const std::vector<AcceptedFinding>& accepted,
                                      base::TimestampMs now, const std::vector<std::string>& severities) {
  std::erase_if(findings, [&](const RuleFinding& finding) {
    return std::any_of(accepted.begin(), accepted.end(), [&](const AcceptedFinding& a) {
      return a.lint == finding.lint && (a.rule.empty() || a.rule == finding.rule) && now < a.until;
    });
  });
  const std::vector<std::string> ranks = SeverityOrder(severities);
  const auto rank = [&](const RuleFinding& finding) {
    const auto at = std::find(ranks.begin(), ranks.end(), finding.severity);
    return at == ranks.end() ? std::ptrdiff_t{-1} : at - ranks.begin();
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const RuleFinding& a, const RuleFinding& b) { return rank(a) > rank(b); });
  return findings;
}

}  // namespace bellwether::rules
