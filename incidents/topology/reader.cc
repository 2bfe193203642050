// Components from a configuration file or a request: every fault with its place.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "incidents/topology.h"
#include "yaml/field_reader.h"
#include "yaml/suggestion.h"
#include "yaml/yaml_tree.h"

namespace bellwether::incidents {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

// Keys beside the components in a configuration: see suppression.h.
constexpr std::array<std::string_view, 1> kSettings = {"suppression"};
// Labels of bellwether_depends_info that are no component.
constexpr std::array<std::string_view, 3> kTakenKinds = {"upstream", "upstream_kind", "hops"};

std::string ComponentText(const ComponentId& id) { return id.kind + "/" + id.name; }

// One name in depends_on, and where it stands.
struct NamedDependency {
  std::size_t component = 0;
  ComponentId on;
  yaml::YamlPosition position;
};

class TopologyReader {
 public:
  TopologyReader(std::span<const Component> others, yaml::FaultList& faults) : faults_(faults) {
    for (const Component& other : others) AddName(other.id);
  }

  // `settings`: keys that others read.
  std::vector<Component> Read(const YamlNode& node, std::span<const std::string_view> settings) {
    FieldReader fields(node, "the topology", faults_);
    std::vector<std::string_view> known = {"components"};
    known.insert(known.end(), settings.begin(), settings.end());
    fields.RefuseUnknown(known, {});
    const std::span<const YamlNode> nodes = fields.List("components");
    // Names first: dependencies may point ahead.
    for (const YamlNode& component : nodes) ReadName(component);
    for (std::size_t i = 0; i < nodes.size(); ++i) ReadDependencies(nodes[i], i);
    RefuseCycles();
    return std::move(components_);
  }

 private:
  void AddName(const ComponentId& id) {
    ids_by_text_[id.name].push_back(id);
    ids_by_text_[ComponentText(id)].push_back(id);
  }

  void ReadName(const YamlNode& node) {
    FieldReader fields(node, "a component", faults_);
    constexpr std::string_view kKnown[] = {"kind", "name", "depends_on"};
    fields.RefuseUnknown(kKnown, {});
    Component component{.id = {.kind = fields.Text("kind"), .name = fields.Text("name")}, .depends_on = {}};
    const ComponentId& id = component.id;
    if (!metric::IsLegacyLabelName(id.kind) || id.kind.starts_with("__") ||
        std::find(kTakenKinds.begin(), kTakenKinds.end(), id.kind) != kTakenKinds.end()) {
      faults_.Add(fields.PositionOf("kind"),
                  fmt::format("a component's kind must be the name of the label that names it, such as model or "
                              "pipeline, not {}",
                              base::Quote(id.kind)));
    }
    if (id.name.empty()) faults_.Add(fields.PositionOf("name"), "a component must have a name");
    if (const auto known = ids_by_text_.find(ComponentText(id)); known != ids_by_text_.end()) {
      faults_.Add(node.position, fmt::format("{} is there already", ComponentText(id)));
    } else {
      AddName(id);
    }
    components_.push_back(std::move(component));
  }

  void ReadDependencies(const YamlNode& node, std::size_t component) {
    FieldReader fields(node, "a component", faults_);
    for (const YamlNode& item : fields.List("depends_on")) {
      Dependency dependency;
      if (item.kind == YamlNode::Kind::kMapping) {
        ReadAnyOf(item, component, dependency);
      } else {
        AddDependency(item, component, dependency);
      }
      if (!dependency.on.empty()) components_[component].depends_on.push_back(std::move(dependency));
    }
  }

  void ReadAnyOf(const YamlNode& node, std::size_t component, Dependency& dependency) {
    FieldReader fields(node, "a dependency", faults_);
    constexpr std::string_view kKnown[] = {"any_of", "need"};
    fields.RefuseUnknown(kKnown, {});
    const auto names = fields.List("any_of");
    for (const YamlNode& name : names) AddDependency(name, component, dependency);
    const auto need = fields.Integer("need").value_or(1);
    if (need < 1 || static_cast<std::size_t>(need) > names.size()) {
      faults_.Add(fields.PositionOf("need"),
                  fmt::format("need must be from 1 to {}, the number of components in any_of", names.size()));
      return;
    }
    dependency.need = static_cast<std::size_t>(need);
  }

