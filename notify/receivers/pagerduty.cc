// PagerDuty's Events API v2: trigger while anything fires, resolve when nothing does.
#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "notify/receivers/render_parts.h"
#include "notify/receivers/structured.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kSummaryMax = 1024;
constexpr std::size_t kBodyBytesMax = 512'000;
constexpr std::size_t kAlertBytesMax = 200'000;  // Of the firing and again of the resolved alerts in the details.

// Only these four are taken; anything else would be refused.
std::string PagerDutySeverity(const std::string& severity) {
  if (severity == "page" || severity == "critical") return "critical";
  if (severity == "warning" || severity == "info") return severity;
  return "error";
}

OrderedJson DetailAlert(const MessageAlert& alert) {
  OrderedJson out = {{"labels", LabelsJson(alert.update.labels)},
                     {"annotations", AnnotationsJson(alert.update.annotations)},
                     {"startsAt", base::FormatRfc3339(alert.update.starts_at)},
                     {"generatorURL", alert.update.generator_url}};
  if (!alert.firing) out["endsAt"] = EndText(alert);
  return out;
}

// As many as fit; how many do not is said behind them.
OrderedJson DetailAlerts(const Message& message, bool firing) {
  OrderedJson out = OrderedJson::array();
  std::size_t bytes = 0;
  std::size_t left_out = 0;
  for (const MessageAlert& alert : message.alerts) {
    if (alert.firing != firing) continue;
    OrderedJson one = DetailAlert(alert);
    bytes += JsonText(one).size();
    if (bytes > kAlertBytesMax) {
      ++left_out;
    } else {
      out.push_back(std::move(one));
    }
  }
  if (left_out > 0) out.push_back("+" + std::to_string(left_out) + " more");
  return out;
}

base::Result<OrderedJson> Details(const PagerDutyConfig& config, const Message& message, const TextRenderer& renderer,
                                  bool shrunk) {
  const MessageView& view = renderer.view();
  OrderedJson details = {{"num_firing", view.firing}, {"num_resolved", view.resolved}};
  if (shrunk) {
    details["error"] = "The details are left out because the event was too large.";
    return details;
  }
  details["firing"] = DetailAlerts(message, true);
  details["resolved"] = DetailAlerts(message, false);
  for (const auto& [key, tree] : config.details) {
    BW_ASSIGN_OR_RETURN(const std::string name, renderer.Render("details", key));
    BW_ASSIGN_OR_RETURN(details[name], RenderTree(tree, "details." + key, renderer));
  }
  return details;
}

base::Result<OrderedJson> Links(const PagerDutyConfig& config, const TextRenderer& renderer) {
  OrderedJson links = OrderedJson::array();
  for (const PagerDutyLink& link : config.links) {
    BW_ASSIGN_OR_RETURN(const std::string href, renderer.Render("links.href", link.href));
    BW_ASSIGN_OR_RETURN(const std::string text, renderer.Render("links.text", link.text));
    if (!href.empty()) links.push_back({{"href", href}, {"text", text}});
  }
  const auto add = [&](const std::string& href, const std::string& text) {
    const bool known = std::any_of(links.begin(), links.end(), [&](const auto& l) { return l["href"] == href; });
    if (!href.empty() && !known) links.push_back({{"href", href}, {"text", text}});
  };
  const std::vector<RunbookLink>& runbooks = renderer.view().runbooks;
  for (const RunbookLink& runbook : runbooks) {
    add(runbook.url, runbooks.size() > 1 ? "Runbook: " + runbook.alert : "Runbook");
  }
  add(renderer.view().dashboard_url, "Dashboard");
  return links;
}

base::Result<OrderedJson> Images(const PagerDutyConfig& config, const TextRenderer& renderer) {
  OrderedJson images = OrderedJson::array();
  for (const PagerDutyImage& image : config.images) {
    BW_ASSIGN_OR_RETURN(const std::string src, renderer.Render("images.src", image.src));
    BW_ASSIGN_OR_RETURN(const std::string alt, renderer.Render("images.alt", image.alt));
    BW_ASSIGN_OR_RETURN(const std::string href, renderer.Render("images.href", image.href));
    if (src.empty()) continue;
    OrderedJson one = {{"src", src}};
    if (!alt.empty()) one["alt"] = alt;
    if (!href.empty()) one["href"] = href;
    images.push_back(std::move(one));
  }
  return images;
}

base::TimestampMs FirstStart(const Message& message) {
  base::TimestampMs first = base::TimestampMs::Max();
  for (const MessageAlert& alert : message.alerts) {
    if (alert.firing) first = std::min(first, alert.update.starts_at);
  }
  return first;
}

