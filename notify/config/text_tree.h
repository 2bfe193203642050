// notify/config/text_tree.h
//
// Templates within a structure of lists and mappings, as `payload` and `details` have them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "yaml/yaml_tree.h"

namespace bellwether::notify {

struct TextTree {
  enum class Kind : std::uint8_t { kText, kList, kMap } kind = Kind::kText;
  std::string text = {};
  std::vector<TextTree> items = {};
  std::vector<std::pair<std::string, TextTree>> fields = {};  // Keys are templates too.
};

[[nodiscard]] TextTree ReadTextTree(const yaml::YamlNode& node);

}  // namespace bellwether::notify
