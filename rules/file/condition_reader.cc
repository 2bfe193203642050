#include "rules/file/condition_reader.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/number.h"
#include "base/quote.h"
#include "rules/file/label_bound.h"
#include "rules/file/when_parser.h"
#include "yaml/suggestion.h"

namespace bellwether::rules {
namespace {

using yaml::FaultList;
using yaml::FieldReader;
using yaml::YamlField;
using yaml::YamlNode;
using yaml::YamlPosition;

constexpr auto kSignalKeys = std::to_array<std::string_view>(
    {"expr", "alert", "through", "for", "above", "below", "clear_above", "clear_below", "clear", "need", "missing"});
constexpr auto kLevelKeys = std::to_array<std::string_view>(
    {"severity", "above", "below", "clear_above", "clear_below", "clear", "for", "when", "after"});
constexpr auto kOverrideKeys = std::to_array<std::string_view>({"match", "levels", "signals"});
constexpr auto kDependencyKeys =
    std::to_array<std::string_view>({"alert", "through", "equal", "wait", "extension", "max"});

bool Has(const FieldReader& fields, std::string_view key) { return fields.Find(key) != nullptr; }

std::optional<double> ReadNumber(FieldReader& fields, std::string_view key, FaultList& faults) {
  if (!Has(fields, key)) return std::nullopt;
  const std::string text = fields.Text(key);
  const std::optional<double> number = base::ParseNumber(text);
  if (number && !std::isnan(*number)) return number;
  faults.Add(fields.PositionOf(key), fmt::format("field '{}' must be a number, not {}", key, base::Quote(text)));
  return std::nullopt;
}

// `above` or `below`, with what clears it.
std::optional<Threshold> ReadThreshold(FieldReader& fields, FaultList& faults) {
  const auto above = ReadNumber(fields, "above", faults);
  const auto below = ReadNumber(fields, "below", faults);
  const auto clear_below = ReadNumber(fields, "clear_below", faults);
  const auto clear_above = ReadNumber(fields, "clear_above", faults);
  if (above && below) {
    faults.Add(fields.PositionOf("below"), "only one of 'above' and 'below' must be set: write two levels or signals");
    return std::nullopt;
  }
  if (clear_below && !above) faults.Add(fields.PositionOf("clear_below"), "'clear_below' must stand beside 'above'");
  if (clear_above && !below) faults.Add(fields.PositionOf("clear_above"), "'clear_above' must stand beside 'below'");
  if (above) {
    if (clear_below && *clear_below > *above) {
      faults.Add(fields.PositionOf("clear_below"),
                 fmt::format("'clear_below' {} is beyond 'above' {}: it must not be higher",
                             base::FormatNumber(*clear_below), base::FormatNumber(*above)));
    }
    return Threshold{Side::kAbove, *above, clear_below.value_or(*above)};
  }
  if (below) {
    if (clear_above && *clear_above < *below) {
      faults.Add(fields.PositionOf("clear_above"),
                 fmt::format("'clear_above' {} is beyond 'below' {}: it must not be lower",
                             base::FormatNumber(*clear_above), base::FormatNumber(*below)));
    }
    return Threshold{Side::kBelow, *below, clear_above.value_or(*below)};
  }
  return std::nullopt;
}

std::optional<ExprSpec> ReadClear(FieldReader& fields, const promql::ParserOptions& parser, FaultList& faults) {
  if (Has(fields, "clear") && (Has(fields, "clear_below") || Has(fields, "clear_above"))) {
    faults.Add(fields.PositionOf("clear"), "only one of 'clear' and 'clear_below' or 'clear_above' must be set");
  }
  return ReadExpr(fields, "clear", parser, faults);
}

std::optional<Truth> ReadTruth(FieldReader& fields, std::string_view key, FaultList& faults) {
  const std::string text = fields.Text(key);
  for (const Truth truth : {Truth::kFalse, Truth::kUnknown, Truth::kTrue}) {
    if (text == TruthName(truth)) return truth;
  }
  if (Has(fields, key)) {
    faults.Add(fields.PositionOf(key),
               fmt::format("field '{}' must be true, false or unknown, not {}", key, base::Quote(text)));
  }
  return std::nullopt;
}

Through ReadThrough(FieldReader& fields, FaultList& faults) {
  const std::string text = fields.Text("through");
  if (text.empty()) return Through::kLabels;
  if (text != "topology") {
    faults.Add(fields.PositionOf("through"),
               fmt::format("field 'through' must be topology, not {}", base::Quote(text)));
  }
  return Through::kTopology;
}

// Whether a `when` without quotes inside {...} lost what follows its first comma to YAML.
bool IsCutAtComma(const std::string& text) {
  return std::count(text.begin(), text.end(), '(') > std::count(text.begin(), text.end(), ')');
}

class ConditionReader {
 public:
  ConditionReader(const YamlNode& rule, const std::optional<ExprSpec>& expr, base::DurationMs hold,
                  const ConditionContext& context, FaultList& faults)
      : fields_(rule, "a rule", faults), expr_(expr), hold_(hold), context_(context), faults_(faults) {}

