// rules/file/condition_reader.h
//
// Reads levels, signals, overrides and dependencies of a rule. What contradicts itself, could never hold, or would join
// what does not belong together is a fault with its place and the remedy.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promql/parser.h"
#include "rules/file/condition_spec.h"
#include "yaml/field_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::rules {

// The keys of a rule that this reads.
inline constexpr auto kConditionKeys = std::to_array<std::string_view>(
    {"signals", "match_on", "when", "levels", "overrides", "clear", "missing", "on_no_data", "forget_after"});

struct ConditionContext {
  const promql::ParserOptions& parser;
  std::span<const std::string> severities;  // From low to high.
  // Told of what is allowed and yet probably not meant.
  std::function<void(yaml::YamlPosition at, std::string_view text)> warn;
};

// The expression at `key`; a fault if it does not parse. Nothing if it is absent or faulty.
[[nodiscard]] std::optional<ExprSpec> ReadExpr(yaml::FieldReader& fields, std::string_view key,
                                               const promql::ParserOptions& parser, yaml::FaultList& faults);

// `rule`: the mapping of an alerting rule; `expr`: its expression if it has one; `hold`: its `for`. Null for a rule
// with neither signals nor levels.
[[nodiscard]] ConditionSpecPtr ReadConditions(const yaml::YamlNode& rule, const std::optional<ExprSpec>& expr,
                                              base::DurationMs hold, const ConditionContext& context,
                                              yaml::FaultList& faults);

// `depends_on`.
[[nodiscard]] std::vector<DependencySpec> ReadDependencies(yaml::FieldReader& rule, yaml::FaultList& faults);

}  // namespace bellwether::rules
