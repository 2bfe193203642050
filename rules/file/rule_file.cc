#include "rules/file/rule_file.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/read_file.h"
#include "base/utf8.h"
#include "metric/labels.h"
#include "rules/eval/alert_template.h"
#include "rules/file/condition_reader.h"
#include "rules/file/slo_reader.h"
#include "rules/severities.h"
#include "yaml/field_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::rules {
namespace {

using yaml::FaultList;
using yaml::FieldReader;
using yaml::YamlDocument;
using yaml::YamlField;
using yaml::YamlNode;
using yaml::YamlPosition;

constexpr auto kFileKeys = std::to_array<std::string_view>({"groups"});
constexpr auto kGroupKeys =
    std::to_array<std::string_view>({"name", "interval", "query_offset", "limit", "labels", "rules"});
constexpr auto kRuleKeys = std::to_array<std::string_view>(
    {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations", "signals", "match_on", "when",
     "levels", "overrides", "clear", "missing", "on_no_data", "forget_after", "depends_on"});

bool IsValidName(std::string_view name) { return !name.empty() && base::IsValidUtf8(name); }

// A text that is equal for nodes that say the same in the same order.
void AppendSource(const YamlNode& node, std::string& out) {
  out += static_cast<char>('0' + static_cast<int>(node.kind));
  base::AppendQuoted(out, node.scalar);
  for (const YamlNode& item : node.items) AppendSource(item, out);
  for (const YamlField& field : node.fields) {
    base::AppendQuoted(out, field.key);
    AppendSource(field.value, out);
  }
  out += '.';
}

// Reads one rule and checks it; the faults go to the list, in whose context the rule is named.
class RuleReader {
 public:
  RuleReader(const YamlNode& node, const TextMap& group_labels, const ConditionContext& context, FaultList& faults)
      : node_(node), fields_(node, "a rule", faults), group_labels_(group_labels), context_(context), faults_(faults) {}

  // The rule, or the rules that an objective stands for.
  std::vector<RuleSpec> Read() {
    if (fields_.Find("slo") != nullptr) return ReadObjective();
    fields_.RefuseUnknown(kRuleKeys, {});
    ReadName();
    ReadExpression();
    rule_.hold.hold = fields_.Duration("for").value_or(base::DurationMs(0));
    rule_.hold.keep_firing = fields_.Duration("keep_firing_for").value_or(base::DurationMs(0));
    if (fields_.Find("record") == nullptr) {
      rule_.conditions = ReadConditions(node_, expr_, rule_.hold.hold, context_, faults_);
    }
    ReadTexts();
    if (fields_.Find("record") != nullptr) CheckRecording();
    Finish(rule_);
    return {std::move(rule_)};
  }

 private:
  std::vector<RuleSpec> ReadObjective() {
    for (const std::string_view key : {"record", "alert", "expr", "signals"}) {
      if (fields_.Find(key) == nullptr) continue;
      faults_.Add(fields_.PositionOf(key), fields_.PositionOf("slo"),
                  fmt::format("only one of '{}' and 'slo' must be set", key));
      return {};
    }
    std::vector<RuleSpec> rules = ReadSlo(node_, context_, faults_);
    if (rules.empty()) return {};
    rule_ = std::move(rules.back());
    ReadTexts();
    rules.back() = std::move(rule_);
    for (RuleSpec& rule : rules) Finish(rule);
    return rules;
  }

  // Labels, annotations, and what else belongs to any rule that is written.
  void ReadTexts() {
    rule_.labels = fields_.Texts("labels");
    rule_.annotations = fields_.Texts("annotations");
    if (fields_.Find("record") == nullptr) {
      rule_.depends_on = ReadDependencies(fields_, faults_);
      CheckSeverity();
    }
    CheckLabels();
    CheckAnnotations();
  }