  ConditionSpecPtr Read() {
    spec_.composite = Has(fields_, "signals");
    spec_.has_levels = Has(fields_, "levels");
    if (!spec_.composite && !spec_.has_levels) {
      RefuseStrays();
      return nullptr;
    }
    ReadMatchOn();
    ReadSignals();
    ReadRuleCondition();
    ReadLevels();
    ReadOverrides();
    ReadNoData();
    if (spec_.composite) CheckJoins();
    return std::make_shared<const ConditionSpec>(std::move(spec_));
  }

 private:
  // A rule with neither signals nor levels is Prometheus's.
  void RefuseStrays() {
    for (const std::string_view key : kConditionKeys) {
      if (!Has(fields_, key)) continue;
      faults_.Add(fields_.PositionOf(key), fmt::format("field '{}' needs 'levels' or 'signals' beside it", key));
    }
  }

  void ReadMatchOn() {
    if (!spec_.composite) {
      if (Has(fields_, "match_on")) faults_.Add(fields_.PositionOf("match_on"), "'match_on' needs 'signals' beside it");
      return;
    }
    for (const YamlNode& item : fields_.List("match_on")) {
      if (item.kind != YamlNode::Kind::kScalar || item.scalar.empty() || item.scalar == metric::kMetricName) {
        faults_.Add(item.position, "'match_on' must list names of labels");
      } else {
        spec_.match_on.push_back(item.scalar);
      }
    }
    std::sort(spec_.match_on.begin(), spec_.match_on.end());
    if (std::adjacent_find(spec_.match_on.begin(), spec_.match_on.end()) != spec_.match_on.end()) {
      faults_.Add(fields_.PositionOf("match_on"), "'match_on' names a label twice");
    }
    if (spec_.match_on.empty()) {
      faults_.Add(fields_.PositionOf("match_on"),
                  "'match_on' must name the labels by which signals belong together, as [model, version]");
    }
  }

  void ReadSignals() {
    const std::optional<Truth> missing = ReadTruth(fields_, "missing", faults_);
    spec_.clear = ReadExpr(fields_, "clear", context_.parser, faults_);
    if (!spec_.composite) {
      SignalSpec only;
      only.expr = expr_;
      only.missing = missing;
      spec_.signals.push_back(std::move(only));
      return;
    }
    const YamlNode& signals = *fields_.Find("signals");
    if (signals.kind != YamlNode::Kind::kMapping || signals.fields.empty()) {
      faults_.Add(signals.position, "'signals' must name at least one, as {errors: {expr: ...}}");
      return;
    }
    for (const YamlField& field : signals.fields) {
      SignalSpec signal = ReadSignal(field);
      if (!signal.missing) signal.missing = missing;
      names_.push_back(signal.name);
      spec_.signals.push_back(std::move(signal));
    }
  }

