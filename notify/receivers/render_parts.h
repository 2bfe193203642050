// notify/receivers/render_parts.h
//
// One function a receiver, and what they share. Private to render.cc and its siblings.
#pragma once

#include <nlohmann/json.hpp>

#include "notify/receivers/view.h"

namespace bellwether::notify {

using OrderedJson = nlohmann::ordered_json;

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

[[nodiscard]] OrderedJson LabelsJson(const metric::Labels& labels);
[[nodiscard]] OrderedJson AnnotationsJson(const metric::Annotations& annotations);

// Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string JsonText(const OrderedJson& json);

}  // namespace bellwether::notify
