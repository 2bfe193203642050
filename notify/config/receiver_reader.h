// notify/config/receiver_reader.h
//
// One function a kind of integration, and what they share. Private to receiver.cc and its siblings.
#pragma once

#include <string>
#include <string_view>

#include "notify/config/config_reader.h"

namespace bellwether::notify {

// What every integration has: send_resolved, http_config, timeout.
[[nodiscard]] Integration ReadCommon(yaml::FieldReader& fields, std::string kind, bool send_resolved,
                                     const GlobalSettings& global, ReadContext& context);
// The text of `key`; `fallback` if the key is not there.
[[nodiscard]] std::string TextOr(yaml::FieldReader& fields, std::string_view key, std::string_view fallback);

[[nodiscard]] Integration ReadWebhook(const yaml::YamlNode& node, const GlobalSettings& global, ReadContext& context);
[[nodiscard]] Integration ReadSlack(const yaml::YamlNode& node, const GlobalSettings& global, ReadContext& context);
[[nodiscard]] Integration ReadPagerDuty(const yaml::YamlNode& node, const GlobalSettings& global, ReadContext& context);
[[nodiscard]] Integration ReadEmail(const yaml::YamlNode& node, const GlobalSettings& global, ReadContext& context);

}  // namespace bellwether::notify