  SignalSpec ReadSignal(const YamlField& field) {
    FieldReader fields(field.value, "a signal", faults_);
    fields.RefuseUnknown(kSignalKeys, {});
    SignalSpec signal;
    signal.name = field.key;
    signal.position = field.key_position;
    if (!IsSignalName(field.key)) {
      faults_.Add(field.key_position, fmt::format("a signal must not be called {}: use letters, digits and '_', and no "
                                                  "word of 'when'",
                                                  base::Quote(field.key)));
    }
    signal.hold = fields.Duration("for").value_or(base::DurationMs(0));
    signal.missing = ReadTruth(fields, "missing", faults_);
    signal.through = ReadThrough(fields, faults_);
    signal.alert = fields.Text("alert");
    signal.need = ReadNeed(fields);
    if (Has(fields, "expr") == Has(fields, "alert")) {
      faults_.Add(field.value.position, "a signal must have one of 'expr' and 'alert'");
      return signal;
    }
    if (!signal.alert.empty()) {
      for (const std::string_view key : {"above", "below", "clear_above", "clear_below", "clear"}) {
        if (Has(fields, key)) faults_.Add(fields.PositionOf(key), fmt::format("'{}' needs 'expr' beside it", key));
      }
      return signal;
    }
    if (Has(fields, "through")) faults_.Add(fields.PositionOf("through"), "'through' needs 'alert' beside it");
    signal.expr = ReadExpr(fields, "expr", context_.parser, faults_);
    signal.threshold = ReadThreshold(fields, faults_);
    signal.clear = ReadClear(fields, context_.parser, faults_);
    return signal;
  }

  std::size_t ReadNeed(FieldReader& fields) {
    const std::int64_t need = fields.Integer("need").value_or(1);
    if (need < 1) faults_.Add(fields.PositionOf("need"), "field 'need' must be at least 1");
    return static_cast<std::size_t>(std::max<std::int64_t>(need, 1));
  }

  void ReadRuleCondition() {
    spec_.when = ReadWhen(fields_, spec_.when_text);
    if (!spec_.composite || Has(fields_, "when") || spec_.signals.size() != 1) return;
    spec_.when = When();
    spec_.when_text = spec_.signals.front().name;
  }

  std::optional<When> ReadWhen(FieldReader& fields, std::string& text) {
    text = fields.Text("when");
    if (text.empty()) return std::nullopt;
    if (!spec_.composite) {
      faults_.Add(fields.PositionOf("when"), "'when' needs 'signals' beside it");
      return std::nullopt;
    }
    if (IsCutAtComma(text)) {
      faults_.Add(
          fields.PositionOf("when"),
          fmt::format("'when' ends at its first comma, {}: quote it inside {{...}}, as when: 'at_least(2, a, b)'",
                      base::Quote(text)));
      return std::nullopt;
    }
    auto when = ParseWhen(text, names_);
    if (when.ok()) return *std::move(when);
    faults_.Add(fields.PositionOf("when"), "could not parse 'when': " + when.status().message());
    return std::nullopt;
  }

  void ReadLevels() {
    if (!spec_.has_levels) {
      LevelSpec only;
      only.rule.hold = hold_;
      spec_.levels.push_back(std::move(only));
      NeedRuleCondition(fields_.PositionOf(""));
      return;
    }
    std::set<std::string> seen;
    std::size_t rank_before = 0;
    for (const YamlNode& node : fields_.List("levels")) {
      LevelSpec level = ReadLevel(node);
      const std::string& severity = level.rule.severity;
      const std::size_t rank = RankOf(severity);
      if (!seen.insert(severity).second) {
        faults_.Add(node.position, fmt::format("severity {} has two levels", base::Quote(severity)));
      } else if (rank < rank_before) {
        faults_.Add(node.position, fmt::format("levels must be written from low to high: {} is lower than {}",
                                               base::Quote(severity), base::Quote(spec_.levels.back().rule.severity)));
      }
      rank_before = std::max(rank_before, rank);
      if (level.as_below && spec_.levels.empty()) {
        faults_.Add(node.position,
                    "the lowest level must have a condition: there is none below that 'after' could take");
      }
      spec_.levels.push_back(std::move(level));
    }
    if (spec_.levels.empty()) {
      faults_.Add(fields_.PositionOf("levels"), "'levels' must have at least one level, as {severity: warning}");
    }
    InheritFromBelow(spec_.levels);
  }