base::Result<OrderedJson> Payload(const PagerDutyConfig& config, const Message& message, const TextRenderer& renderer,
                                  bool shrunk) {
  OrderedJson payload = OrderedJson::object();
  BW_ASSIGN_OR_RETURN(const std::string summary, renderer.Render("description", config.description));
  payload["summary"] = Truncate(summary, kSummaryMax);
  BW_ASSIGN_OR_RETURN(const std::string source, renderer.Render("source", config.source));
  payload["source"] = source.empty() ? "bellwether" : source;
  std::string severity = renderer.view().severity;
  if (!config.severity.empty()) {
    BW_ASSIGN_OR_RETURN(severity, renderer.Render("severity", config.severity));
  }
  payload["severity"] = PagerDutySeverity(severity);
  payload["timestamp"] = base::FormatRfc3339Ms(FirstStart(message));
  const std::pair<const char*, const std::string&> texts[] = {
      {"component", config.component}, {"group", config.group}, {"class", config.event_class}};
  for (const auto& [key, text] : texts) {
    BW_ASSIGN_OR_RETURN(const std::string value, renderer.Render(key, text));
    if (!value.empty()) payload[key] = value;
  }
  BW_ASSIGN_OR_RETURN(payload["custom_details"], Details(config, message, renderer, shrunk));
  return payload;
}

base::Status AddTrigger(const PagerDutyConfig& config, const Message& message, const TextRenderer& renderer,
                        bool shrunk, OrderedJson& body) {
  BW_ASSIGN_OR_RETURN(body["payload"], Payload(config, message, renderer, shrunk));
  BW_ASSIGN_OR_RETURN(OrderedJson images, Images(config, renderer));
  if (!images.empty()) body["images"] = std::move(images);
  BW_ASSIGN_OR_RETURN(OrderedJson links, Links(config, renderer));
  if (!links.empty()) body["links"] = std::move(links);
  BW_ASSIGN_OR_RETURN(const std::string client, renderer.Render("client", config.client));
  BW_ASSIGN_OR_RETURN(const std::string client_url, renderer.Render("client_url", config.client_url));
  if (!client.empty()) body["client"] = client;
  if (!client_url.empty()) body["client_url"] = client_url;
  return base::OkStatus();
}

// Events API v1: a description, the key of the incident, and details.
base::Result<RenderedBody> RenderVersionOne(const PagerDutyConfig& config, const Message& message,
                                            const TextRenderer& renderer, const RenderContext& context) {
  const bool firing = renderer.view().firing > 0;
  BW_ASSIGN_OR_RETURN(const std::string key, ReadSecret(config.service_key));
  RenderedBody out;
  BW_ASSIGN_OR_RETURN(out.url, renderer.Render("url", config.url));
  BW_ASSIGN_OR_RETURN(const std::string service_key, renderer.Render("service_key", key));
  BW_ASSIGN_OR_RETURN(const std::string description, renderer.Render("description", config.description));
  out.body = {{"service_key", service_key},
              {"event_type", firing ? "trigger" : "resolve"},
              {"incident_key", base::Sha256Hex(message.group_key)},
              {"description", Truncate(description, kSummaryMax)}};
  BW_ASSIGN_OR_RETURN(out.body["details"], Details(config, message, renderer, context.shrunk));
  if (!firing) return out;
  BW_ASSIGN_OR_RETURN(const std::string client, renderer.Render("client", config.client));
  BW_ASSIGN_OR_RETURN(const std::string client_url, renderer.Render("client_url", config.client_url));
  if (!client.empty()) out.body["client"] = client;
  if (!client_url.empty()) out.body["client_url"] = client_url;
  return out;
}

}  // namespace

base::Result<RenderedBody> RenderPagerDuty(const PagerDutyConfig& config, const Message& message,
                                           const TextRenderer& renderer, const RenderContext& context) {
  if (!config.service_key.empty()) return RenderVersionOne(config, message, renderer, context);
  const bool firing = renderer.view().firing > 0;
  BW_ASSIGN_OR_RETURN(const std::string key, ReadSecret(config.routing_key));
  RenderedBody out;
  BW_ASSIGN_OR_RETURN(out.url, renderer.Render("url", config.url));
  BW_ASSIGN_OR_RETURN(const std::string routing_key, renderer.Render("routing_key", key));
  out.body = {{"routing_key", routing_key},
              {"event_action", firing ? "trigger" : "resolve"},
              {"dedup_key", base::Sha256Hex(message.group_key)}};
  if (!firing) return out;
  BW_RETURN_IF_ERROR(AddTrigger(config, message, renderer, context.shrunk, out.body));
  if (JsonText(out.body).size() > kBodyBytesMax) {
    BW_RETURN_IF_ERROR(AddTrigger(config, message, renderer, true, out.body));
  }
  return out;
}

}  // namespace bellwether::notify
