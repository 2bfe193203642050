// rules/rule_text.h
//
// A rule file that is given as text and not as a path.
#pragma once

#include <string>

namespace bellwether::rules {

struct RuleText {
  std::string path;  // Its base name takes part in the slots of its groups.
  std::string text;
};

}  // namespace bellwether::rules