  void Finish(RuleSpec& rule) const {
    rule.labels.insert(group_labels_.begin(), group_labels_.end());
    AppendSource(node_, rule.source);
    rule.source += rule.name;
  }

  void ReadName() {
    const std::string record = fields_.Text("record");
    const std::string alert = fields_.Text("alert");
    rule_.kind = alert.empty() ? RuleKind::kRecording : RuleKind::kAlerting;
    rule_.name = alert.empty() ? record : alert;
    if (!record.empty() && !alert.empty()) {
      faults_.Add(fields_.PositionOf("record"), fields_.PositionOf("alert"),
                  "only one of 'record' and 'alert' must be set");
    } else if (record.empty() && alert.empty()) {
      faults_.Add(fields_.PositionOf(""), "one of 'record' or 'alert' must be set");
    } else if (!alert.empty() && !base::IsValidUtf8(alert)) {
      faults_.Add(fields_.PositionOf("alert"), "invalid alert name: not valid UTF-8");
    }
  }

  void ReadExpression() {
    const YamlNode* value = fields_.Find("expr");
    if (fields_.Find("signals") != nullptr) {
      if (value != nullptr) {
        faults_.Add(fields_.PositionOf("expr"), fields_.PositionOf("signals"),
                    "only one of 'expr' and 'signals' must be set");
      }
      rule_.query = "ALERTS{alertname=" + base::Quote(rule_.name) + "}";
      return;
    }
    if (value == nullptr || (value->kind == YamlNode::Kind::kScalar && value->scalar.empty())) {
      faults_.Add(fields_.PositionOf("expr"), "field 'expr' must be set in rule");
      return;
    }
    expr_ = ReadExpr(fields_, "expr", context_.parser, faults_);
    if (!expr_) return;
    rule_.expr_text = expr_->text;
    rule_.expr = expr_->expr;
    rule_.query = expr_->query;
  }

  void CheckSeverity() {
    if (rule_.conditions == nullptr || !rule_.conditions->has_levels) return;
    const bool own = rule_.labels.contains(kSeverityLabel);
    if (!own && !group_labels_.contains(kSeverityLabel)) return;
    faults_.Add(own ? PositionIn("labels", kSeverityLabel) : fields_.PositionOf("levels"),
                fmt::format("label 'severity'{} stands beside 'levels', which give the alert its severity: remove it",
                            own ? "" : " of the group"));
  }

  void CheckRecording() {
    const YamlPosition at = fields_.PositionOf("record");
    const std::string record = fields_.Text("record");
    if (record.empty()) return;
    if (!rule_.annotations.empty()) faults_.Add(at, "invalid field 'annotations' in recording rule");
    if (rule_.hold.hold.ms != 0) faults_.Add(at, "invalid field 'for' in recording rule");
    if (rule_.hold.keep_firing.ms != 0) faults_.Add(at, "invalid field 'keep_firing_for' in recording rule");
    for (const std::string_view key : kConditionKeys) {
      if (fields_.Find(key) != nullptr) faults_.Add(at, fmt::format("invalid field '{}' in recording rule", key));
    }
    if (fields_.Find("depends_on") != nullptr) faults_.Add(at, "invalid field 'depends_on' in recording rule");
    if (!IsValidName(record)) faults_.Add(at, "invalid recording rule name: " + record);
    if (record.find_first_of("{}") != std::string::npos) {
      faults_.Add(at, "braces present in the recording rule name; should it be in expr?: " + record);
    }
  }

  void CheckLabels() {
    for (const auto& [name, value] : rule_.labels) {
      const YamlPosition at = PositionIn("labels", name);
      if (!IsValidName(name) || name == metric::kMetricName) faults_.Add(at, "invalid label name: " + name);
      if (!base::IsValidUtf8(value)) faults_.Add(at, "invalid label value: " + base::Quote(value));
      if (rule_.kind == RuleKind::kAlerting) CheckTemplate("label", name, value, at);
    }
  }

