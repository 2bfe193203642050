#include "rules/stored_lint.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "metric/matcher.h"
#include "promql/parser.h"
#include "promql/parser/function_signatures.h"
#include "rules/file/rule_file.h"
#include "rules/lint/lint_names.h"
#include "rules/lint/value_bounds.h"

namespace bellwether::rules {
namespace {

using metric::Matcher;

constexpr std::size_t kExamplesMax = 5;

std::string SelectorText(std::span<const Matcher> matchers) {
  std::string name;
  std::string rest;
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == metric::kMetricName && matcher.op() == metric::MatchOp::kEqual) {
      name = matcher.value();
      continue;
    }
    rest += (rest.empty() ? "" : ",") + matcher.ToString();
  }
  return rest.empty() ? name : fmt::format("{}{{{}}}", name, rest);
}

// The time of the newest sample of any series that matches; nothing: there is none.
base::Result<std::optional<base::TimestampMs>> NewestOf(storage::Storage& storage, std::span<const Matcher> matchers,
                                                        base::TimestampMs min, base::TimestampMs max) {
  std::optional<base::TimestampMs> newest;
  const auto querier = storage.NewQuerier(min, max);
  storage::SelectHints hints;
  hints.newest_only = true;
  const auto set = querier->Select(matchers, hints);
  while (set->Next()) {
    storage::SampleCursor& cursor = set->samples();
    storage::SampleBatch batch;
    while (cursor.Next(batch)) newest = std::max(newest.value_or(batch.timestamps.back()), batch.timestamps.back());
    BW_RETURN_IF_ERROR(cursor.status());
  }
  BW_RETURN_IF_ERROR(set->status());
  return newest;
}

// Two matchers of a selector that no label satisfies both; null: there are none. Equalities alone are looked at.
const Matcher* Contradiction(const promql::VectorSelector& selector) {
  for (const Matcher& fixed : selector.matchers) {
    if (fixed.op() != metric::MatchOp::kEqual) continue;
    for (const Matcher& other : selector.matchers) {
      if (other.name() == fixed.name() && !other.Matches(fixed.value())) return &other;
    }
  }
  return nullptr;
}

const promql::VectorSelector* FirstSelector(const promql::Expr& expr) {
  if (expr.kind == promql::ExprKind::kVectorSelector) return &static_cast<const promql::VectorSelector&>(expr);
  if (expr.kind == promql::ExprKind::kMatrixSelector) {
    return static_cast<const promql::MatrixSelector&>(expr).selector.get();
  }
  const promql::VectorSelector* found = nullptr;
  promql::ForEachChild(expr, [&](const promql::Expr& child) {
    if (found == nullptr) found = FirstSelector(child);
  });
  return found;
}

// The labels by which a sample is matched with the other side.
metric::Labels Signature(const metric::Labels& labels, const promql::VectorMatching& matching) {
  metric::LabelsBuilder builder(labels);
  for (const auto& [name, value] : labels) {
    const bool listed = std::find(matching.labels.begin(), matching.labels.end(), name) != matching.labels.end();
    if (listed != matching.on || name == metric::kMetricName) builder.Remove(name);
  }
  return builder.Build();
}

class StoredLinter {
 public:
  StoredLinter(storage::Storage& storage, const promql::Engine& engine, const StoredLintOptions& options)
      : storage_(storage), engine_(engine), options_(options) {}

  // What any rule records is expected to come.
  void NoteRecorded(const RuleFile& file) {
    for (const GroupSpec& group : file.groups) {
      for (const RuleSpec& rule : group.rules) {
        if (rule.kind == RuleKind::kRecording) recorded_.insert(rule.name);
      }
    }
  }

  base::Status Look(const RuleFile& file, const GroupSpec& group, const RuleSpec& rule) {
    if (rule.is_generated) return base::OkStatus();
    file_ = file.path;
    group_ = &group;
    rule_ = &rule;
    said_.clear();
    base::Status status;
    ForEachExpr(rule, [&](const promql::Expr& expr) {
      if (status.ok()) status = LookAt(expr, false);
    });
    if (!status.ok() || rule.conditions == nullptr) return status;
    ForEachSignalSpec(*rule.conditions, [&](const SignalSpec& signal) {
      if (signal.expr && signal.threshold) LookAtThreshold(*signal.expr->expr, *signal.threshold);
    });
    if (rule.expr == nullptr) return base::OkStatus();
    ForEachLevelSpec(*rule.conditions, [&](const LevelSpec& level) {
      if (level.threshold) LookAtThreshold(*rule.expr, *level.threshold);
    });
    return base::OkStatus();
  }

  [[nodiscard]] std::vector<RuleFinding> Take() { return std::move(findings_); }

 private:
  void Say(std::string_view lint, std::string text) {
    if (!said_.insert(std::string(lint) + text).second) return;
    findings_.push_back({.group = group_->name,
                         .rule = rule_->name,
                         .severity = WorstSeverity(*rule_),
                         .lint = std::string(lint),
                         .text = std::move(text),
                         .file = file_});
  }

