#include "notify/receivers/links.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/quote.h"
#include "template/escape.h"
#include "template/go_time.h"

namespace bellwether::notify {
namespace {

constexpr base::DurationMs kBefore = base::Hours(1);
constexpr base::DurationMs kBehind = base::Minutes(10);

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

std::string GraphUrl(const MessageAlert& alert, base::TimestampMs now) {
  std::string url = alert.update.generator_url;
  if (url.empty()) return url;
  const base::TimestampMs end = alert.firing ? now : alert.ended_at + kBehind;
  const base::DurationMs range = std::max(end - alert.update.starts_at, base::DurationMs(0)) + kBefore;
  if (const std::size_t tab = url.find("g0.tab=1"); tab != std::string::npos) url.replace(tab, 8, "g0.tab=0");
  const std::string until = templating::EscapeQuery(templating::FormatTime("2006-01-02 15:04:05", {.at = end}));
  return url +
         fmt::format("{}g0.range_input={}s&g0.end_input={}", Contains(url, "?") ? "&" : "?", range.ms / 1000, until);
}

std::string SilenceUrl(const metric::Labels& labels, const std::string& external_url) {
  std::string filter;
  for (const metric::LabelView& l : labels) {
    filter += fmt::format("{}{}={}", filter.empty() ? "" : ", ", l.name, base::Quote(l.value));
  }
  return fmt::format("{}/#/silences/new?filter={}", external_url, templating::EscapeQuery("{" + filter + "}"));
}

std::string DashboardUrl(const MessageAlert& alert) {
  const auto annotation = alert.update.annotations.find("dashboard_url");
  if (annotation == alert.update.annotations.end()) return {};
  std::string url = annotation->second;
  if (!Contains(url, "/d/")) return url;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (Contains(url, "?" + name + "=") || Contains(url, "&" + name + "=")) return;
    url += fmt::format("{}{}={}", Contains(url, "?") ? "&" : "?", name, templating::EscapeQuery(value));
  };
  const base::TimestampMs from = alert.update.starts_at - kBefore;
  add("from", std::to_string(from.ms));
  add("to", alert.firing ? "now" : std::to_string((alert.ended_at + kBehind).ms));
  for (const metric::LabelView& l : alert.update.labels) {
    if (l.name != "alertname" && l.name != "severity") add("var-" + std::string(l.name), std::string(l.value));
  }
  return url;
}

}  // namespace bellwether::notify
