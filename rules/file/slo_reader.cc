#include "rules/file/slo_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "promql/parser/function_signatures.h"
#include "rules/file/label_bound.h"
#include "rules/file/when_parser.h"
#include "yaml/suggestion.h"

namespace bellwether::rules {
namespace {

using yaml::FaultList;
using yaml::FieldReader;
using yaml::YamlNode;
using yaml::YamlPosition;

constexpr auto kSloKeys =
    std::to_array<std::string_view>({"slo", "objective", "period", "good", "total", "min_events", "levels",
                                     "keep_firing_for", "labels", "annotations", "depends_on"});
constexpr auto kSloLevelKeys = std::to_array<std::string_view>({"severity", "burn", "for"});
constexpr auto kBurnKeys = std::to_array<std::string_view>({"rate", "long", "short"});
constexpr std::string_view kWindow = "$window";
constexpr std::string_view kSloLabel = "slo";
constexpr double kWorkbookPeriodDays = 30;

// A pair of windows and how fast the budget may burn over both.
struct Burn {
  double rate = 0;
  base::DurationMs long_window;
  base::DurationMs short_window;
};

struct SloLevel {
  std::string severity;
  base::DurationMs hold;
  std::vector<Burn> burns;
};

std::vector<SloLevel> WorkbookLevels(double scale) {
  using base::Days, base::Hours, base::Minutes;
  return {{"warning", {}, {{3 * scale, Days(1), Hours(2)}, {1 * scale, Days(3), Hours(6)}}},
          {"critical", {}, {{14.4 * scale, Hours(1), Minutes(5)}, {6 * scale, Hours(6), Minutes(30)}}}};
}

// Whether the expression counts by the second, so that events are its value times the time.
bool CountsBySecond(const promql::Expr& expr) {
  using promql::ExprKind;
  switch (expr.kind) {
    case ExprKind::kCall: {
      const auto& call = static_cast<const promql::Call&>(expr);
      return call.function->name == "rate" || call.function->name == "irate" ||
             std::any_of(call.args.begin(), call.args.end(), [](const auto& a) { return CountsBySecond(*a); });
    }
    case ExprKind::kAggregate: return CountsBySecond(*static_cast<const promql::Aggregate&>(expr).expr);
    case ExprKind::kUnary: return CountsBySecond(*static_cast<const promql::Unary&>(expr).expr);
    case ExprKind::kParen: return CountsBySecond(*static_cast<const promql::Paren&>(expr).expr);
    case ExprKind::kSubquery: return CountsBySecond(*static_cast<const promql::Subquery&>(expr).expr);
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const promql::Binary&>(expr);
      return CountsBySecond(*binary.lhs) || CountsBySecond(*binary.rhs);
    }
    default: return false;
  }
}

class SloReader {
 public:
  SloReader(const YamlNode& node, const ConditionContext& context, FaultList& faults)
      : fields_(node, "an objective", faults), context_(context), faults_(faults) {}

  std::vector<RuleSpec> Read() {
    fields_.RefuseUnknown(kSloKeys, {});
    name_ = fields_.Text("slo");
    if (name_.empty()) faults_.Add(fields_.PositionOf("slo"), "'slo' must name the objective");
    ReadObjective();
    ReadLevels();
    ReadExpressions();
    if (!good_ || !total_ || levels_.empty() || budget_ <= 0) return {};
    RecordPoints();
    for (const base::DurationMs window : windows_) RecordWindow(window);
    RecordBudget();
    AddAlert();
    return std::move(rules_);
  }

 private:
  void ReadObjective() {
    const std::string text = fields_.Text("objective");
    const auto objective = base::ParseNumber(text);
    if (!objective || !(*objective > 0) || !(*objective < 100)) {
      faults_.Add(
          fields_.PositionOf("objective"),
          fmt::format("field 'objective' must be a percentage between 0 and 100, as 99.5, not {}", base::Quote(text)));
      return;
    }
    budget_ = (100 - *objective) / 100;
    period_ = fields_.Duration("period").value_or(period_);
    min_events_ = fields_.Integer("min_events").value_or(min_events_);
    if (min_events_ < 0) faults_.Add(fields_.PositionOf("min_events"), "field 'min_events' must not be negative");
    if (period_ < base::Days(1)) faults_.Add(fields_.PositionOf("period"), "field 'period' must be at least 1d");
  }

