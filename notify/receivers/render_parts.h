// notify/receivers/render_parts.h
//
// One function a receiver, and what they share. Private to render.cc and its siblings.
#pragma once

#include "notify/receivers/alert_json.h"
#include "notify/receivers/view.h"

namespace bellwether::notify {

// URL and body; the rest is render.cc's.
struct RenderedBody {
  std::string url;
  OrderedJson body;
};

[[nodiscard]] base::Result<RenderedBody> RenderWebhook(const WebhookConfig& config, const Message& message,
                                                       const TextRenderer& renderer, const RenderContext& context);
[[nodiscard]] base::Result<RenderedBody> RenderSlack(const SlackConfig& config, const Message& message,
                                                     const TextRenderer& renderer, const RenderContext& context);
[[nodiscard]] base::Result<RenderedBody> RenderPagerDuty(const PagerDutyConfig& config, const Message& message,
                                                         const TextRenderer& renderer, const RenderContext& context);

}  // namespace bellwether::notify