  void CheckAnnotations() {
    for (const auto& [name, value] : rule_.annotations) {
      const YamlPosition at = PositionIn("annotations", name);
      if (!IsValidName(name)) faults_.Add(at, "invalid annotation name: " + name);
      if (rule_.kind == RuleKind::kAlerting) CheckTemplate("annotation", name, value, at);
    }
  }

  void CheckTemplate(std::string_view kind, std::string_view name, const std::string& text, YamlPosition at) {
    // Labels are the alert's identity, so they know nothing of its level.
    const bool has_more = kind == "annotation" && rule_.conditions != nullptr;
    const base::Status status =
        CheckAlertTemplate(rule_.name, text, has_more ? TemplateScope::kConditions : TemplateScope::kPrometheus);
    if (!status.ok()) faults_.Add(at, fmt::format("{} {}: {}", kind, base::Quote(name), status.message()));
  }

  [[nodiscard]] YamlPosition PositionIn(std::string_view map, std::string_view name) const {
    for (const YamlField& field : fields_.Find(map)->fields) {
      if (field.key == name) return field.value.position;
    }
    return fields_.PositionOf(map);
  }

  const YamlNode& node_;
  FieldReader fields_;
  const TextMap& group_labels_;
  const ConditionContext& context_;
  FaultList& faults_;
  std::optional<ExprSpec> expr_;
  RuleSpec rule_;
};

// The name under which faults speak of a rule.
std::string RuleNameForFaults(const YamlNode& rule) {
  std::string name;
  for (const YamlField& field : rule.fields) {
    if (field.value.kind != YamlNode::Kind::kScalar) continue;
    if (field.key == "alert" || (name.empty() && (field.key == "record" || field.key == "slo")))
      name = field.value.scalar;
  }
  return name;
}

void CheckGroupLabels(const TextMap& labels, YamlPosition at, FaultList& faults) {
  for (const auto& [name, value] : labels) {
    if (!IsValidName(name) || name == metric::kMetricName) faults.Add(at, "invalid label name: " + name);
    if (!base::IsValidUtf8(value)) faults.Add(at, "invalid label value: " + base::Quote(value));
  }
}

GroupSpec ReadGroup(const YamlNode& node, const ConditionContext& context, FaultList& faults) {
  GroupSpec group;
  FieldReader fields(node, "a rule group", faults);
  fields.RefuseUnknown(kGroupKeys, {});
  group.name = fields.Text("name");
  if (group.name.empty()) faults.Add(node.position, "Groupname must not be empty");
  group.interval = fields.Duration("interval");
  group.query_offset = fields.Duration("query_offset");
  group.limit = static_cast<std::size_t>(std::max<std::int64_t>(fields.Integer("limit").value_or(0), 0));
  const TextMap labels = fields.Texts("labels");
  CheckGroupLabels(labels, fields.PositionOf("labels"), faults);
  int number = 0;
  for (const YamlNode& rule : fields.List("rules")) {
    faults.SetContext(fmt::format("group \"{}\", rule {}, \"{}\"", group.name, ++number, RuleNameForFaults(rule)));
    for (RuleSpec& spec : RuleReader(rule, labels, context, faults).Read()) group.rules.push_back(std::move(spec));
  }
  faults.SetContext("");
  return group;
}

}  // namespace

std::size_t RuleFile::RuleCount() const {
  std::size_t count = 0;
  for (const GroupSpec& group : groups) {
    for (const RuleSpec& rule : group.rules) count += rule.is_generated ? 0 : 1;
  }
  return count;
}

base::Status RuleFile::status() const {
  return faults.empty() ? base::OkStatus() : base::InvalidArgument(fmt::format("{}", fmt::join(faults, "\n")));
}

base::DurationMs IntervalOf(const GroupSpec& group, base::DurationMs default_interval) {
  const base::DurationMs own = group.interval.value_or(base::DurationMs(0));
  return own.ms > 0 ? own : default_interval;
}

