// notify/receivers/deliver.h
//
// One attempt to deliver a message: rendered, sent, and what the answer means. Where a receiver takes several requests
// for one message (Slack changes a post and answers in its thread), all of them are one attempt.
#pragma once

#include <string>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "notify/config/config.h"
#include "notify/policy/outcome.h"
#include "notify/receivers/message.h"
#include "notify/receivers/oauth2.h"
#include "notify/receivers/render.h"

namespace bellwether::notify {

// All thread-safe.
struct DeliveryMeans {
  base::HttpClient& http;
  base::MailClient* mail;  // Null: mails are given up.
  TokenSource& tokens;
};

struct Delivery {
  Outcome outcome;
  std::string answer;     // What the receiver said, in short and without secrets; also of a success.
  ReceiverMemory memory;  // Of a success: what later messages of the group need.
};

// Reads RenderContext::memory, what the last success left.
[[nodiscard]] Delivery Deliver(const Integration& integration, const Message& message, const RenderContext& context,
                               const DeliveryMeans& means);

}  // namespace bellwether::notify
