// Slack's incoming webhook: one attachment, its colour bar the severity.
#include <utility>

#include "notify/receivers/render_parts.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kSlackTitleMax = 1024;
constexpr std::size_t kSlackTextMax = 4000;
constexpr std::size_t kSlackFieldMax = 2000;

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
  OrderedJson attachment = OrderedJson::object();
  BW_RETURN_IF_ERROR(RenderTexts({{"title", config.title, kSlackTitleMax},
                                  {"title_link", config.title_link, kSlackTextMax},
                                  {"pretext", config.pretext, kSlackTextMax},
                                  {"text", config.text, context.shrunk ? kSlackTitleMax : kSlackTextMax},
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
  attachment["mrkdwn_in"] = config.mrkdwn_in;
  out.body["attachments"] = OrderedJson::array({std::move(attachment)});
  return out;
}

}  // namespace bellwether::notify
