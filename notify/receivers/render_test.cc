#include "notify/receivers/render.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "notify/dispatcher.h"
#include "notify/receivers/view.h"

namespace bellwether::notify {
namespace {

using ::testing::HasSubstr;

// The made-up incident of the reference: drift on two features, one of them over.
Message DriftMessage() {
  metric::AlertUpdate update;
  update.labels = metric::Labels{{"alertname", "FeatureDrift"},
                                 {"feature", "user_age"},
                                 {"model", "ranker-v7"},
                                 {"severity", "critical"},
                                 {"team", "ml"}};
  update.annotations = {{"summary", "PSI 0.41 on user_age (limit 0.25)"},
                        {"runbook_url", "https://runbooks.example.org/feature-drift"},
                        {"dashboard_url", "https://grafana.example.org/d/drift"}};
  update.starts_at = base::TimestampMs(1'788'250'350'500);
  update.updated_at = update.starts_at + base::Minutes(5);
  update.value = 0.41;
  update.generator_url = "https://bellwether.example.org/graph?g0.expr=psi&g0.tab=1";
  Message message;
  message.group_key = "{}/{team=\"ml\"}:{alertname=\"FeatureDrift\", model=\"ranker\"}";
  message.receiver = "ml.oncall";
  message.reason = "new alerts added";
  message.group_labels = metric::Labels{{"alertname", "FeatureDrift"}, {"model", "ranker-v7"}};
  message.alerts.push_back({.update = update, .firing = true, .ended_at = {}});
  update.labels = metric::Labels{{"alertname", "FeatureDrift"},
                                 {"feature", "country"},
                                 {"model", "ranker-v7"},
                                 {"severity", "warning"},
                                 {"team", "ml"}};
  update.annotations = {{"summary", "PSI <0.27> on country & more"}};
  message.alerts.push_back({.update = update, .firing = false, .ended_at = update.starts_at + base::Minutes(15)});
  SortAlerts(message.alerts);
  return message;
}

Message ResolvedMessage() {
  Message message = DriftMessage();
  for (MessageAlert& alert : message.alerts) {
    alert.firing = false;
    alert.ended_at = base::TimestampMs(1'788'251'250'500);
  }
  message.reason = "all alerts resolved";
  return message;
}

// The single integration of a configuration with one receiver.
struct Loaded {
  std::shared_ptr<const Config> config;
  [[nodiscard]] const Integration& integration() const {
    return config->receivers.begin()->second.integrations.front();
  }
};

Loaded Load(const std::string& integration_yaml) {
  auto config = ParseConfig("c.yml", "route: {receiver: a}\nreceivers:\n- name: a\n" + integration_yaml, "");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return {*config};
}

base::Result<base::HttpClientRequest> Render(const Loaded& loaded, const Message& message) {
  return RenderRequest(loaded.integration(), message,
                       {.templates = loaded.config->templates,
                        .external_url = "https://bellwether.example.org",
                        .now = base::TimestampMs(1'788'251'400'000),
                        .idempotency_key = "key-1"});
}

// Compares the request's body with the golden file; BW_UPDATE_GOLDEN writes it anew.
void CheckGolden(const std::string& name, const Loaded& loaded, const Message& message) {
  const auto request = Render(loaded, message);
  ASSERT_TRUE(request.ok()) << request.status().message();
  const std::string path = "notify/receivers/golden/" + name;
  const std::string body = nlohmann::ordered_json::parse(request->body).dump(1) + "\n";
  if (std::getenv("BW_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << body;
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << ": run in the root of the checkout";
  EXPECT_EQ(body, std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>())) << name;
}

constexpr const char* kWebhook = "  webhook_configs: [{url: 'https://hook.example/T0P'}]\n";
constexpr const char* kSlack =
    "  slack_configs: [{api_url: 'https://hooks.slack.example/T0P', channel: '#ml', send_resolved: true}]\n";
constexpr const char* kPagerDuty = "  pagerduty_configs: [{routing_key: T0PSECRET}]\n";

TEST(Render, GoldenRequests) {
  CheckGolden("webhook_firing.json", Load(kWebhook), DriftMessage());
  CheckGolden("webhook_resolved.json", Load(kWebhook), ResolvedMessage());
  CheckGolden("slack_firing.json", Load(kSlack), DriftMessage());
  CheckGolden("slack_resolved.json", Load(kSlack), ResolvedMessage());
  CheckGolden("pagerduty_trigger.json", Load(kPagerDuty), DriftMessage());
  CheckGolden("pagerduty_resolve.json", Load(kPagerDuty), ResolvedMessage());
}

TEST(Render, WebhookHasExactlyAlertmanagersKeys) {
  const auto body = nlohmann::json::parse(Render(Load(kWebhook), DriftMessage())->body);
  std::set<std::string> keys;
  for (const auto& [key, value] : body.items()) keys.insert(key);
  EXPECT_EQ(keys, (std::set<std::string>{"receiver", "status", "alerts", "notification_reason", "groupLabels",
                                         "commonLabels", "commonAnnotations", "routeLabels", "externalURL", "version",
                                         "groupKey", "truncatedAlerts"}));
  EXPECT_EQ(body["receiver"], "ml\\.oncall");
  EXPECT_EQ(body["alerts"][1]["endsAt"], "0001-01-01T00:00:00Z");
  EXPECT_TRUE(body["commonAnnotations"].is_object());
}

TEST(Render, WebhookCutsResolvedAlertsFirst) {
  const Loaded loaded = Load("  webhook_configs: [{url: 'https://hook.example/x', max_alerts: 1}]\n");
  const auto body = nlohmann::json::parse(Render(loaded, DriftMessage())->body);
  EXPECT_EQ(body["truncatedAlerts"], 1);
  EXPECT_EQ(body["status"], "firing");
  EXPECT_EQ(body["alerts"][0]["status"], "firing");
  EXPECT_EQ(body["commonLabels"].size(), 3U);  // Of both alerts.
}

TEST(Render, PagerDutyKeepsTheDedupKeyOfAlertmanager) {
  const auto trigger = nlohmann::json::parse(Render(Load(kPagerDuty), DriftMessage())->body);
  EXPECT_EQ(trigger["dedup_key"], "f154855a7585b80f2011a9a140a3118e649955543ea0e92235d9282f1c745569");
  EXPECT_EQ(trigger["payload"]["severity"], "critical");
  EXPECT_EQ(trigger["links"][0]["href"], "https://runbooks.example.org/feature-drift");
  EXPECT_EQ(trigger["links"][1]["text"], "Dashboard");
  const auto resolve = nlohmann::json::parse(Render(Load(kPagerDuty), ResolvedMessage())->body);
  EXPECT_EQ(resolve["event_action"], "resolve");
  EXPECT_EQ(resolve["dedup_key"], trigger["dedup_key"]);
}

TEST(Render, PagerDutySeverities) {
  const auto check = [](const std::string& label, const std::string& expected) {
    Message message = DriftMessage();
    for (MessageAlert& alert : message.alerts) {
      alert.update.labels = metric::LabelsBuilder(alert.update.labels).Set("severity", label).Build();
    }
    EXPECT_EQ(nlohmann::json::parse(Render(Load(kPagerDuty), message)->body)["payload"]["severity"], expected) << label;
  };
  check("page", "critical");
  check("critical", "critical");
  check("error", "error");
  check("warning", "warning");
  check("info", "info");
  check("sev1", "error");
  check("", "error");
}

TEST(Render, PagerDutyDetailsMayBeStructured) {
  const Loaded loaded = Load(
      "  pagerduty_configs: [{routing_key: k, details: {n: '{{ len .Alerts.Firing }}', all: "
      "'{{ .Alerts.Firing | toJson }}', text: 'a {{ .Status }}'}}]\n");
  const auto details = nlohmann::json::parse(Render(loaded, DriftMessage())->body)["payload"]["custom_details"];
  EXPECT_EQ(details["n"], 1);
  EXPECT_EQ(details["all"][0]["labels"]["feature"], "user_age");
  EXPECT_EQ(details["text"], "a firing");
}

TEST(Render, UserTextsAndTheRunbookBesideThem) {
  const Loaded loaded = Load(
      "  slack_configs:\n  - api_url: https://s.example/x\n    title: '{{ .CommonLabels.model }} {{ .Severity }}'\n"
      "    text: '{{ range .Alerts.Firing }}{{ .Labels.feature }} {{ .ValueString }} since {{ .StartsAt | tz "
      "\"Europe/Paris\" | date \"15:04\" }}{{ end }}'\n"
      "    fields: [{title: Team, value: '{{ .CommonLabels.team }}', short: true}]\n");
  const auto attachment = nlohmann::json::parse(Render(loaded, DriftMessage())->body)["attachments"][0];
  EXPECT_EQ(attachment["title"], "ranker-v7 critical");
  EXPECT_EQ(attachment["text"], "user_age 0.41 since 10:12");
  EXPECT_EQ(attachment["fields"][0]["value"], "ml");
  EXPECT_EQ(attachment["fields"][1]["value"], "<https://runbooks.example.org/feature-drift|Open the runbook>");
}

TEST(Render, RunbookIsInEachForm) {
  for (const char* yaml : {kWebhook, kSlack, kPagerDuty}) {
    EXPECT_THAT(Render(Load(yaml), DriftMessage())->body, HasSubstr("https://runbooks.example.org/feature-drift"))
        << yaml;
  }
}

TEST(Render, EveryRunbookOfAGroupIsLinked) {
  Message message = DriftMessage();
  MessageAlert other = message.alerts[0];
  other.firing = true;
  other.update.labels = metric::LabelsBuilder(other.update.labels).Set("alertname", "AccuracyLow").Build();
  other.update.annotations["runbook_url"] = "https://runbooks.example.org/accuracy";
  message.alerts.push_back(other);
  const auto slack = nlohmann::json::parse(Render(Load(kSlack), message)->body)["attachments"][0];
  const std::string field = slack["fields"].back()["value"];
  EXPECT_THAT(field, HasSubstr("<https://runbooks.example.org/accuracy|AccuracyLow>"));
  EXPECT_THAT(field, HasSubstr("<https://runbooks.example.org/feature-drift|FeatureDrift>"));
  const auto links = nlohmann::json::parse(Render(Load(kPagerDuty), message)->body)["links"];
  EXPECT_THAT(links.dump(), HasSubstr("Runbook: AccuracyLow"));
  EXPECT_THAT(links.dump(), HasSubstr("Runbook: FeatureDrift"));
}

TEST(Render, ThousandLongAlertsFitEveryLimit) {
  Message message = DriftMessage();
  const MessageAlert sample = message.alerts.back();
  message.alerts.clear();
  for (int i = 0; i < 1000; ++i) {
    MessageAlert alert = sample;
    alert.update.labels = metric::LabelsBuilder(alert.update.labels).Set("feature", "f" + std::to_string(i)).Build();
    alert.update.annotations["summary"] = std::string(2000, 'x') + "é";
    message.alerts.push_back(std::move(alert));
  }
  const auto pagerduty = Render(Load(kPagerDuty), message);
  ASSERT_TRUE(pagerduty.ok()) << pagerduty.status().message();
  EXPECT_LE(pagerduty->body.size(), 512'000U);
  const auto event = nlohmann::json::parse(pagerduty->body);
  EXPECT_EQ(event["payload"]["custom_details"]["num_firing"], 1000);
  EXPECT_THAT(event["payload"]["custom_details"]["firing"].back().get<std::string>(), HasSubstr("more"));
  const auto slack = nlohmann::json::parse(Render(Load(kSlack), message)->body);
  const auto text = slack["attachments"][0]["text"].get<std::string>();
  EXPECT_LE(base::CountCodePoints(text), 4000U);
  EXPECT_LE(base::CountCodePoints(slack["attachments"][0]["title"].get<std::string>()), 1024U);
  const auto webhook = nlohmann::json::parse(Render(Load(kWebhook), message)->body);
  EXPECT_EQ(webhook["alerts"].size(), 1000U);
}

TEST(Render, CredentialsAreReadWhenSending) {
  const std::string path = testing::TempDir() + "/bw_notify_secret";
  std::ofstream(path) << " from-file \n";
  const Loaded loaded = Load(
      "  webhook_configs: [{url: 'https://h.example/', http_config: {authorization: "
      "{credentials_file: '" +
      path + "'}}}]\n");
  const auto request = Render(loaded, DriftMessage());
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request->headers,
              testing::Contains(std::pair<std::string, std::string>("Authorization", "Bearer from-file")));
  EXPECT_THAT(request->headers, testing::Contains(std::pair<std::string, std::string>("Idempotency-Key", "key-1")));
  std::remove(path.c_str());
  EXPECT_EQ(Render(loaded, DriftMessage()).status().code(), base::StatusCode::kUnavailable);
}

TEST(Message, BytesAndBack) {
  const Message message = DriftMessage();
  std::string bytes;
  EncodeMessage(message, bytes);
  std::string_view in = bytes;
  Message back;
  ASSERT_TRUE(DecodeMessage(in, back));
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(back, message);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    std::string_view cut = std::string_view(bytes).substr(0, n);
    EXPECT_FALSE(DecodeMessage(cut, back)) << n;
  }
}

TEST(View, TruncatesByCodePoint) {
  EXPECT_EQ(Truncate("abc", 3), "abc");
  EXPECT_EQ(Truncate("äöüß", 3), "äö…");
}

}  // namespace
}  // namespace bellwether::notify
