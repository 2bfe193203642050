#include "notify/receivers/deliver.h"

#include <utility>

#include <fmt/format.h>

#include "notify/receivers/secret_filter.h"
#include "notify/receivers/slack_thread.h"

namespace bellwether::notify {
namespace {

Delivery NotRendered(const base::Status& status, const SecretFilter& secrets) {
  const bool again = status.code() == base::StatusCode::kUnavailable;
  Delivery out;
  out.outcome = {.kind = again ? OutcomeClass::kRetry : OutcomeClass::kFatalMessage, .reason = status.message()};
  secrets.Clean(out.outcome.reason);
  return out;
}

// Sends one request with the token of oauth2, if there is one; a refused token is fetched anew once.
base::Result<base::HttpClientResponse> SendAuthorized(const Integration& integration,
                                                      const base::HttpClientRequest& request,
                                                      const RenderContext& context, const DeliveryMeans& means,
                                                      SecretFilter& secrets) {
  if (!integration.http.oauth2) return means.http.Send(request);
  const OAuth2Config& oauth2 = *integration.http.oauth2;
  for (int attempt = 0;; ++attempt) {
    BW_ASSIGN_OR_RETURN(const std::string token, means.tokens.Get(oauth2, means.http, context.now));
    secrets.Add(token);
    base::HttpClientRequest authorized = request;
    authorized.headers.emplace_back("Authorization", "Bearer " + token);
    auto answer = means.http.Send(authorized);
    if (!answer.ok() || answer->status != 401 || attempt > 0) return answer;
    means.tokens.Drop(oauth2);
  }
}

Delivery DeliverMail(const Integration& integration, const Message& message, const RenderContext& context,
                     const DeliveryMeans& means, const SecretFilter& secrets) {
  auto mail = RenderMail(integration, message, context);
  if (!mail.ok()) return NotRendered(mail.status(), secrets);
  if (means.mail == nullptr) return NotRendered(base::Execution("this process sends no mail"), secrets);
  const auto answer = means.mail->Send(mail->request);
  Delivery out;
  out.outcome = ClassifyMail(answer);
  out.memory = std::move(mail->memory);
  out.answer = out.outcome.reason;
  if (answer.ok() && out.outcome.kind == OutcomeClass::kSuccess) {
    out.answer = "250";
    for (const base::MailRefusal& refused : answer->refused) {
      out.answer += fmt::format(", {} refused with {}", refused.address, refused.code);
    }
  }
  secrets.Clean(out.outcome.reason);
  secrets.Clean(out.answer);
  return out;
}

}  // namespace

Delivery Deliver(const Integration& integration, const Message& message, const RenderContext& context,
                 const DeliveryMeans& means) {
  SecretFilter secrets(integration);
  if (integration.kind == "email") return DeliverMail(integration, message, context, means, secrets);
  auto request = RenderRequest(integration, message, context);
  if (!request.ok()) return NotRendered(request.status(), secrets);
  secrets.Add(*request);
  Delivery out;
  const auto send = [&](const base::HttpClientRequest& one) -> base::Result<base::HttpClientResponse> {
    auto answer = SendAuthorized(integration, one, context, means, secrets);
    // Before anything is cut short: half a secret is one too.
    if (answer.ok()) secrets.Clean(answer->body);
    return answer;
  };
  base::Result<base::HttpClientResponse> answer = base::Unavailable("nothing was sent");
  const auto* slack = std::get_if<SlackConfig>(&integration.target);
  if (slack != nullptr && slack->update_message) {
    SlackThread thread(*request, message, context);
    answer = thread.Send(send, out.memory);
  } else {
    answer = send(*request);
  }
  out.outcome = ClassifyAnswer(integration.kind, answer, context.now);
  secrets.Clean(out.outcome.reason);
  out.answer = answer.ok() ? AnswerText(*answer) : answer.status().message();
  secrets.Clean(out.answer);
  return out;
}

}  // namespace bellwether::notify
