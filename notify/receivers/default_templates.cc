// The texts of notifications whose configuration gives none. The names are Alertmanager's, so that user files can
// define them anew; the texts are ours.
#include "base/check.h"
#include "notify/receivers/render.h"
#include "template/functions.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kDefaults = R"(
{{- define "__alertmanager" }}Bellwether{{ end }}
{{- define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{- define "__subject" -}}
[{{ toUpper .Status }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}] {{ .GroupLabels.Values.Join " " }}
{{- $others := .CommonLabels.Remove .GroupLabels.Names }}
{{- if $others }} ({{ $others.Values.Join " " }}){{ end }}
{{- end }}

{{- define "__slack_line" -}}
{{ with .Annotations.summary }}{{ slackEscape . }}{{ else with .Annotations.description }}{{ slackEscape . }}
{{- else }}{{ print .Labels | slackEscape }}{{ end }}
{{ end }}

{{- define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{- define "__text_alert_list_markdown" }}{{ range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "slack.default.iconemoji" }}{{ end }}
{{- define "slack.default.iconurl" }}{{ end }}
{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{- define "slack.default.callbackid" }}{{ end }}
{{- define "slack.default.pretext" }}{{ end }}
{{- define "slack.default.footer" }}{{ end }}
{{- define "slack.default.color" -}}
{{ if eq .Status "resolved" }}#2eb886{{ else if match "^(critical|page)$" .Severity }}#d00000
{{- else if eq .Severity "warning" }}#f2c744{{ else if eq .Severity "info" }}#439fe0{{ else }}#e8590c{{ end }}
{{- end }}
{{- define "slack.default.text" -}}
{{ range $i, $alert := .Alerts.Firing }}{{ if lt $i 10 }}• {{ template "__slack_line" $alert }}{{ end }}{{ end }}
{{- if .MoreFiring }}+{{ .MoreFiring }} more firing
{{ end }}
{{- range $i, $alert := .Alerts.Resolved }}{{ if lt $i 10 }}✓ {{ template "__slack_line" $alert }}{{ end }}{{ end }}
{{- end }}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}
)";

std::string EscapeSlack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

}  // namespace

templating::FunctionTable MessageFunctions(base::TimestampMs now) {
  templating::FunctionTable table = templating::NotificationFunctions(now);
  table.insert_or_assign(
      "slackEscape", templating::Function{{templating::Argument::kString},
                                          {},
                                          [](std::span<const templating::Value> a) -> base::Result<templating::Value> {
                                            return templating::Value::String(EscapeSlack(a[0].string_value()));
                                          }});
  return table;
}

templating::TemplateSet DefaultTemplates() {
  templating::TemplateSet set;
  const base::Status status = set.Parse("default", kDefaults, MessageFunctions(base::TimestampMs(0)));
  BW_CHECK(status.ok());
  return set;
}

}  // namespace bellwether::notify
