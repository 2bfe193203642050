#include "notify/config/text_tree.h"

namespace bellwether::notify {

TextTree ReadTextTree(const yaml::YamlNode& node) {
  TextTree out;
  switch (node.kind) {
    case yaml::YamlNode::Kind::kNull: break;
    case yaml::YamlNode::Kind::kScalar: out.text = node.scalar; break;
    case yaml::YamlNode::Kind::kSequence:
      out.kind = TextTree::Kind::kList;
      for (const yaml::YamlNode& item : node.items) out.items.push_back(ReadTextTree(item));
      break;
    case yaml::YamlNode::Kind::kMapping:
      out.kind = TextTree::Kind::kMap;
      for (const yaml::YamlField& field : node.fields) out.fields.emplace_back(field.key, ReadTextTree(field.value));
      break;
  }
  return out;
}

}  // namespace bellwether::notify
