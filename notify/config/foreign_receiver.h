// notify/config/foreign_receiver.h
//
// Receivers of the kinds that Alertmanager knows and nothing is delivered to yet: their fields are judged as
// Alertmanager judges them, so that a configuration can be checked before it can be served.
#pragma once

#include <string_view>

#include "notify/config/config_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::notify {

// True for "opsgenie_configs" and the like.
[[nodiscard]] bool IsForeignKind(std::string_view key);

// Judges the list under `key` of the receiver `receiver`, and notes that it cannot be served.
void CheckForeignReceivers(const yaml::YamlField& list, std::string_view receiver, const GlobalSettings& global,
                           ReadContext& context);

}  // namespace bellwether::notify