  LevelSpec ReadLevel(const YamlNode& node) {
    FieldReader fields(node, "a level", faults_);
    LevelSpec level;
    level.when = ReadWhen(fields, level.when_text);
    if (!IsCutAtComma(level.when_text)) fields.RefuseUnknown(kLevelKeys, {});
    level.rule.severity = fields.Text("severity");
    level.rule.hold = fields.Duration("for").value_or(hold_);
    level.rule.after = fields.Duration("after");
    level.threshold = ReadThreshold(fields, faults_);
    level.clear = ReadClear(fields, context_.parser, faults_);
    level.as_below =
        level.rule.after && level.when_text.empty() && !level.threshold && !level.clear && !Has(fields, "for");
    CheckSeverity(fields, node.position, level.rule.severity);
    if (level.threshold && spec_.composite) {
      faults_.Add(fields.PositionOf(level.threshold->side == Side::kAbove ? "above" : "below"),
                  "a level over signals has no value to judge: give the signal the threshold, or the level a 'when'");
    }
    if (!level.threshold && level.when_text.empty() && !level.as_below) NeedRuleCondition(node.position);
    return level;
  }

  void CheckSeverity(FieldReader& fields, YamlPosition at, const std::string& severity) {
    if (severity.empty()) {
      faults_.Add(at, "a level must have a 'severity'");
      return;
    }
    if (RankOf(severity) < context_.severities.size()) return;
    const std::vector<std::string_view> known(context_.severities.begin(), context_.severities.end());
    const std::string_view meant = yaml::Suggest(severity, known);
    faults_.Add(fields.PositionOf("severity"),
                fmt::format("unknown severity {}{}; 'severities' of the configuration has {}", base::Quote(severity),
                            meant.empty() ? "" : fmt::format(", did you mean '{}'?", meant), fmt::join(known, ", ")));
  }

  [[nodiscard]] std::size_t RankOf(const std::string& severity) const {
    const auto found = std::find(context_.severities.begin(), context_.severities.end(), severity);
    return static_cast<std::size_t>(found - context_.severities.begin());
  }

  // A level with nothing but `after` has the condition of the one below, so it waits as long as that one.
  static void InheritFromBelow(std::vector<LevelSpec>& levels) {
    for (std::size_t i = 1; i < levels.size(); ++i) {
      if (levels[i].as_below) levels[i].rule.hold = levels[i - 1].rule.hold;
    }
  }

  void NeedRuleCondition(YamlPosition at) {
    if (!spec_.composite || spec_.when || !spec_.when_text.empty() || needs_when_) return;
    needs_when_ = true;
    faults_.Add(at, "'when' must say how the signals combine, as when: a and (b or c)");
  }

  void ReadOverrides() {
    std::vector<std::pair<const YamlNode*, std::size_t>> read;
    for (const YamlNode& node : fields_.List("overrides")) {
      OverrideSpec entry = ReadOverride(node);
      for (std::size_t i = 0; i < spec_.overrides.size(); ++i) {
        if (!AreTied(spec_.overrides[i], entry)) continue;
        faults_.Add(node.position,
                    fmt::format("this override and the one at {} match equally many labels and may match "
                                "the same instance: give one of them more labels",
                                yaml::PositionText(read[i].first->position)));
        break;
      }
      read.emplace_back(&node, spec_.overrides.size());
      spec_.overrides.push_back(std::move(entry));
    }
  }

  // Equally many labels, and none for which they ask different values.
  static bool AreTied(const OverrideSpec& a, const OverrideSpec& b) {
    return a.match.size() == b.match.size() && std::none_of(a.match.begin(), a.match.end(), [&](const auto& label) {
             const auto other = b.match.find(label.first);
             return other != b.match.end() && other->second != label.second;
           });
  }

