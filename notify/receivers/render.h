// notify/receivers/render.h
//
// Messages in the forms that receivers take: Alertmanager's webhook JSON version 4, Slack's messages, PagerDuty's
// events, mail. One file a receiver behind two entry points, for requests and for mails.
#pragma once

#include <map>
#include <string>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/status.h"
#include "base/time.h"
#include "notify/config/config.h"
#include "notify/receivers/message.h"
#include "template/function.h"
#include "template/template.h"

namespace bellwether::notify {

struct RenderContext {
  const templating::TemplateSet& templates;
  std::string external_url;  // Without a slash at the end.
  base::TimestampMs now;     // What `now` and `since` see in templates.
  std::string idempotency_key;
  bool shrunk = false;  // The receiver found it too large: leave out what can be.
  ReceiverMemory memory = {};
};

struct RenderedMail {
  base::MailRequest request;
  ReceiverMemory memory;  // Once it is taken.
};

// The whole request, with URL, credentials and headers. kExecution: a template failed; kUnavailable: a secret file
// cannot be read. Neither names a URL or a key.
[[nodiscard]] base::Result<base::HttpClientRequest> RenderRequest(const Integration& integration,
                                                                  const Message& message, const RenderContext& context);

// The same for an integration of the kind "email".
[[nodiscard]] base::Result<RenderedMail> RenderMail(const Integration& integration, const Message& message,
                                                    const RenderContext& context);

// Renders a made-up message, firing and resolved, and says what is wrong with the integration's templates.
[[nodiscard]] base::Status CheckRendering(const Integration& integration, const templating::TemplateSet& templates);

// What texts may call: template/functions.h's NotificationFunctions, and slackEscape (&, < and > for Slack's markup).
[[nodiscard]] templating::FunctionTable MessageFunctions(base::TimestampMs now);

// Our own definitions of Alertmanager's default template names: slack.default.title, pagerduty.default.description, ...
[[nodiscard]] templating::TemplateSet DefaultTemplates();

}  // namespace bellwether::notify
