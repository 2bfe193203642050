// notify/receivers/links.h
//
// Links from a message to where one looks next. Pure.
#pragma once

#include <string>

#include "notify/receivers/message.h"

namespace bellwether::notify {

// The expression as a graph over the alert's time and an hour before it; empty where there is no generator URL.
[[nodiscard]] std::string GraphUrl(const MessageAlert& alert, base::TimestampMs now);

// The form of a new silence for exactly this alert, in Alertmanager's notation.
[[nodiscard]] std::string SilenceUrl(const metric::Labels& labels, const std::string& external_url);

// The annotation dashboard_url; one of Grafana's gets the alert's time and its labels as variables, where the rule has
// not written them itself.
[[nodiscard]] std::string DashboardUrl(const MessageAlert& alert);

}  // namespace bellwether::notify
