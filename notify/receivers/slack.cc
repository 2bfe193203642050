// Slack's messages: one attachment, its colour bar the severity. The same for incoming webhooks and the Web API.
#include <utility>

#include "notify/receivers/render_parts.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kSlackTitleMax = 1024;
constexpr std::size_t kSlackTextMax = 4000;
constexpr std::size_t kSlackFieldMax = 2000;
constexpr std::size_t kSlackUrlMax = 3000;
constexpr std::size_t kSlackButtonMax = 75;
constexpr std::size_t kSlackConfirmTitleMax = 100;
constexpr std::size_t kSlackConfirmTextMax = 300;
constexpr std::size_t kSlackConfirmButtonMax = 30;
constexpr std::size_t kSlackActionsMax = 25;

struct SlackText {
  const char* key;
  const std::string& text;
  std::size_t max;
};

// Renders `texts` into `out`; empty ones are left out.
base::Status RenderTexts(std::initializer_list<SlackText> texts, const TextRenderer& renderer, OrderedJson& out) {
  for (const SlackText& t : texts) {
    BW_ASSIGN_OR_RETURN(const std::string text, renderer.Render(t.key, t.text));
    if (!text.empty()) out[t.key] = Truncate(text, t.max);
  }
  return base::OkStatus();
}

base::Status RenderFields(const SlackConfig& config, const TextRenderer& renderer, OrderedJson& fields) {
  for (const SlackField& field : config.fields) {
    BW_ASSIGN_OR_RETURN(const std::string title, renderer.Render("fields.title", field.title));
    BW_ASSIGN_OR_RETURN(const std::string value, renderer.Render("fields.value", field.value));
    fields.push_back({{"title", Truncate(title, kSlackFieldMax)},
                      {"value", Truncate(value, kSlackFieldMax)},
                      {"short", field.is_short}});
  }
  return base::OkStatus();
}

// A button as an attachment has it.
base::Result<OrderedJson> RenderAction(const SlackAction& action, const TextRenderer& renderer) {
  OrderedJson out = OrderedJson::object();
  BW_RETURN_IF_ERROR(RenderTexts({{"type", action.type, kSlackTitleMax},
                                  {"text", action.text, kSlackButtonMax},
                                  {"url", action.url, kSlackUrlMax},
                                  {"style", action.style, kSlackTitleMax},
                                  {"name", action.name, kSlackTitleMax},
                                  {"value", action.value, kSlackFieldMax}},
                                 renderer, out));
  if (action.confirm_text.empty()) return out;
  OrderedJson confirm = OrderedJson::object();
  BW_RETURN_IF_ERROR(RenderTexts({{"title", action.confirm_title, kSlackConfirmTitleMax},
                                  {"text", action.confirm_text, kSlackConfirmTextMax},
                                  {"ok_text", action.confirm_ok, kSlackConfirmButtonMax},
                                  {"dismiss_text", action.confirm_dismiss, kSlackConfirmButtonMax}},
                                 renderer, confirm));
  out["confirm"] = std::move(confirm);
  return out;
}

std::string SlackLink(const std::string& url, const std::string& text) {
  const bool is_link = url.starts_with("http://") || url.starts_with("https://");
  return is_link ? "<" + url + "|" + text + ">" : url;
}

// The runbooks are always at hand, whatever the user's texts leave out.
void AddRunbooks(const std::vector<RunbookLink>& runbooks, const OrderedJson& attachment, OrderedJson& fields) {
  const std::string said = JsonText(attachment) + JsonText(fields);
  std::string value;
  for (const RunbookLink& runbook : runbooks) {
    if (said.find(runbook.url) != std::string::npos) continue;
    const std::string text = runbooks.size() > 1 && !runbook.alert.empty() ? runbook.alert : "Open the runbook";
    value += (value.empty() ? "" : "\n") + SlackLink(runbook.url, text);
  }
  if (value.empty()) return;
  fields.push_back({{"title", runbooks.size() > 1 ? "Runbooks" : "Runbook"}, {"value", value}, {"short", false}});
}

// What is left where Slack takes nothing else: title and link as the text.
base::Result<RenderedBody> PlainText(const SlackConfig& config, const TextRenderer& renderer, RenderedBody out) {
  BW_ASSIGN_OR_RETURN(const std::string text, renderer.Render("fallback", config.fallback));
  out.body["text"] = Truncate(text, kSlackTitleMax);
  return out;
}

}  // namespace

base::Result<RenderedBody> RenderSlack(const SlackConfig& config, const Message&, const TextRenderer& renderer,
                                       const RenderContext& context) {
  RenderedBody out;
  BW_ASSIGN_OR_RETURN(out.url, ReadSecret(config.api_url));
  out.body = OrderedJson::object();
  BW_RETURN_IF_ERROR(RenderTexts({{"channel", config.channel, kSlackTitleMax},
                                  {"username", config.username, kSlackTitleMax},
                                  {"icon_emoji", config.icon_emoji, kSlackTitleMax},
                                  {"icon_url", config.icon_url, kSlackTitleMax},
                                  {"text", config.message_text, kSlackTextMax}},
                                 renderer, out.body));
  if (config.link_names) out.body["link_names"] = true;
  if (context.shrunk) return PlainText(config, renderer, std::move(out));
  OrderedJson attachment = OrderedJson::object();
  BW_RETURN_IF_ERROR(RenderTexts({{"title", config.title, kSlackTitleMax},
                                  {"title_link", config.title_link, kSlackTextMax},
                                  {"pretext", config.pretext, kSlackTextMax},
                                  {"text", config.text, kSlackTextMax},
                                  {"fallback", config.fallback, kSlackTitleMax},
                                  {"callback_id", config.callback_id, kSlackTitleMax},
                                  {"image_url", config.image_url, kSlackTextMax},
                                  {"thumb_url", config.thumb_url, kSlackTextMax},
                                  {"footer", config.footer, kSlackTitleMax},
                                  {"color", config.color, kSlackTitleMax}},
                                 renderer, attachment));
  OrderedJson fields = OrderedJson::array();
  BW_RETURN_IF_ERROR(RenderFields(config, renderer, fields));
  AddRunbooks(renderer.view().runbooks, attachment, fields);
  if (!fields.empty()) attachment["fields"] = std::move(fields);
  for (const SlackAction& action : config.actions) {
    if (attachment["actions"].size() == kSlackActionsMax) break;
    BW_ASSIGN_OR_RETURN(OrderedJson button, RenderAction(action, renderer));
    attachment["actions"].push_back(std::move(button));
  }
  attachment["mrkdwn_in"] = config.mrkdwn_in;
  out.body["attachments"] = OrderedJson::array({std::move(attachment)});
  return out;
}

}  // namespace bellwether::notify
