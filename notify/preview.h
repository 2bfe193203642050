// notify/preview.h
//
// What a receiver would be sent about alerts that are made up, and, if asked, sending it: the way to try a receiver
// before an alert does. Nothing of it is in the outbox, and no alert group knows of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/status.h"
#include "base/time.h"

namespace bellwether::notify {

struct Config;

struct PreviewRequest {
  std::string receiver;
  // A list of alerts as Alertmanager's API takes them: labels, annotations, startsAt, endsAt, generatorURL. Empty: one
  // that is made up.
  std::string alerts_json;
  bool send = false;
};

// What one integration of the receiver is sent.
struct PreviewedMessage {
  std::string integration;  // "slack[0]"
  std::string target;       // Method and host; of a mail the recipients.
  std::string body;         // Secrets masked.
  std::string outcome;      // "not sent", "delivered", or what went wrong.
  bool ok = true;
};

struct PreviewMeans {
  base::HttpClient& http;
  base::MailClient& mail;
};

// kNotFound for a receiver that is not there; kInvalidArgument for alerts that are none.
[[nodiscard]] base::Result<std::vector<PreviewedMessage>> Preview(const Config& config, const std::string& external_url,
                                                                  const PreviewRequest& request, base::TimestampMs now,
                                                                  const PreviewMeans& means);

}  // namespace bellwether::notify
