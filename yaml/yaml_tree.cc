#include "yaml/yaml_tree.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace bellwether::yaml {
namespace {

YamlPosition YamlPositionOf(const YAML::Mark& mark) {
  return mark.is_null() ? YamlPosition{1, 1} : YamlPosition{mark.line + 1, mark.column + 1};
}

// Copies the library's graph into a tree, within bounds.
class YamlCopier {
 public:
  explicit YamlCopier(std::vector<YamlFault>& faults) : faults_(faults) {}

  YamlNode Copy(const YAML::Node& from, int depth) {
    YamlNode to;
    to.position = YamlPositionOf(from.Mark());
    if (!Admit(to.position, depth)) return to;
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: break;
      case YAML::NodeType::Scalar:
        to.kind = YamlNode::Kind::kScalar;
        to.scalar = from.Scalar();
        break;
      case YAML::NodeType::Sequence:
        to.kind = YamlNode::Kind::kSequence;
        for (const auto& item : from) {
          if (overflow_) break;
          to.items.push_back(Copy(item, depth + 1));
        }
        break;
      case YAML::NodeType::Map:
        to.kind = YamlNode::Kind::kMapping;
        CopyFields(from, depth, to);
        break;
    }
    return to;
  }

 private:
  bool Admit(YamlPosition position, int depth) {
    if (overflow_) return false;
    if (depth <= kYamlDepthMax && ++nodes_ <= kYamlNodesMax) return true;
    overflow_ = true;
    faults_.push_back({position, depth > kYamlDepthMax
                                     ? "values are nested too deeply (an alias inside its own anchor?)"
                                     : "too many values once aliases are resolved"});
    return false;
  }

  void CopyFields(const YAML::Node& from, int depth, YamlNode& to) {
    std::vector<YamlNode> merged;
    for (const auto& pair : from) {
      if (overflow_) return;
      const YamlPosition at = YamlPositionOf(pair.first.Mark());
      if (!pair.first.IsScalar()) {
        faults_.push_back({at, "a key must be text"});
        continue;
      }
      const std::string& key = pair.first.Scalar();
      if (key == "<<" && pair.first.Tag() == "?") {
        merged.push_back(Copy(pair.second, depth + 1));
      } else if (const YamlField* first = FindField(to, key)) {
        faults_.push_back(
            {at, fmt::format("key \"{}\" is given twice, first at {}", key, PositionText(first->key_position))});
      } else {
        to.fields.push_back({key, at, Copy(pair.second, depth + 1)});
      }
    }
    for (YamlNode& source : merged) Merge(std::move(source), to);
  }

  // Adds the fields of a merged mapping, or of each mapping of a list, that are not there yet.
  void Merge(YamlNode source, YamlNode& to) {
    if (source.kind == YamlNode::Kind::kSequence) {
      for (YamlNode& item : source.items) {
        if (item.kind == YamlNode::Kind::kSequence) item.kind = YamlNode::Kind::kNull;
        Merge(std::move(item), to);
      }
      return;
    }
    if (source.kind != YamlNode::Kind::kMapping) {
      faults_.push_back({source.position, "<< must be followed by a mapping or a list of mappings"});
      return;
    }
    for (YamlField& field : source.fields) {
      if (FindField(to, field.key) == nullptr) to.fields.push_back(std::move(field));
    }
  }

  static const YamlField* FindField(const YamlNode& node, std::string_view key) {
    const auto found =
        std::find_if(node.fields.begin(), node.fields.end(), [&](const auto& f) { return f.key == key; });
    return found == node.fields.end() ? nullptr : &*found;
  }

  std::vector<YamlFault>& faults_;
  std::size_t nodes_ = 0;
  bool overflow_ = false;
};

// The first document; whether another follows. A fault in a later document is none of ours.
std::optional<YAML::Node> LoadFirstDocument(const std::string& text, YamlDocument& document) {
  try {
    const std::vector<YAML::Node> all = YAML::LoadAll(text);
    document.more_documents = all.size() > 1;
    return all.empty() ? YAML::Node() : all.front();
  } catch (const std::exception&) {
    // Read again below, to tell a fault of the first document from one of the others.
  }
  try {
    YAML::Node first = YAML::Load(text);
    document.more_documents = true;
    return first;
  } catch (const YAML::Exception& e) {
    document.faults.push_back({YamlPositionOf(e.mark), "yaml: " + e.msg});
  } catch (const std::exception& e) {
    document.faults.push_back({{1, 1}, std::string("yaml: ") + e.what()});
  }
  return std::nullopt;
}

}  // namespace

std::string PositionText(YamlPosition position) { return fmt::format("{}:{}", position.line, position.column); }

std::string_view YamlKindText(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a value";
    case YamlNode::Kind::kSequence: return "a list";
    case YamlNode::Kind::kMapping: return "a mapping";
  }
  return "";
}

YamlDocument ReadYaml(std::string_view text) {
  YamlDocument document;
  const auto first = LoadFirstDocument(std::string(text), document);
  if (first) document.root = YamlCopier(document.faults).Copy(*first, 0);
  return document;
}

}  // namespace bellwether::yaml
