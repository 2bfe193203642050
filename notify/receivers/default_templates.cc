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

{{- define "__summary" -}}
{{ with .Annotations.summary }}{{ . }}{{ else with .Annotations.description }}{{ . }}{{ else }}{{ print .Labels }}{{ end }}
{{- end }}
{{- define "__facts" -}}
{{ with .Labels.severity }}{{ . }}, {{ end }}since {{ .StartsAt | date "2006-01-02 15:04:05 MST" }}, value {{ .ValueString }}
{{- with .Condition }} ({{ . }}){{ end }}{{ with .PeakString }}, worst {{ . }}{{ end }}
{{- end }}
{{- define "__levels" -}}
{{ range $i, $l := .Levels }}{{ if $i }} → {{ end }}{{ .Severity }} {{ .Since | date "15:04" }}{{ end }}
{{- end }}
{{- define "__signals" -}}
{{ range $i, $s := .Signals }}{{ if $i }}, {{ end }}{{ .Name }} {{ .State }}
{{- with .ValueString }} {{ . }}{{ end }}{{ with .Condition }} ({{ . }}){{ end }}{{ end }}
{{- end }}
{{- define "__explains" -}}
{{ .ExplainsCount }} other{{ if gt .ExplainsCount 1 }}s{{ end }} that nobody is told of
{{- range $i, $e := .Explains }}{{ if $i }}, {{ else }}: {{ end }}{{ $e.alertname }}{{ with $e.model }} {{ . }}{{ end }}{{ end }}
{{- end }}

{{- define "__slack_line" -}}
{{ with .Annotations.summary }}{{ slackEscape . }}{{ else with .Annotations.description }}{{ slackEscape . }}
{{- else }}{{ print .Labels | slackEscape }}{{ end }}
{{ end }}
{{- define "__slack_facts" -}}
{{ with .Labels.severity }}*{{ slackEscape . }}* {{ end -}}
since <!date^{{ .StartsAt.Unix }}^{date_short_pretty} {time_secs}|{{ .StartsAt | date "2006-01-02 15:04:05 MST" }}>, value *{{ .ValueString }}*
{{- with .Condition }} ({{ slackEscape . }}){{ end }}{{ with .PeakString }}, worst {{ . }}{{ end }}
{{ if gt (len .Levels) 1 }}{{ template "__levels" . }}
{{ end }}
{{- with .Signals }}{{ range $i, $s := . }}{{ if $i }}, {{ end }}{{ slackEscape .Name }} {{ .State }}
{{- with .ValueString }} {{ . }}{{ end }}{{ with .Condition }} ({{ slackEscape . }}){{ end }}{{ end }}
{{ end }}
{{- if .ExplainsCount }}explains {{ .ExplainsCount }} other{{ if gt .ExplainsCount 1 }}s{{ end }} that nobody is told of
{{- range $i, $e := .Explains }}{{ if $i }}, {{ else }}: {{ end }}{{ slackEscape $e.alertname }}{{ with $e.model }} {{ slackEscape . }}{{ end }}{{ end }}
{{ end }}
{{- with .DashboardURL }}<{{ slackEscape . }}|Dashboard>  {{ end }}{{ with .GraphURL }}<{{ slackEscape . }}|Graph>  {{ end -}}
<{{ slackEscape .SilenceURL }}|Silence>
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
{{ range $i, $alert := .Alerts.Firing }}{{ if lt $i 10 }}• {{ template "__slack_line" $alert }}{{ template "__slack_facts" $alert }}{{ end }}{{ end }}
{{- if .MoreFiring }}+{{ .MoreFiring }} more firing
{{ end }}
{{- range $i, $alert := .Alerts.Resolved }}{{ if lt $i 10 }}✓ {{ template "__slack_line" $alert }}{{ end }}{{ end }}
{{- end }}

{{- define "slack.default.thread" -}}
{{ .NotificationReason }}
{{ range $i, $alert := .NewFiring }}{{ if lt $i 10 }}• new: {{ template "__slack_line" $alert }}{{ end }}{{ end }}
{{- range $i, $alert := .NewResolved }}{{ if lt $i 10 }}✓ over: {{ template "__slack_line" $alert }}{{ end }}{{ end }}
{{- if .StillFiring }}{{ len .StillFiring }} still firing
{{ end }}
{{- end }}

{{- define "email.default.subject" }}[{{ template "__alertmanager" . }}] {{ .GroupLabels.Values.Join " " }}{{ end }}
{{- define "__email_alert" }}{{ template "__summary" . }}
  {{ template "__facts" . }}
{{- if gt (len .Levels) 1 }}
  Levels: {{ template "__levels" . }}{{ end }}
{{- if .Signals }}
  Signals: {{ template "__signals" . }}{{ end }}
{{- if .ExplainsCount }}
  Explains {{ template "__explains" . }}{{ end }}
  {{ print .Labels }}
{{- with .RunbookURL }}
  Runbook: {{ . }}{{ end }}{{ with .DashboardURL }}
  Dashboard: {{ . }}{{ end }}{{ with .GraphURL }}
  Graph: {{ . }}{{ end }}
  Silence: {{ .SilenceURL }}
{{ end }}
{{- define "email.default.text" -}}
{{ toUpper .Status }}: {{ len .Alerts.Firing }} firing, {{ len .Alerts.Resolved }} resolved ({{ .NotificationReason }})
{{ range $i, $alert := .Alerts.Firing }}{{ if lt $i 10 }}
FIRING  {{ template "__email_alert" $alert }}{{ end }}{{ end }}
{{- if .MoreFiring }}
+{{ .MoreFiring }} more firing: {{ template "__alertmanagerURL" . }}
{{ end }}
{{- range $i, $alert := .Alerts.Resolved }}{{ if lt $i 10 }}
RESOLVED  {{ template "__email_alert" $alert }}{{ end }}{{ end }}
{{- end }}
{{- define "__email_row" -}}
<p><b>{{ template "__summary" . }}</b><br>{{ template "__facts" . }}
{{- if gt (len .Levels) 1 }}<br>Levels: {{ template "__levels" . }}{{ end }}
{{- if .Signals }}<br>Signals: {{ template "__signals" . }}{{ end }}
{{- if .ExplainsCount }}<br>Explains {{ template "__explains" . }}{{ end }}
<br><small>{{ print .Labels }}</small><br>
{{ if match "^https?://" .RunbookURL }}<a href="{{ .RunbookURL }}">Runbook</a> {{ end -}}
{{ if match "^https?://" .DashboardURL }}<a href="{{ html .DashboardURL }}">Dashboard</a> {{ end -}}
{{ if match "^https?://" .GraphURL }}<a href="{{ .GraphURL }}">Graph</a> {{ end -}}
<a href="{{ .SilenceURL }}">Silence</a></p>
{{ end }}
{{- define "email.default.html" -}}
<!DOCTYPE html>
<html><body>
<h2>{{ toUpper .Status }}: {{ .GroupLabels.Values.Join " " }}</h2>
<p>{{ len .Alerts.Firing }} firing, {{ len .Alerts.Resolved }} resolved ({{ .NotificationReason }})</p>
{{ range $i, $alert := .Alerts.Firing }}{{ if lt $i 10 }}{{ template "__email_row" $alert }}{{ end }}{{ end }}
{{- if .MoreFiring }}<p>+{{ .MoreFiring }} more firing</p>
{{ end }}
{{- if .Alerts.Resolved }}<h3>Resolved</h3>
{{ range $i, $alert := .Alerts.Resolved }}{{ if lt $i 10 }}{{ template "__email_row" $alert }}{{ end }}{{ end }}{{ end -}}
</body></html>
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