  base::Status LookAt(const promql::Expr& expr, bool may_be_missing) {
    base::Status status;
    switch (expr.kind) {
      case promql::ExprKind::kVectorSelector:
        return LookAtSelector(static_cast<const promql::VectorSelector&>(expr), may_be_missing);
      case promql::ExprKind::kMatrixSelector:
        return LookAtSelector(*static_cast<const promql::MatrixSelector&>(expr).selector, may_be_missing);
      case promql::ExprKind::kCall:
        may_be_missing = may_be_missing || static_cast<const promql::Call&>(expr).function->name.starts_with("absent");
        break;
      case promql::ExprKind::kBinary:
        LookAtComparison(static_cast<const promql::Binary&>(expr));
        LookAtMatching(static_cast<const promql::Binary&>(expr));
        break;
      default: break;
    }
    promql::ForEachChild(expr, [&](const promql::Expr& child) {
      if (status.ok()) status = LookAt(child, may_be_missing);
    });
    return status;
  }

  base::Status LookAtSelector(const promql::VectorSelector& selector, bool may_be_missing) {
    if (const Matcher* against = Contradiction(selector)) {
      Say(kNeverFires, fmt::format("{}: nothing satisfies {} and the other matchers of {}",
                                   SelectorText(selector.matchers), against->ToString(), against->name()));
      return base::OkStatus();
    }
    const bool is_own = selector.name == "ALERTS" || selector.name == "ALERTS_FOR_STATE";
    if (may_be_missing || selector.name.empty() || is_own || recorded_.contains(selector.name)) return base::OkStatus();
    const base::TimestampMs max = options_.now;
    const base::TimestampMs min = max - options_.period;
    const Matcher by_name = Matcher::Equal(std::string(metric::kMetricName), selector.name);
    BW_ASSIGN_OR_RETURN(const auto metric_newest, NewestIn(std::span(&by_name, 1), min, max));
    const std::string period = base::FormatDuration(options_.period);
    if (!metric_newest) {
      Say(kMetricNeverSeen, fmt::format("no sample of {} came in the last {}", selector.name, period));
      return base::OkStatus();
    }
    BW_ASSIGN_OR_RETURN(const auto newest, NewestIn(selector.matchers, min, max));
    if (!newest) return SayWhichMatcher(selector, min, max);
    if (*newest > max - options_.silent) return base::OkStatus();
    const bool others_go_on = *metric_newest > max - options_.silent;
    Say(others_go_on ? kLabelValueGone : kSeriesVanished,
        fmt::format("the last sample of {} came at {}{}", SelectorText(selector.matchers),
                    base::FormatRfc3339Ms(*newest), others_go_on ? ", other series of the metric go on" : ""));
    return base::OkStatus();
  }

  base::Result<std::optional<base::TimestampMs>> NewestIn(std::span<const Matcher> matchers, base::TimestampMs min,
                                                          base::TimestampMs max) {
    const std::string key = SelectorText(matchers);
    if (const auto known = newest_.find(key); known != newest_.end()) return known->second;
    BW_ASSIGN_OR_RETURN(const auto newest, NewestOf(storage_, matchers, min, max));
    newest_.emplace(key, newest);
    return newest;
  }

  base::Status SayWhichMatcher(const promql::VectorSelector& selector, base::TimestampMs min, base::TimestampMs max) {
    const Matcher by_name = Matcher::Equal(std::string(metric::kMetricName), selector.name);
    const std::string period = base::FormatDuration(options_.period);
    bool alone = false;
    for (const Matcher& matcher : selector.matchers) {
      if (matcher.name() == metric::kMetricName) continue;
      const std::vector<Matcher> both = {by_name, matcher};
      BW_ASSIGN_OR_RETURN(const auto newest, NewestIn(both, min, max));
      if (newest) continue;
      alone = true;
      BW_ASSIGN_OR_RETURN(std::vector<std::string> values,
                          storage_.NewQuerier(min, max)->LabelValues(matcher.name(), std::span(&by_name, 1)));
      Say(kLabelNeverSeen, fmt::format("no series of {} had {} in the last {}{}", selector.name, matcher.ToString(),
                                       period, Examples(matcher.name(), values)));
    }
    if (!alone) {
      Say(kLabelNeverSeen,
          fmt::format("no series had all of {} in the last {}", SelectorText(selector.matchers), period));
    }
    return base::OkStatus();
  }

  static std::string Examples(std::string_view label, std::vector<std::string> values) {
    if (values.empty()) return fmt::format("; none has a label {}", label);
    const bool more = values.size() > kExamplesMax;
    values.resize(std::min(values.size(), kExamplesMax));
    for (std::string& value : values) value = base::Quote(value);
    return fmt::format("; there are {}{}", fmt::join(values, ", "), more ? ", ..." : "");
  }

  [[nodiscard]] std::optional<double> LastBucketOf(const promql::Expr& buckets) const {
    const promql::VectorSelector* selector = FirstSelector(buckets);
    if (selector == nullptr) return std::nullopt;
    const auto querier = storage_.NewQuerier(options_.now - options_.period, options_.now);
    const auto values = querier->LabelValues("le", selector->matchers);
    std::optional<double> last;
    if (!values.ok()) return last;
    for (const std::string& value : *values) {
      const auto bound = base::ParseNumber(value);
      if (bound && std::isfinite(*bound)) last = std::max(last.value_or(*bound), *bound);
    }
    return last;
  }