  void ReadLevels() {
    if (fields_.Find("levels") == nullptr) {
      levels_ = WorkbookLevels(period_.seconds() / base::Days(1).seconds() / kWorkbookPeriodDays);
    }
    std::size_t rank_before = 0;
    for (const YamlNode& node : fields_.List("levels")) {
      FieldReader fields(node, "a level", faults_);
      fields.RefuseUnknown(kSloLevelKeys, {});
      SloLevel level{fields.Text("severity"), fields.Duration("for").value_or(base::DurationMs(0)), {}};
      for (const YamlNode& item : fields.List("burn")) level.burns.push_back(ReadBurn(item));
      if (level.burns.empty()) {
        faults_.Add(node.position, "a level must have 'burn', as burn: [{rate: 14.4, long: 1h, short: 5m}]");
      }
      const auto rank = std::find(context_.severities.begin(), context_.severities.end(), level.severity);
      const auto number = static_cast<std::size_t>(rank - context_.severities.begin());
      if (rank == context_.severities.end()) {
        faults_.Add(fields.PositionOf("severity"), fmt::format("unknown severity {}", base::Quote(level.severity)));
      } else if (!levels_.empty() && number <= rank_before) {
        faults_.Add(node.position, "levels must be written from low to high, each severity once");
      }
      rank_before = number;
      levels_.push_back(std::move(level));
    }
    for (const SloLevel& level : levels_) {
      for (const Burn& burn : level.burns) NoteBurn(burn);
    }
  }

  Burn ReadBurn(const YamlNode& node) {
    FieldReader fields(node, "an item of burn", faults_);
    fields.RefuseUnknown(kBurnKeys, {});
    Burn burn;
    const std::string rate = fields.Text("rate");
    burn.rate = base::ParseNumber(rate).value_or(0);
    burn.long_window = fields.Duration("long").value_or(base::DurationMs(0));
    burn.short_window = fields.Duration("short").value_or(base::DurationMs(0));
    if (!(burn.rate > 0)) faults_.Add(fields.PositionOf("rate"), "field 'rate' must be a number above 0");
    if (burn.short_window.ms <= 0 || burn.long_window <= burn.short_window) {
      faults_.Add(node.position, "'long' must be longer than 'short', as {rate: 14.4, long: 1h, short: 5m}");
    }
    return burn;
  }

  void NoteBurn(const Burn& burn) {
    windows_.insert(burn.long_window);
    windows_.insert(burn.short_window);
    long_windows_.insert(burn.long_window);
    if (burn.rate * budget_ < 1) return;
    context_.warn(fields_.PositionOf("objective"),
                  fmt::format("{}: a burn rate of {} is never reached: with everything failing it is {}",
                              base::Quote(name_), base::FormatNumber(burn.rate), base::FormatNumber(1 / budget_)));
  }

  void ReadExpressions() {
    good_ = ReadWindowed("good");
    total_ = ReadWindowed("total");
    if (!good_ || !total_) return;
    const auto good = LabelsAtMost(*good_->expr);
    const auto total = LabelsAtMost(*total_->expr);
    if (!good || !total || *good != *total) {
      faults_.Add(fields_.PositionOf("total"),
                  "'good' and 'total' must be aggregated by the same labels, as sum by (model) (...)");
      return;
    }
    match_on_.assign(total->begin(), total->end());
    match_on_.emplace_back(kSloLabel);
    std::sort(match_on_.begin(), match_on_.end());
  }

  // The expression over the shortest window.
  std::optional<ExprSpec> ReadWindowed(std::string_view key) {
    std::string text = fields_.Text(key);
    const YamlPosition at = fields_.PositionOf(key);
    if (text.find(kWindow) == std::string::npos) {
      faults_.Add(at, fmt::format("field '{}' must count over [$window], as rate(requests_total[$window])", key));
      return std::nullopt;
    }
    if (windows_.empty()) return std::nullopt;
    const std::string window = base::FormatDuration(*windows_.begin());
    for (std::size_t i = text.find(kWindow); i != std::string::npos; i = text.find(kWindow, i)) {
      text.replace(i, kWindow.size(), window);
    }
    return ParseText(text, at);
  }

  std::optional<ExprSpec> ParseText(const std::string& text, YamlPosition at) {
    auto parsed = promql::Parse(text, context_.parser);
    if (!parsed.ok()) {
      faults_.Add(at, "could not parse expression: " + parsed.status().message());
      return std::nullopt;
    }
    return ExprSpec{text, *parsed, promql::Print(**parsed)};
  }

  void Record(const std::string& series, const std::string& text) {
    auto expr = ParseText(text, fields_.PositionOf("slo"));
    if (!expr) return;
    RuleSpec rule;
    rule.kind = RuleKind::kRecording;
    rule.name = series;
    rule.expr_text = expr->text;
    rule.expr = expr->expr;
    rule.query = expr->query;
    rule.labels.emplace(kSloLabel, name_);
    rule.is_generated = true;
    rules_.push_back(std::move(rule));
  }

  // A recorded series of this objective.
  [[nodiscard]] std::string Series(std::string_view name) const {
    return fmt::format("{}{{slo={}}}", name, base::Quote(name_));
  }

  void RecordPoints() {
    // Where nothing was good yet there is no series that says so.
    Record("slo:good:point", fmt::format("({}) or ({}) * 0", good_->text, total_->text));
    Record("slo:total:point", total_->text);
  }

