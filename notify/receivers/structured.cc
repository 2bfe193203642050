#include "notify/receivers/structured.h"

#include <cmath>

#include "base/number.h"
#include "yaml/yaml_tree.h"

namespace bellwether::notify {
namespace {

// A scalar without quotes, by YAML's core schema.
OrderedJson PlainScalar(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos) return text;
  const bool is_whole = text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) == std::string::npos;
  OrderedJson number = OrderedJson::parse(text, nullptr, false);
  if (number.is_number()) return number;
  const auto value = base::ParseNumber(text);
  return value && std::isfinite(*value) && !is_whole ? OrderedJson(*value) : OrderedJson(text);
}

OrderedJson JsonOf(const yaml::YamlNode& node) {
  switch (node.kind) {
    case yaml::YamlNode::Kind::kNull: return nullptr;
    case yaml::YamlNode::Kind::kScalar: return PlainScalar(node.scalar);
    case yaml::YamlNode::Kind::kSequence: {
      OrderedJson out = OrderedJson::array();
      for (const yaml::YamlNode& item : node.items) out.push_back(JsonOf(item));
      return out;
    }
    case yaml::YamlNode::Kind::kMapping: {
      OrderedJson out = OrderedJson::object();
      for (const yaml::YamlField& field : node.fields) out[field.key] = JsonOf(field.value);
      return out;
    }
  }
  return nullptr;
}

}  // namespace

OrderedJson StructureOf(const std::string& text) {
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (!json.is_discarded()) return json.is_string() || json.is_null() ? OrderedJson(text) : json;
  const OrderedJson scalar = PlainScalar(text);
  if (!scalar.is_string()) return scalar;
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  const bool is_structure =
      document.root.kind == yaml::YamlNode::Kind::kSequence || document.root.kind == yaml::YamlNode::Kind::kMapping;
  return document.faults.empty() && !document.more_documents && is_structure ? JsonOf(document.root)
                                                                             : OrderedJson(text);
}

base::Result<OrderedJson> RenderTree(const TextTree& tree, std::string_view field, const TextRenderer& renderer) {
  switch (tree.kind) {
    case TextTree::Kind::kText: {
      BW_ASSIGN_OR_RETURN(const std::string text, renderer.Render(field, tree.text));
      return StructureOf(text);
    }
    case TextTree::Kind::kList: {
      OrderedJson out = OrderedJson::array();
      for (const TextTree& item : tree.items) {
        BW_ASSIGN_OR_RETURN(OrderedJson one, RenderTree(item, field, renderer));
        out.push_back(std::move(one));
      }
      return out;
    }
    case TextTree::Kind::kMap: break;
  }
  OrderedJson out = OrderedJson::object();
  for (const auto& [key, value] : tree.fields) {
    BW_ASSIGN_OR_RETURN(const std::string name, renderer.Render(field, key));
    BW_ASSIGN_OR_RETURN(out[name], RenderTree(value, std::string(field) + "." + key, renderer));
  }
  return out;
}

}  // namespace bellwether::notify
