// notify/config/schema.h
//
// The shape of Alertmanager's configuration as a table: which keys each mapping has and what stands in them. It serves
// what no reader of ours covers: judging receivers of kinds that nothing is delivered to yet, and showing a
// configuration without its secrets and without keys that are not Alertmanager's.
//
// Source: Alertmanager 0.34, the keys of its configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether::notify {

enum class FieldShape : std::uint8_t {
  kText,
  kBool,
  kInteger,
  kDuration,
  kUrl,
  kSecret,
  kSecretUrl,
  kOpenUrl,   // A secret where old parsers take no <secret>, only a URL.
  kTexts,     // A list.
  kSecrets,   // A list.
  kTextMap,   // Texts by name.
  kMapping,   // `nested` has its keys.
  kMappings,  // A list of them.
  kMappingsByName,
  kAny,     // Anything, shown as it is.
  kHidden,  // Anything, never shown.
};

struct SchemaField {
  std::string_view key;
  FieldShape shape = FieldShape::kText;
  bool has_twin = false;    // KEY_file may stand for it.
  std::string_view nested;  // Of the three kinds of mappings: the name of theirs.
};

// The fields of a mapping by its name: "" is the whole file, then "route", "receiver", "opsgenie_configs", ...
[[nodiscard]] std::vector<SchemaField> SchemaOf(std::string_view mapping);

}  // namespace bellwether::notify