  OverrideSpec ReadOverride(const YamlNode& node) {
    FieldReader fields(node, "an override", faults_);
    fields.RefuseUnknown(kOverrideKeys, {});
    OverrideSpec entry;
    entry.levels = spec_.levels;
    entry.signals = spec_.signals;
    for (auto& [name, value] : fields.Texts("match")) {
      if (spec_.composite && !std::binary_search(spec_.match_on.begin(), spec_.match_on.end(), name)) {
        faults_.Add(fields.PositionOf("match"),
                    fmt::format("label {} is not in 'match_on', so no instance has it", base::Quote(name)));
      }
      entry.match.emplace(name, value);
    }
    if (entry.match.empty())
      faults_.Add(node.position, "an override must 'match' at least one label, as {model: fraud}");
    if (!Has(fields, "levels") && !Has(fields, "signals")) {
      faults_.Add(node.position, "an override must have 'levels' or 'signals'");
    }
    for (const YamlNode& item : fields.List("levels")) ReplaceLevel(ReadLevel(item), item.position, entry);
    ReplaceSignals(fields, entry);
    InheritFromBelow(entry.levels);
    return entry;
  }

  void ReplaceLevel(LevelSpec level, YamlPosition at, OverrideSpec& entry) {
    const auto replaced = std::find_if(entry.levels.begin(), entry.levels.end(),
                                       [&](const LevelSpec& l) { return l.rule.severity == level.rule.severity; });
    if (replaced == entry.levels.end()) {
      faults_.Add(at, fmt::format("the rule has no level of severity {} that this could replace",
                                  base::Quote(level.rule.severity)));
      return;
    }
    entry.replaced_levels.push_back(level.rule.severity);
    *replaced = std::move(level);
  }

  void ReplaceSignals(FieldReader& fields, OverrideSpec& entry) {
    const YamlNode* signals = fields.Find("signals");
    if (signals == nullptr) return;
    if (!spec_.composite || signals->kind != YamlNode::Kind::kMapping) {
      faults_.Add(signals->position, "'signals' of an override must name signals of the rule");
      return;
    }
    for (const YamlField& field : signals->fields) {
      const auto name = std::find(names_.begin(), names_.end(), field.key);
      if (name == names_.end()) {
        faults_.Add(field.key_position,
                    fmt::format("the rule has no signal {} that this could replace", base::Quote(field.key)));
        continue;
      }
      SignalSpec& replaced = entry.signals[static_cast<std::size_t>(name - names_.begin())];
      replaced = ReadSignal(field);
      entry.replaced_signals.push_back(field.key);
    }
  }

  void ReadNoData() {
    const std::string policy = fields_.Text("on_no_data");
    if (policy == "resolve") {
      spec_.on_no_data = NoDataPolicy::kResolve;
    } else if (policy == "fire") {
      spec_.on_no_data = NoDataPolicy::kFire;
    } else if (!policy.empty() && policy != "keep") {
      faults_.Add(fields_.PositionOf("on_no_data"),
                  fmt::format("field 'on_no_data' must be keep, resolve or fire, not {}", base::Quote(policy)));
    }
    spec_.forget_after = fields_.Duration("forget_after").value_or(spec_.forget_after);
    if (spec_.forget_after.ms <= 0) faults_.Add(fields_.PositionOf("forget_after"), "'forget_after' must not be 0");
  }

  // Whether the text of the signal's expression allows the label.
  static bool MayHaveLabel(const SignalSpec& signal, const std::string& name) {
    if (!signal.expr) return true;
    const auto labels = LabelsAtMost(*signal.expr->expr);
    return !labels || labels->contains(name);
  }

  void CheckSignalJoins(const SignalSpec& signal) {
    const bool joins = std::any_of(spec_.match_on.begin(), spec_.match_on.end(),
                                   [&](const std::string& name) { return MayHaveLabel(signal, name); });
    if (joins || spec_.match_on.empty()) return;
    faults_.Add(
        signal.position,
        fmt::format("signal {} has none of the labels of 'match_on' ({}), so it belongs to no instance: keep one, "
                    "as sum by ({}) (...)",
                    base::Quote(signal.name), fmt::join(spec_.match_on, ", "), spec_.match_on.front()));
  }

