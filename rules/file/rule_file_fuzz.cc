// Any bytes as a rule file: no crash, no hang, and a file without faults has rules that are whole.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "rules/file/rule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bellwether::rules::ReadRuleText;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = ReadRuleText("fuzz.yml", text, {});
  if (!file.faults.empty()) return 0;
  for (const auto& group : file.groups) {
    BW_CHECK(!group.name.empty());
    for (const auto& rule : group.rules) BW_CHECK(rule.expr != nullptr && !rule.name.empty());
  }
  return 0;
}
