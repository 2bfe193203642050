#include "notify/receivers/slack_thread.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "notify/receivers/alert_json.h"
#include "notify/receivers/view.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kPostMethod = "chat.postMessage";
constexpr std::string_view kUpdateMethod = "chat.update";
constexpr std::string_view kSlackTs = "ts";
constexpr std::string_view kSlackChannel = "channel";
constexpr std::string_view kSlackSeverity = "severity";

std::string Remembered(const ReceiverMemory& memory, std::string_view name) {
  const auto it = memory.find(name);
  return it == memory.end() ? "" : it->second;
}

// An answer that says what became of the request; nothing where the way there was broken.
std::string SlackError(const base::Result<base::HttpClientResponse>& answer) {
  if (!answer.ok()) return "no answer";
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (!json.is_object() || answer->status != 200) return "status " + std::to_string(answer->status);
  return json.value("ok", false) ? "" : json.value("error", "unknown");
}

bool IsGone(std::string_view error) {
  return error == "message_not_found" || error == "cant_update_message" || error == "edit_window_closed" ||
         error == "thread_not_found";
}

// The address of another method of the Web API.
std::string UrlOf(std::string url, std::string_view method) {
  const std::size_t at = url.rfind(kPostMethod);
  if (at != std::string::npos) url.replace(at, kPostMethod.size(), method);
  return url;
}

}  // namespace

base::Result<base::HttpClientResponse> SlackThread::Post(const SendFunction& send, ReceiverMemory& memory) {
  auto answer = send(post_);
  if (!SlackError(answer).empty()) return answer;
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  memory = {{std::string(kSlackTs), json.value("ts", "")},
            {std::string(kSlackChannel), json.value("channel", "")},
            {std::string(kSlackSeverity), ViewOf(message_).severity}};
  return answer;
}

base::HttpClientRequest SlackThread::Reply(const std::string& channel, const std::string& ts, bool rises) const {
  base::HttpClientRequest reply = post_;
  const TextRenderer renderer(message_, context_);
  const auto text = renderer.Render("thread", R"({{ template "slack.default.thread" . }})");
  OrderedJson body = {{"channel", channel}, {"thread_ts", ts}, {"text", text.ok() ? *text : message_.reason}};
  if (rises) body["reply_broadcast"] = true;
  reply.body = JsonText(body);
  return reply;
}

base::Result<base::HttpClientResponse> SlackThread::Send(const SendFunction& send, ReceiverMemory& memory) {
  const std::string ts = Remembered(context_.memory, kSlackTs);
  const std::string channel = Remembered(context_.memory, kSlackChannel);
  const bool is_first = message_.reason == kFirstNotification || ts.empty() || channel.empty();
  if (is_first) return Post(send, memory);
  base::HttpClientRequest update = post_;
  update.url = UrlOf(post_.url, kUpdateMethod);
  OrderedJson body = OrderedJson::parse(post_.body, nullptr, false);
  body["channel"] = channel;
  body["ts"] = ts;
  for (const char* fixed : {"username", "icon_emoji", "icon_url"}) body.erase(fixed);
  update.body = JsonText(body);
  auto answer = send(update);
  if (IsGone(SlackError(answer))) return Post(send, memory);
  if (!SlackError(answer).empty()) return answer;
  const std::string severity = ViewOf(message_).severity;
  memory = {
      {std::string(kSlackTs), ts}, {std::string(kSlackChannel), channel}, {std::string(kSlackSeverity), severity}};
  const bool rises = message_.IsFiring() && IsMoreSevere(severity, Remembered(context_.memory, kSlackSeverity));
  auto replied = send(Reply(channel, ts, rises));
  // The message itself says it all: what will never be taken as a reply is not worth giving up for.
  const std::string error = SlackError(replied);
  const bool again = !replied.ok() || replied->status == 429 || replied->status >= 500 || error == "ratelimited";
  return error.empty() || again ? replied : answer;
}

}  // namespace bellwether::notify
