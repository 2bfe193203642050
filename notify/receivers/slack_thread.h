// notify/receivers/slack_thread.h
//
// The life of a Slack message that an app posts: the first state is a message; later states change it and say in its
// thread what is new. A rise of the severity, or an alert that fires anew, is shown in the channel too. Where the
// message is gone, a new one takes its place.
#pragma once

#include <functional>
#include <string>

#include "base/http_client.h"
#include "notify/receivers/message.h"
#include "notify/receivers/render.h"

namespace bellwether::notify {

class SlackThread {
 public:
  using SendFunction = std::function<base::Result<base::HttpClientResponse>(const base::HttpClientRequest&)>;

  // `post`: of chat.postMessage, as if there were no message yet. All outlive the thread.
  SlackThread(const base::HttpClientRequest& post, const Message& message, const RenderContext& context)
      : post_(post), message_(message), context_(context) {}

  // The answer that decides what becomes of the notification. `memory`: what the next state needs.
  base::Result<base::HttpClientResponse> Send(const SendFunction& send, ReceiverMemory& memory);

 private:
  base::Result<base::HttpClientResponse> Post(const SendFunction& send, ReceiverMemory& memory);
  [[nodiscard]] base::HttpClientRequest Reply(const std::string& channel, const std::string& ts, bool rises) const;

  const base::HttpClientRequest& post_;
  const Message& message_;
  const RenderContext& context_;
};

}  // namespace bellwether::notify
