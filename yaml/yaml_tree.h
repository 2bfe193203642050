// yaml/yaml_tree.h
//
// The first document of a YAML text as a plain tree with positions. Aliases and merge keys (`<<`) are resolved, so
// whoever reads the tree sees what was meant; keys given twice are faults here, because the library keeps both in
// silence.
//
// The library is named in the source file alone: it throws, and it marks positions from zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace bellwether::yaml {

// From 1; columns as the library counts them, in characters.
struct YamlPosition {
  int line = 0;
  int column = 0;
  friend bool operator==(YamlPosition, YamlPosition) = default;
};

// "4:17"
[[nodiscard]] std::string PositionText(YamlPosition position);

struct YamlField;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  YamlPosition position;
  std::string scalar;
  std::vector<YamlNode> items;    // Of a sequence.
  std::vector<YamlField> fields;  // Of a mapping, as written; merged ones last. Keys are unique.
};

struct YamlField {
  std::string key;
  YamlPosition key_position;
  YamlNode value;
};

// "nothing", "a value", "a list", "a mapping": for messages.
[[nodiscard]] std::string_view YamlKindText(YamlNode::Kind kind);

struct YamlFault {
  YamlPosition position;
  std::string text;
};

struct YamlDocument {
  YamlNode root;                  // Null for an empty text.
  std::vector<YamlFault> faults;  // Syntax errors and duplicate keys; with a syntax error `root` is null.
  bool more_documents = false;    // Others follow; they are not read.
};

// Values, aliases counted as often as they are used, at most this many: a few lines of nested aliases could otherwise
// ask for more memory than there is.
inline constexpr std::size_t kYamlNodesMax = 500'000;
inline constexpr int kYamlDepthMax = 64;

[[nodiscard]] YamlDocument ReadYaml(std::string_view text);

}  // namespace bellwether::yaml
