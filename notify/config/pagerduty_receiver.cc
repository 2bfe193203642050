#include "notify/config/receiver_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::string_view kVersionOneUrl = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";

void ReadPagerDutyExtras(FieldReader& fields, PagerDutyConfig& out, ReadContext& context) {
  for (const YamlNode& node : fields.List("links")) {
    FieldReader link(node, "a PagerDuty link", context.faults);
    out.links.push_back({link.Text("href"), link.Text("text")});
    constexpr std::string_view kKnown[] = {"href", "text"};
    link.RefuseUnknown(kKnown, {});
  }
  for (const YamlNode& node : fields.List("images")) {
    FieldReader image(node, "a PagerDuty image", context.faults);
    out.images.push_back({image.Text("src"), image.Text("alt"), image.Text("href")});
    constexpr std::string_view kKnown[] = {"src", "alt", "href"};
    image.RefuseUnknown(kKnown, {});
  }
  const YamlNode* details = fields.Find("details");
  if (details == nullptr) return;
  if (details->kind != YamlNode::Kind::kMapping) {
    context.faults.Add(details->position, "field 'details' must be a mapping");
  }
  for (const yaml::YamlField& field : details->fields) out.details.emplace_back(field.key, ReadTextTree(field.value));
}

}  // namespace

Integration ReadPagerDuty(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a PagerDuty configuration", context.faults);
  Integration out = ReadCommon(fields, "pagerduty", true, global, context);
  PagerDutyConfig pagerduty;
  pagerduty.routing_key = ReadSecretField(fields, "routing_key", context);
  pagerduty.service_key = ReadSecretField(fields, "service_key", context);
  if (pagerduty.routing_key.empty() == pagerduty.service_key.empty()) {
    context.faults.Add(node.position, pagerduty.routing_key.empty()
                                          ? "missing service or routing key in PagerDuty config"
                                          : "at most one of routing_key and service_key must be configured");
  }
  // Of version 1 only the address is another one: `global` names that of version 2.
  pagerduty.url = TextOr(fields, "url", pagerduty.service_key.empty() ? global.pagerduty_url : kVersionOneUrl);
  CheckUrl({.text = pagerduty.url, .file = {}}, fields.PositionOf("url"), "url", context);
  pagerduty.client = TextOr(fields, "client", R"({{ template "pagerduty.default.client" . }})");
  pagerduty.client_url = TextOr(fields, "client_url", R"({{ template "pagerduty.default.clientURL" . }})");
  pagerduty.description = TextOr(fields, "description", R"({{ template "pagerduty.default.description" . }})");
  pagerduty.severity = fields.Text("severity");
  pagerduty.source = TextOr(fields, "source", pagerduty.client);
  pagerduty.component = fields.Text("component");
  pagerduty.group = fields.Text("group");
  pagerduty.event_class = fields.Text("class");
  ReadPagerDutyExtras(fields, pagerduty, context);
  constexpr std::string_view kKnown[] = {
      "send_resolved", "http_config",      "timeout", "routing_key", "routing_key_file",
      "service_key",   "service_key_file", "url",     "client",      "client_url",
      "description",   "severity",         "source",  "component",   "group",
      "class",         "details",          "links",   "images"};
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(pagerduty);
  return out;
}

}  // namespace bellwether::notify