  void RecordWindow(base::DurationMs window) {
    const std::string text = base::FormatDuration(window);
    const std::string good = Series("slo:good:point");
    const std::string total = Series("slo:total:point");
    const std::string budget = base::FormatNumber(budget_);
    if (window == *windows_.begin()) {
      Record("slo:burn_rate:" + text, fmt::format("(1 - {} / {}) / {}", good, total, budget));
      return;  // The shortest window is never a long one.
    }
    // Enough history: there are points in the older half of the window.
    const std::string half = base::FormatDuration(base::DurationMs(window.ms / 2));
    const std::string enough = fmt::format("count_over_time({0}[{1}] offset {1})", total, half);
    Record("slo:burn_rate:" + text, fmt::format("(1 - sum_over_time({0}[{2}]) / sum_over_time({1}[{2}])) / {3} and {4}",
                                                good, total, text, budget, enough));
    if (!long_windows_.contains(window)) return;
    const double unit_s = CountsBySecond(*total_->expr) ? 1 : windows_.begin()->seconds();
    Record("slo:events:" + text, fmt::format("avg_over_time({}[{}]) * {} and {}", total, text,
                                             base::FormatNumber(window.seconds() / unit_s), enough));
  }

  void RecordBudget() {
    const std::string period = base::FormatDuration(period_);
    Record("slo:error_budget_remaining:ratio",
           fmt::format("1 - (1 - sum_over_time({}[{}]) / sum_over_time({}[{}])) / {}", Series("slo:good:point"), period,
                       Series("slo:total:point"), period, base::FormatNumber(budget_)));
  }

  // The number of the signal that says whether a window burns faster than a rate.
  std::size_t SignalOf(std::string_view role, base::DurationMs window, double rate, ConditionSpec& spec) {
    const std::string text = base::FormatDuration(window);
    std::string expr = Series("slo:burn_rate:" + text);
    if (role == "long" && min_events_ > 0) {
      const std::string events = Series("slo:events:" + text);
      expr = fmt::format("({0} and {1} >= {2} or {1} * 0 and {1} < {2})", expr, events, min_events_);
    }
    expr += " > " + base::FormatNumber(rate);
    for (std::size_t i = 0; i < spec.signals.size(); ++i) {
      if (spec.signals[i].expr && spec.signals[i].expr->text == expr) return i;
    }
    SignalSpec signal;
    signal.name = fmt::format("{}_{}", role, text);
    const auto taken = std::count_if(spec.signals.begin(), spec.signals.end(), [&](const SignalSpec& other) {
      return other.name == signal.name || other.name.starts_with(signal.name + "_");
    });
    if (taken > 0) signal.name += fmt::format("_{}", taken + 1);
    signal.expr = ParseText(expr, fields_.PositionOf("slo"));
    spec.signals.push_back(std::move(signal));
    return spec.signals.size() - 1;
  }

  void AddAlert() {
    auto spec = std::make_shared<ConditionSpec>();
    spec->composite = true;
    spec->has_levels = true;
    spec->match_on = match_on_;
    for (const SloLevel& level : levels_) {
      LevelSpec made;
      made.rule = {level.severity, level.hold};
      When any;
      any.kind = When::Kind::kOr;
      for (const Burn& burn : level.burns) {
        When both;
        both.kind = When::Kind::kAnd;
        both.operands.resize(2);
        both.operands[0].signal = SignalOf("long", burn.long_window, burn.rate, *spec);
        both.operands[1].signal = SignalOf("short", burn.short_window, burn.rate, *spec);
        made.when_text +=
            fmt::format("{}{} and {}", made.when_text.empty() ? "" : " or ",
                        spec->signals[both.operands[0].signal].name, spec->signals[both.operands[1].signal].name);
        any.operands.push_back(std::move(both));
      }
      made.when = std::move(any);
      spec->levels.push_back(std::move(made));
    }
    RuleSpec rule;
    rule.kind = RuleKind::kAlerting;
    rule.name = name_;
    rule.query = "ALERTS{alertname=" + base::Quote(name_) + "}";
    rule.hold.keep_firing = fields_.Duration("keep_firing_for").value_or(base::DurationMs(0));
    rule.conditions = std::move(spec);
    rules_.push_back(std::move(rule));
  }

  FieldReader fields_;
  const ConditionContext& context_;
  FaultList& faults_;

  std::string name_;
  double budget_ = 0;
  base::DurationMs period_ = base::Days(30);
  std::int64_t min_events_ = 300;
  std::vector<SloLevel> levels_;
  std::set<base::DurationMs> windows_;
  std::set<base::DurationMs> long_windows_;
  std::optional<ExprSpec> good_;
  std::optional<ExprSpec> total_;
  std::vector<std::string> match_on_;
  std::vector<RuleSpec> rules_;
};

}  // namespace

std::vector<RuleSpec> ReadSlo(const YamlNode& rule, const ConditionContext& context, FaultList& faults) {
  return SloReader(rule, context, faults).Read();
}

}  // namespace bellwether::rules