void ForEachExpr(const RuleSpec& rule, const std::function<void(const promql::Expr& expr)>& visit) {
  const auto look = [&](const std::optional<ExprSpec>& spec) {
    if (spec) visit(*spec->expr);
  };
  if (rule.expr != nullptr) visit(*rule.expr);
  if (rule.conditions == nullptr) return;
  look(rule.conditions->clear);
  ForEachSignalSpec(*rule.conditions, [&](const SignalSpec& signal) {
    look(signal.expr);
    look(signal.clear);
  });
  ForEachLevelSpec(*rule.conditions, [&](const LevelSpec& level) { look(level.clear); });
}

std::string WorstSeverity(const RuleSpec& rule) {
  if (rule.conditions != nullptr && rule.conditions->has_levels) return rule.conditions->levels.back().rule.severity;
  const auto severity = rule.labels.find("severity");
  return severity == rule.labels.end() ? "" : severity->second;
}

base::Result<std::vector<RuleFile>> ReadRuleTexts(std::span<const RuleText> texts, const RuleFileOptions& options) {
  std::vector<RuleFile> files;
  std::vector<std::string> faults;
  for (const RuleText& text : texts) {
    files.push_back(ReadRuleText(text.path, text.text, options));
    const std::vector<std::string>& own = files.back().faults;
    faults.insert(faults.end(), own.begin(), own.end());
  }
  if (!faults.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(faults, "\n")));
  return files;
}

RuleFile ReadRuleText(const std::string& path, std::string_view text, const RuleFileOptions& options) {
  RuleFile file;
  file.path = path;
  FaultList faults(path);
  if (options.ignore_unknown_fields) faults.IgnoreUnknownFields();
  const YamlDocument document = yaml::ReadYaml(text);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  if (document.more_documents) {
    file.warnings.push_back(path + ": only the first YAML document is read; the ones after it are ignored");
  }
  if (document.root.kind != YamlNode::Kind::kNull) {
    FieldReader fields(document.root, "a rule file", faults);
    fields.RefuseUnknown(kFileKeys, {});
    std::set<std::string> names;
    const std::vector<std::string> severities = SeverityOrder(options.severities);
    const ConditionContext context{
        options.parser, severities, [&](YamlPosition at, std::string_view warning) {
          file.warnings.push_back(fmt::format("{}: {}: {}", path, yaml::PositionText(at), warning));
        }};
    for (const YamlNode& node : fields.List("groups")) {
      file.groups.push_back(ReadGroup(node, context, faults));
      const std::string& name = file.groups.back().name;
      if (!names.insert(name).second && !name.empty()) {
        faults.Add(node.position, fmt::format("groupname: \"{}\" is repeated in the same file", name));
      }
    }
  }
  file.faults = faults.Take();
  return file;
}

RuleFile ReadRuleFile(const std::string& path, const RuleFileOptions& options) {
  const base::Result<std::string> text = base::ReadFile(path);
  if (text.ok()) return ReadRuleText(path, *text, options);
  RuleFile file;
  file.path = path;
  file.faults.push_back(fmt::format("{}: cannot be read: {}", path, text.status().message()));
  return file;
}

std::vector<std::string> FindDuplicateRules(const RuleFile& file) {
  std::map<std::pair<std::string, TextMap>, int> seen;
  std::vector<std::string> texts;
  for (const GroupSpec& group : file.groups) {
    for (const RuleSpec& rule : group.rules) {
      if (++seen[{rule.name, rule.labels}] != 2) continue;
      std::string text = fmt::format("{}: duplicate rule: metric {}", file.path, rule.name);
      for (const auto& [name, value] : rule.labels) text += fmt::format(", label {}={}", name, base::Quote(value));
      texts.push_back(text + ": the results of the two overwrite each other");
    }
  }
  return texts;
}

}  // namespace bellwether::rules