  [[nodiscard]] ValueBounds Bounds(const promql::Expr& expr) const {
    return BoundsOf(expr, [this](const promql::Expr& buckets) { return LastBucketOf(buckets); });
  }

  static std::string BoundsText(const ValueBounds& bounds) {
    if (bounds.low == bounds.high) return "always " + base::FormatNumber(bounds.low);
    if (std::isfinite(bounds.low) && std::isfinite(bounds.high)) {
      return fmt::format("between {} and {}", base::FormatNumber(bounds.low), base::FormatNumber(bounds.high));
    }
    return std::isfinite(bounds.low) ? "at least " + base::FormatNumber(bounds.low)
                                     : "at most " + base::FormatNumber(bounds.high);
  }

  void LookAtComparison(const promql::Binary& binary) {
    if (!promql::IsComparison(binary.op) || binary.return_bool) return;
    const bool against_number = promql::TypeOf(*binary.lhs) == promql::ValueType::kScalar ||
                                promql::TypeOf(*binary.rhs) == promql::ValueType::kScalar;
    if (!against_number) return;
    const ValueBounds left = Bounds(*binary.lhs);
    const ValueBounds right = Bounds(*binary.rhs);
    if (CanHold(left, binary.op, right)) return;
    const bool number_is_right = promql::TypeOf(*binary.rhs) == promql::ValueType::kScalar;
    Say(kNeverFires, fmt::format("{} never holds: {} is {}", promql::Print(binary),
                                 promql::Print(number_is_right ? *binary.lhs : *binary.rhs),
                                 BoundsText(number_is_right ? left : right)));
  }

  void LookAtThreshold(const promql::Expr& expr, const Threshold& threshold) {
    const ValueBounds bounds = Bounds(expr);
    const bool above = threshold.side == Side::kAbove;
    const auto op = above ? promql::BinaryOp::kGreater : promql::BinaryOp::kLess;
    if (CanHold(bounds, op, {threshold.bound, threshold.bound})) return;
    Say(kNeverFires, fmt::format("{}: {} is never reached: {} is {}", above ? "above" : "below",
                                 base::FormatNumber(threshold.bound), promql::Print(expr), BoundsText(bounds)));
  }

  // Both sides as they are now; where either is empty there is nothing to learn.
  void LookAtMatching(const promql::Binary& binary) {
    if (!binary.matching || binary.op == promql::BinaryOp::kOr || binary.op == promql::BinaryOp::kUnless) return;
    const auto left = SignaturesOf(binary.lhs, *binary.matching);
    if (left.empty()) return;
    const auto right = SignaturesOf(binary.rhs, *binary.matching);
    if (right.empty()) return;
    const bool any = std::any_of(left.begin(), left.end(), [&](const auto& labels) { return right.contains(labels); });
    if (any) return;
    Say(kNeverMatches,
        fmt::format("the sides of {} have no label sets that match: {} on the left, {} on the right",
                    promql::BinaryOpText(binary.op), left.begin()->ToString(), right.begin()->ToString()));
  }

  std::set<metric::Labels> SignaturesOf(const promql::ExprPtr& side, const promql::VectorMatching& matching) {
    std::set<metric::Labels> signatures;
    const auto result = engine_.Instant(storage_, side, promql::Print(*side), options_.now);
    const auto* vector = result.ok() ? std::get_if<promql::Vector>(&result->value) : nullptr;
    if (vector == nullptr) return signatures;
    for (const promql::VectorSample& sample : *vector) signatures.insert(Signature(sample.labels, matching));
    return signatures;
  }

  storage::Storage& storage_;
  const promql::Engine& engine_;
  const StoredLintOptions& options_;
  std::set<std::string, std::less<>> recorded_;
  std::map<std::string, std::optional<base::TimestampMs>> newest_;  // By selector.
  std::string file_;
  const GroupSpec* group_ = nullptr;
  const RuleSpec* rule_ = nullptr;
  std::set<std::string> said_;  // Of this rule.
  std::vector<RuleFinding> findings_;
};

}  // namespace

base::Result<std::vector<RuleFinding>> FindStoredFindings(storage::Storage& storage, const promql::Engine& engine,
                                                          std::span<const RuleText> files,
                                                          const StoredLintOptions& options) {
  BW_ASSIGN_OR_RETURN(const std::vector<RuleFile> read, ReadRuleTexts(files, options.file));
  StoredLinter linter(storage, engine, options);
  for (const RuleFile& file : read) linter.NoteRecorded(file);
  for (const RuleFile& file : read) {
    for (const GroupSpec& group : file.groups) {
      for (const RuleSpec& rule : group.rules) BW_RETURN_IF_ERROR(linter.Look(file, group, rule));
    }
  }
  return linter.Take();
}

}  // namespace bellwether::rules