  void AddDependency(const YamlNode& node, std::size_t component, Dependency& dependency) {
    const auto found = ids_by_text_.find(node.scalar);
    if (found == ids_by_text_.end()) {
      std::vector<std::string_view> known;
      for (const auto& [text, ids] : ids_by_text_) known.push_back(text);
      const std::string_view meant = yaml::Suggest(node.scalar, known);
      faults_.Add(node.position,
                  fmt::format("there is no component {}{}", base::Quote(node.scalar),
                              meant.empty() ? "" : fmt::format(", did you mean {}?", base::Quote(meant))));
      return;
    }
    if (found->second.size() > 1) {
      faults_.Add(node.position, fmt::format("several kinds have a component {}: write {}", base::Quote(node.scalar),
                                             ComponentText(found->second.front())));
      return;
    }
    dependency.on.push_back(found->second.front());
    named_.push_back({component, found->second.front(), node.position});
  }

  // Components of others cannot depend on those read here, so cycles stay among these.
  void RefuseCycles() {
    std::map<ComponentId, std::size_t> index;
    for (std::size_t i = 0; i < components_.size(); ++i) index.emplace(components_[i].id, i);
    std::vector<std::vector<const NamedDependency*>> edges(components_.size());
    for (const NamedDependency& named : named_) edges[named.component].push_back(&named);
    enum class Visit : std::uint8_t { kNot, kOpen, kDone };
    std::vector<Visit> visits(components_.size(), Visit::kNot);
    struct Step {
      std::size_t component;
      std::size_t edge;
    };
    for (std::size_t root = 0; root < components_.size(); ++root) {
      if (visits[root] != Visit::kNot) continue;
      std::vector<Step> way = {{root, 0}};
      visits[root] = Visit::kOpen;
      while (!way.empty()) {
        Step& step = way.back();
        if (step.edge == edges[step.component].size()) {
          visits[step.component] = Visit::kDone;
          way.pop_back();
          continue;
        }
        const NamedDependency& edge = *edges[step.component][step.edge++];
        const auto next = index.find(edge.on);
        if (next == index.end() || visits[next->second] == Visit::kDone) continue;
        if (visits[next->second] == Visit::kNot) {
          visits[next->second] = Visit::kOpen;
          way.push_back({next->second, 0});
          continue;
        }
        const auto begin =
            std::find_if(way.begin(), way.end(), [&](const Step& s) { return s.component == next->second; });
        std::string text;
        for (auto it = begin; it != way.end(); ++it) text += components_[it->component].id.name + " -> ";
        faults_.Add(edge.position, fmt::format("a cycle of dependencies: {}{}", text, edge.on.name));
      }
    }
  }

  yaml::FaultList& faults_;
  std::vector<Component> components_;
  std::vector<NamedDependency> named_;
  std::map<std::string, std::vector<ComponentId>, std::less<>> ids_by_text_;  // By NAME and by KIND/NAME.
};

}  // namespace

base::Result<std::vector<Component>> ParseTopology(const std::string& file, std::string_view text,
                                                   std::string_view path, std::span<const Component> others) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults(file);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  const YamlNode* node =
      path.empty() ? &document.root : FieldReader(document.root, "the configuration", faults).Find(path);
  std::vector<Component> components;
  if (node != nullptr && document.faults.empty()) {
    components =
        TopologyReader(others, faults).Read(*node, path.empty() ? std::span<const std::string_view>() : kSettings);
  }
  const std::vector<std::string> found = faults.Take();
  if (!found.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(found, "\n")));
  return components;
}

}  // namespace bellwether::incidents
