#include "notify/receivers/deliver.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "notify/dispatcher.h"

namespace bellwether::notify {
namespace {

using base::HttpClientRequest;
using base::HttpClientResponse;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

Message DeliveredMessage(bool firing = true, std::string reason = "first notification") {
  metric::AlertUpdate update;
  update.labels = metric::Labels{{"alertname", "Drift"}, {"feature", "age & <b>"}, {"severity", "warning"}};
  update.annotations = {{"summary", "PSI of <age> is high"}, {"runbook_url", "https://runbooks.example/drift"}};
  update.starts_at = update.updated_at = base::TimestampMs(1'788'250'350'000);
  update.value = 0.41;
  update.condition = "above 0.2";
  update.peak = 0.5;
  update.levels = {{"info", update.starts_at}, {"warning", update.starts_at + base::Minutes(3)}};
  update.signals = {{.name = "drift", .state = "true", .condition = "> 0.2", .value = 0.41}};
  update.explains = {.count = 2, .some = {{{"alertname", "Slow"}, {"model", "m"}}}};
  Message message;
  message.group_key = "{}:{alertname=\"Drift\"}";
  message.receiver = "r";
  message.reason = std::move(reason);
  message.group_labels = metric::Labels{{"alertname", "Drift"}};
  message.alerts.push_back(
      {.update = update, .firing = firing, .ended_at = update.starts_at + base::Minutes(9), .is_new = true});
  return message;
}

// One integration, its fakes, and what it is sent.
struct Desk {
  explicit Desk(const std::string& yaml) {
    auto parsed = ParseConfig("c.yml", "route: {receiver: r}\nreceivers:\n- name: r\n" + yaml, "");
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    config = *parsed;
  }
  Delivery Send(const Message& message, bool shrunk = false) {
    Message sent = message;
    const Integration& integration = config->receivers.at("r").integrations.front();
    sent.integration = integration.kind;
    const RenderContext context{.templates = config->templates,
                                .external_url = "https://bw.example",
                                .now = base::TimestampMs(1'788'250'950'000),
                                .idempotency_key = "key" + std::to_string(++count),
                                .shrunk = shrunk,
                                .memory = memory};
    Delivery delivery = Deliver(integration, sent, context, {http, &mail, tokens});
    if (delivery.outcome.kind == OutcomeClass::kSuccess && !delivery.memory.empty()) memory = delivery.memory;
    return delivery;
  }
  [[nodiscard]] nlohmann::json Body(std::size_t n) const { return nlohmann::json::parse(http.Requests().at(n).body); }

