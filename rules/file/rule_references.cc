#include "rules/file/rule_references.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/quote.h"
#include "rules/file/label_bound.h"
#include "yaml/suggestion.h"

namespace bellwether::rules {
namespace {

// One rule naming another alert.
struct Reference {
  const std::string* file;
  const RuleSpec* rule;
  std::string alert;
  yaml::YamlPosition position;
  const DependencySpec* dependency = nullptr;  // Null for a signal.
};

using RulesByName = std::multimap<std::string, const RuleSpec*>;

std::vector<Reference> CollectReferences(std::span<const RuleFile> files) {
  std::vector<Reference> references;
  for (const RuleFile& file : files) {
    for (const GroupSpec& group : file.groups) {
      for (const RuleSpec& rule : group.rules) {
        const auto add = [&](const SignalSpec& signal) {
          if (!signal.alert.empty()) references.push_back({&file.path, &rule, signal.alert, signal.position});
        };
        for (const DependencySpec& d : rule.depends_on)
          references.push_back({&file.path, &rule, d.alert, d.position, &d});
        if (rule.conditions == nullptr) continue;
        std::for_each(rule.conditions->signals.begin(), rule.conditions->signals.end(), add);
        for (const OverrideSpec& entry : rule.conditions->overrides) {
          for (const SignalSpec& signal : entry.signals) {
            if (std::find(entry.replaced_signals.begin(), entry.replaced_signals.end(), signal.name) !=
                entry.replaced_signals.end()) {
              add(signal);
            }
          }
        }
      }
    }
  }
  return references;
}

// Whether alerts of the rule can carry the label.
bool MayCarry(const RuleSpec& rule, const std::string& label) {
  const auto own = rule.labels.find(label);
  if (own != rule.labels.end()) return !own->second.empty();
  if (label == kAlertNameLabel) return true;
  if (rule.conditions != nullptr && rule.conditions->composite) {
    const auto& names = rule.conditions->match_on;
    return std::binary_search(names.begin(), names.end(), label);
  }
  const auto labels = LabelsAtMost(*rule.expr);
  return !labels || labels->contains(label);
}

class ReferenceCheck {
 public:
  explicit ReferenceCheck(std::span<const RuleFile> files) : references_(CollectReferences(files)) {
    for (const RuleFile& file : files) {
      for (const GroupSpec& group : file.groups) {
        for (const RuleSpec& rule : group.rules) {
          if (rule.kind == RuleKind::kAlerting) rules_.emplace(rule.name, &rule);
        }
      }
    }
  }

  std::vector<std::string> Run() {
    for (const Reference& reference : references_) {
      CheckName(reference);
      CheckEqual(reference);
    }
    for (const bool dependencies : {false, true}) CheckCycles(dependencies);
    return std::move(faults_);
  }

 private:
  void CheckName(const Reference& reference) {
    if (rules_.contains(reference.alert)) return;
    std::vector<std::string_view> names;
    for (const auto& [name, rule] : rules_) names.push_back(name);
    const std::string_view meant = yaml::Suggest(reference.alert, names);
    Add(reference, fmt::format("no rule file has an alert {}{}", base::Quote(reference.alert),
                               meant.empty() ? "" : fmt::format(", did you mean '{}'?", meant)));
  }

  void CheckEqual(const Reference& reference) {
    if (reference.dependency == nullptr) return;
    for (const std::string& label : reference.dependency->equal) {
      if (!MayCarry(*reference.rule, label)) {
        Add(reference,
            fmt::format("'equal' names label {}, which alerts of this rule do not carry", base::Quote(label)));
      }
      const auto [begin, end] = rules_.equal_range(reference.alert);
      const bool other = std::any_of(begin, end, [&](const auto& rule) { return MayCarry(*rule.second, label); });
      if (begin == end || other) continue;
      Add(reference, fmt::format("'equal' names label {}, which alerts of {} do not carry", base::Quote(label),
                                 base::Quote(reference.alert)));
    }
  }

  // A fault at the first reference of each cycle.
  void CheckCycles(bool dependencies) {
    std::map<std::string, std::vector<const Reference*>> edges;
    for (const Reference& reference : references_) {
      if ((reference.dependency != nullptr) == dependencies) edges[reference.rule->name].push_back(&reference);
    }
    std::set<std::string> done;
    std::vector<std::string> path;
    const std::function<void(const std::string&)> visit = [&](const std::string& name) {
      path.push_back(name);
      for (const Reference* edge : edges[name]) {
        const auto begin = std::find(path.begin(), path.end(), edge->alert);
        if (begin != path.end()) {
          Add(*edge, fmt::format("alerts wait for one another: {} -> {}",
                                 fmt::join(std::vector<std::string>(begin, path.end()), " -> "), edge->alert));
        } else if (!done.contains(edge->alert)) {
          visit(edge->alert);
        }
      }
      path.pop_back();
      done.insert(name);
    };
    for (const Reference& reference : references_) {
      if (!done.contains(reference.rule->name)) visit(reference.rule->name);
    }
  }

  void Add(const Reference& reference, std::string_view text) {
    faults_.push_back(fmt::format("{}: {}: \"{}\": {}", *reference.file, yaml::PositionText(reference.position),
                                  reference.rule->name, text));
  }

  const std::vector<Reference> references_;
  RulesByName rules_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> FindReferenceFaults(std::span<const RuleFile> files) { return ReferenceCheck(files).Run(); }

}  // namespace bellwether::rules