  void CheckJoins() {
    for (const SignalSpec& signal : spec_.signals) CheckSignalJoins(signal);
    for (const OverrideSpec& entry : spec_.overrides) {
      for (const SignalSpec& signal : entry.signals) {
        const auto& names = entry.replaced_signals;
        if (std::find(names.begin(), names.end(), signal.name) != names.end()) CheckSignalJoins(signal);
      }
    }
    std::set<std::size_t> positive;
    const auto note = [&](std::size_t signal, Polarity polarity) {
      if (polarity == Polarity::kPositive) positive.insert(signal);
    };
    if (spec_.when) ForEachSignal(*spec_.when, note);
    bool has_condition = spec_.when.has_value();
    for (const LevelSpec& level : spec_.levels) {
      if (level.when) ForEachSignal(*level.when, note);
      has_condition = has_condition || level.when.has_value();
    }
    const bool has_source = std::any_of(positive.begin(), positive.end(), [&](std::size_t signal) {
      return std::all_of(spec_.match_on.begin(), spec_.match_on.end(),
                         [&](const std::string& name) { return MayHaveLabel(spec_.signals[signal], name); });
    });
    if (has_source || !has_condition || spec_.match_on.empty()) return;
    faults_.Add(fields_.PositionOf("match_on"),
                fmt::format("no signal outside 'not' has all labels of 'match_on' ({}), so there are no instances",
                            fmt::join(spec_.match_on, ", ")));
  }

  FieldReader fields_;
  const std::optional<ExprSpec>& expr_;
  const base::DurationMs hold_;
  const ConditionContext& context_;
  FaultList& faults_;
  ConditionSpec spec_;
  std::vector<std::string> names_;  // Of the signals.
  bool needs_when_ = false;
};

}  // namespace

std::optional<ExprSpec> ReadExpr(FieldReader& fields, std::string_view key, const promql::ParserOptions& parser,
                                 FaultList& faults) {
  if (!Has(fields, key)) return std::nullopt;
  ExprSpec spec;
  spec.text = fields.Text(key);
  if (fields.Find(key)->kind != YamlNode::Kind::kScalar) return std::nullopt;
  auto parsed = promql::Parse(spec.text, parser);
  if (!parsed.ok()) {
    faults.Add(fields.PositionOf(key), "could not parse expression: " + parsed.status().message());
    return std::nullopt;
  }
  spec.expr = *parsed;
  spec.query = promql::Print(*spec.expr);
  return spec;
}

ConditionSpecPtr ReadConditions(const YamlNode& rule, const std::optional<ExprSpec>& expr, base::DurationMs hold,
                                const ConditionContext& context, FaultList& faults) {
  return ConditionReader(rule, expr, hold, context, faults).Read();
}

std::vector<DependencySpec> ReadDependencies(FieldReader& rule, FaultList& faults) {
  std::vector<DependencySpec> dependencies;
  for (const YamlNode& node : rule.List("depends_on")) {
    FieldReader fields(node, "an item of depends_on", faults);
    fields.RefuseUnknown(kDependencyKeys, {});
    DependencySpec dependency;
    dependency.position = node.position;
    dependency.alert = fields.Text("alert");
    dependency.through = ReadThrough(fields, faults);
    for (const YamlNode& label : fields.List("equal")) dependency.equal.push_back(label.scalar);
    dependency.wait = fields.Duration("wait").value_or(dependency.wait);
    dependency.extension = fields.Duration("extension").value_or(dependency.extension);
    dependency.max = fields.Duration("max").value_or(dependency.max);
    if (dependency.alert.empty()) faults.Add(node.position, "an item of depends_on must name an 'alert'");
    if ((dependency.through == Through::kTopology) == !dependency.equal.empty()) {
      faults.Add(node.position, "an item of depends_on must have one of 'through: topology' and 'equal: [labels]'");
    }
    dependencies.push_back(std::move(dependency));
  }
  return dependencies;
}

}  // namespace bellwether::rules