  std::shared_ptr<const Config> config;
  base::FakeHttpClient http;
  base::FakeMailClient mail;
  TokenSource tokens;
  ReceiverMemory memory;
  int count = 0;
};

HttpClientResponse Says(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

constexpr const char* kApp =
    "  slack_configs: [{app_token: xoxb-secret, channel: '#ml', update_message: true, send_resolved: true}]\n";

TEST(Deliver, SlackMessagesAreChangedAndAnsweredInTheirThread) {
  Desk desk(kApp);
  desk.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> {
    return Says(200, R"({"ok":true,"channel":"C1","ts":"1.5"})");
  });
  EXPECT_EQ(desk.Send(DeliveredMessage()).outcome.kind, OutcomeClass::kSuccess);
  ASSERT_EQ(desk.http.Requests().size(), 1U);
  EXPECT_EQ(desk.http.Requests()[0].url, "https://slack.com/api/chat.postMessage");
  EXPECT_THAT(desk.http.Requests()[0].headers, Contains(Pair("Authorization", "Bearer xoxb-secret")));
  EXPECT_EQ(desk.Body(0)["channel"], "#ml");

  EXPECT_EQ(desk.Send(DeliveredMessage(false, "all alerts resolved")).outcome.kind, OutcomeClass::kSuccess);
  ASSERT_EQ(desk.http.Requests().size(), 3U);
  EXPECT_EQ(desk.http.Requests()[1].url, "https://slack.com/api/chat.update");
  EXPECT_EQ(desk.Body(1)["channel"], "C1");
  EXPECT_EQ(desk.Body(1)["ts"], "1.5");
  EXPECT_EQ(desk.Body(2)["thread_ts"], "1.5");
  EXPECT_THAT(desk.Body(2)["text"].get<std::string>(), HasSubstr("over: PSI of &lt;age&gt; is high"));
  EXPECT_FALSE(desk.Body(2).contains("reply_broadcast"));

  // A first notification begins anew.
  static_cast<void>(desk.Send(DeliveredMessage()));
  EXPECT_EQ(desk.http.Requests().back().url, "https://slack.com/api/chat.postMessage");
  EXPECT_FALSE(desk.Body(3).contains("ts"));
}

TEST(Deliver, SlackShowsARiseInTheChannelAndPostsAnewWhatIsGone) {
  Desk desk(kApp);
  desk.memory = {{"ts", "1.5"}, {"channel", "C1"}, {"severity", "info"}};
  desk.http.Script(Says(200, R"({"ok":true})"));
  desk.http.Script(Says(200, R"({"ok":true})"));
  EXPECT_EQ(desk.Send(DeliveredMessage(true, "new alerts added")).outcome.kind, OutcomeClass::kSuccess);
  EXPECT_EQ(desk.Body(1)["reply_broadcast"], true);
  EXPECT_EQ(desk.memory.at("severity"), "warning");
  desk.http.Script(Says(200, R"({"ok":false,"error":"message_not_found"})"));
  desk.http.Script(Says(200, R"({"ok":true,"channel":"C1","ts":"2.5"})"));
  EXPECT_EQ(desk.Send(DeliveredMessage(true, "new alerts added")).outcome.kind, OutcomeClass::kSuccess);
  EXPECT_EQ(desk.memory.at("ts"), "2.5");
}

TEST(Deliver, SlackErrorsInBodies) {
  const auto check = [](std::string_view error, OutcomeClass expected, bool too_large = false) {
    Desk desk(kApp);
    desk.http.Script(Says(200, R"({"ok":false,"error":")" + std::string(error) + "\"}"));
    const Outcome outcome = desk.Send(DeliveredMessage()).outcome;
    EXPECT_EQ(outcome.kind, expected) << error;
    EXPECT_EQ(outcome.is_too_large, too_large) << error;
    EXPECT_TRUE(desk.memory.empty());
  };
  check("ratelimited", OutcomeClass::kRetry);
  check("internal_error", OutcomeClass::kRetry);
  check("invalid_auth", OutcomeClass::kFatalChannel);
  check("channel_not_found", OutcomeClass::kFatalChannel);
  check("msg_too_long", OutcomeClass::kFatalMessage, true);
  check("invalid_arguments", OutcomeClass::kFatalMessage);
  Desk desk(kApp);
  static_cast<void>(desk.Send(DeliveredMessage(), true));
  EXPECT_FALSE(desk.Body(0).contains("attachments"));
  EXPECT_THAT(desk.Body(0)["text"].get<std::string>(), HasSubstr("[FIRING:1] Drift"));
}

TEST(Deliver, SlackTextSaysHowBadAndWhatElse) {
  Desk desk("  slack_configs: [{api_url: 'https://h.example/x'}]\n");
  static_cast<void>(desk.Send(DeliveredMessage()));
  const std::string text = desk.Body(0)["attachments"][0]["text"];
  for (const char* part :
       {"*warning* since <!date^1788250350^", "value *0.41* (above 0.2), worst 0.5", "info 08:12 → warning 08:15",
        "drift true 0.41 (&gt; 0.2)", "explains 2 others that nobody is told of: Slow m", "|Silence>"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Deliver, SlackActions) {
  Desk desk(
      "  slack_configs:\n  - api_url: 'https://h.example/x'\n    actions:\n    - {type: button, text: Runbook, url: "
      "'{{ .RunbookURL }}', style: primary, confirm: {text: Sure, ok_text: Yes}}\n");
  static_cast<void>(desk.Send(DeliveredMessage()));
  const auto action = desk.Body(0)["attachments"][0]["actions"][0];
  EXPECT_EQ(action["url"], "https://runbooks.example/drift");
  EXPECT_EQ(action["confirm"]["ok_text"], "Yes");
}

constexpr const char* kMail =
    "  email_configs: [{to: 'ops@y.example, Mia <mia@y.example>', from: 'Bellwether <bw@x.example>', smarthost: "
    "'mail.example:587', auth_username: u, auth_password: hunter2, send_resolved: true}]\n";

TEST(Deliver, MailHasBothFormsAndAThread) {
  Desk desk(kMail);
  ASSERT_EQ(desk.Send(DeliveredMessage()).outcome.kind, OutcomeClass::kSuccess);
  const base::MailRequest mail = desk.mail.Requests().at(0);
  EXPECT_EQ(mail.host, "mail.example");
  EXPECT_EQ(mail.port, 587);
  EXPECT_EQ(mail.security, base::MailSecurity::kStartTls);
  EXPECT_EQ(mail.from, "bw@x.example");
  EXPECT_EQ(mail.to, (std::vector<std::string>{"ops@y.example", "mia@y.example"}));
  for (const char* part :
       {"From: Bellwether <bw@x.example>\r\n", "Subject: [Bellwether] Drift\r\n", "Message-ID: <bw-key1@x.example>\r\n",
        "Auto-Submitted: auto-generated\r\n", "X-Bellwether-Status: firing\r\n", "X-Priority: 3\r\n",
        "Date: Tue, 01 Sep 2026 08:22:30 +0000\r\n", "FIRING  PSI of <age> is high\r\n",
        "warning, since 2026-09-01 08:12:30 UTC, value 0.41 (above 0.2), worst 0.5",
        "<b>PSI of &lt;age&gt; is high</b>"}) {
    EXPECT_THAT(mail.data, HasSubstr(part));
  }
  EXPECT_THAT(mail.data, Not(HasSubstr("In-Reply-To")));
  EXPECT_THAT(mail.data, Not(HasSubstr("hunter2")));
  static_cast<void>(desk.Send(DeliveredMessage(true, "new alerts added")));
  static_cast<void>(desk.Send(DeliveredMessage(false, "all alerts resolved")));
  const std::string last = desk.mail.Requests().at(2).data;
  EXPECT_THAT(last, HasSubstr("In-Reply-To: <bw-key2@x.example>\r\n"));
  EXPECT_THAT(last, HasSubstr("References: <bw-key1@x.example> <bw-key2@x.example>\r\n"));
}

TEST(Deliver, MailThreadsAsAlertmanagerHasThem) {
  Desk desk(
      "  email_configs: [{to: a@y, from: b@x, smarthost: 'h:25', threading: {enabled: true, thread_by_date: none}}]\n");
  static_cast<void>(desk.Send(DeliveredMessage()));
  EXPECT_THAT(desk.mail.Requests().at(0).data, HasSubstr("References: <alert-"));
  EXPECT_THAT(desk.mail.Requests().at(0).data, HasSubstr("-@alertmanager>\r\n"));
}

TEST(Deliver, MailHeadersCannotBeBrokenOutOf) {
  Desk desk(
      "  email_configs: [{to: a@y, from: b@x, smarthost: 'h:25', headers: {subject: '{{ .CommonLabels.feature "
      "}}'}}]\n");
  Message message = DeliveredMessage();
  message.alerts[0].update.labels =
      metric::LabelsBuilder(message.alerts[0].update.labels).Set("feature", "x\r\nBcc: evil@z").Build();
  static_cast<void>(desk.Send(message));
  EXPECT_THAT(desk.mail.Requests().at(0).data, HasSubstr("Subject: x  Bcc: evil@z\r\n"));
}

TEST(Deliver, MailAnswers) {
  const auto check = [](base::Result<base::MailAnswer> answer, OutcomeClass expected) {
    Desk desk(kMail);
    desk.mail.Script(std::move(answer));
    EXPECT_EQ(desk.Send(DeliveredMessage()).outcome.kind, expected);
  };
  check(base::MailAnswer{.code = 250}, OutcomeClass::kSuccess);
  check(base::MailAnswer{.code = 421, .text = "421 later"}, OutcomeClass::kRetry);
  check(base::MailAnswer{.code = 451, .text = "451 greylisted"}, OutcomeClass::kRetry);
  check(base::MailAnswer{.code = 550, .text = "550 unknown"}, OutcomeClass::kFatalMessage);
  check(base::MailAnswer{.code = 535, .text = "535 who are you"}, OutcomeClass::kFatalChannel);
  check(base::Unavailable("send mail: the server offers no STARTTLS"), OutcomeClass::kRetry);
  check(base::DeadlineExceeded("send mail: no complete answer in time"), OutcomeClass::kRetry);
  Desk desk(kMail);
  desk.mail.Script(base::MailAnswer{.code = 250, .text = {}, .refused = {{"mia@y.example", 550}}});
  EXPECT_EQ(desk.Send(DeliveredMessage()).answer, "250, mia@y.example refused with 550");
}

TEST(Deliver, OAuth2TokensAreFetchedKeptAndRenewed) {
  Desk desk(
      "  webhook_configs: [{url: 'https://h.example/x', http_config: {oauth2: {client_id: me, client_secret: hunter2, "
      "token_url: 'https://t.example/token', scopes: [a, b]}}}]\n");
  int tokens = 0;
  desk.http.SetHandler([&](const HttpClientRequest& request) -> base::Result<HttpClientResponse> {
    if (request.url == "https://t.example/token") {
      return Says(200, R"({"access_token":"t)" + std::to_string(++tokens) + R"(","expires_in":3600})");
    }
    // The first token is refused: its answer shows it.
    for (const auto& [name, value] : request.headers) {
      if (value == "Bearer t1") return Says(401, "t1 is not good");
    }
    return Says(200, "");
  });
  EXPECT_EQ(desk.Send(DeliveredMessage()).outcome.kind, OutcomeClass::kSuccess);
  EXPECT_EQ(desk.Send(DeliveredMessage()).outcome.kind, OutcomeClass::kSuccess);
  EXPECT_EQ(tokens, 2);
  const auto requests = desk.http.Requests();
  EXPECT_EQ(requests[0].body, "grant_type=client_credentials&scope=a+b");
  EXPECT_EQ(requests[0].basic_auth_password, "hunter2");
  EXPECT_THAT(requests.back().headers, Contains(Pair("Authorization", "Bearer t2")));
  Desk refused(
      "  webhook_configs: [{url: 'https://h.example/x', http_config: {oauth2: {client_id: me, client_secret: hunter2, "
      "token_url: 'https://t.example/token'}}}]\n");
  refused.http.SetHandler(
      [](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Says(400, "hunter2 is wrong"); });
  const Outcome outcome = refused.Send(DeliveredMessage()).outcome;
  EXPECT_EQ(outcome.kind, OutcomeClass::kRetry);
  EXPECT_THAT(outcome.reason, Not(HasSubstr("hunter2")));
}

TEST(Deliver, WebhookPayloadSignaturesAndExtension) {
  Desk desk(R"(
  webhook_configs:
  - url: https://h.example/x
    signing: {keys: [whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX], hub_secret: s}
    payload:
      n: '{{ len .Alerts.Firing }}'
      text: '{{ .Status }}'
      list:
      - '{{ .GroupLabels.alertname }}'
      - deep: '{{ .Alerts.Firing | toJson }}'
)");
  static_cast<void>(desk.Send(DeliveredMessage()));
  const auto payload = desk.Body(0);
  EXPECT_EQ(payload["n"], 1);
  EXPECT_EQ(payload["text"], "firing");
  EXPECT_EQ(payload["list"][1]["deep"][0]["labels"]["alertname"], "Drift");
  EXPECT_THAT(desk.http.Requests()[0].headers, Contains(Pair("webhook-id", "key1")));
  EXPECT_THAT(desk.http.Requests()[0].headers, Contains(Pair("X-Hub-Signature-256", HasSubstr("sha256="))));
  Desk extended("  webhook_configs: [{url: 'https://h.example/x', extended: true}]\n");
  static_cast<void>(extended.Send(DeliveredMessage()));
  const auto body = extended.Body(0);
  EXPECT_EQ(body["version"], "4");
  const auto alert = body["bellwether"]["alerts"][0];
  EXPECT_EQ(alert["condition"], "above 0.2");
  EXPECT_EQ(alert["peakValue"], 0.5);
  EXPECT_EQ(alert["levels"].size(), 2U);
  EXPECT_EQ(alert["explains"]["count"], 2);
  EXPECT_EQ(body["bellwether"]["newFiring"].size(), 1U);
}

TEST(Deliver, PagerDutyVersionOneAndNestedDetails) {
  Desk desk(R"(
  pagerduty_configs:
  - service_key: hunter2
    details:
      a:
        b: '{{ len .Alerts.Firing }}'
      list: [x, '2']
)");
  desk.http.Script(Says(403, "hunter2?"));
  const Delivery delivery = desk.Send(DeliveredMessage());
  EXPECT_THAT(delivery.outcome.reason, Not(HasSubstr("hunter2")));
  EXPECT_EQ(desk.http.Requests()[0].url, "https://events.pagerduty.com/generic/2010-04-15/create_event.json");
  const auto body = desk.Body(0);
  EXPECT_EQ(body["event_type"], "trigger");
  EXPECT_EQ(body["incident_key"].get<std::string>().size(), 64U);
  EXPECT_EQ(body["details"]["a"]["b"], 1);
  EXPECT_EQ(body["details"]["list"][1], 2);
}

TEST(Deliver, HeadersAndConnectionOfHttpConfig) {
  const std::string path = testing::TempDir() + "/bw_ca";
  std::ofstream(path) << "PEM";
  Desk desk(
      "  webhook_configs:\n  - url: 'https://h.example/x'\n    http_config:\n      http_headers: {X-Team: {values: "
      "[ml], secrets: [hunter2]}}\n      proxy_url: 'http://proxy:1'\n      no_proxy: a.example\n      "
      "proxy_connect_header: {X-Proxy: [p]}\n      tls_config: {ca_file: '" +
      path + "', server_name: n.example, min_version: TLS13}\n");
  static_cast<void>(desk.Send(DeliveredMessage()));
  const HttpClientRequest request = desk.http.Requests().at(0);
  EXPECT_THAT(request.headers, Contains(Pair("X-Team", "hunter2")));
  EXPECT_EQ(request.no_proxy, "a.example");
  EXPECT_EQ(request.proxy_headers, (base::HttpHeaders{{"X-Proxy", "p"}}));
  EXPECT_EQ(request.tls.ca, "PEM");
  EXPECT_EQ(request.tls.server_name, "n.example");
  EXPECT_EQ(request.tls.min_version, base::TlsVersion::kTls13);
}

}  // namespace
}  // namespace bellwether::notify
