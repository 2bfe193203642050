#include "notify/config/config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/dispatcher.h"

namespace bellwether::notify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kGood = R"(
global:
  slack_api_url: https://hooks.slack.example/services/T/B/secret
route:
  receiver: default
  group_by: [alertname]
  group_wait: 10s
  routes:
    - matchers: ['team="ml"', 'severity=~"page|critical"']
      receiver: pager
      group_by: ['...']
      continue: true
    - match: {team: ml}
      group_interval: 1m
      repeat_interval: 2h
receivers:
  - name: default
    slack_configs:
      - channel: '#ml'
        fields: [{title: Team, value: '{{ .CommonLabels.team }}', short: true}]
    webhook_configs:
      - url: http://127.0.0.1:9/hook
        max_alerts: 10
        timeout: 1.5s
        http_config: {basic_auth: {username: u, password: p}}
  - name: pager
    pagerduty_configs:
      - routing_key_file: keys/pagerduty
        severity: '{{ .CommonLabels.severity }}'
)";

std::shared_ptr<const Config> Parse(std::string_view text) {
  auto config = ParseConfig("dir/am.yml", text, "");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *config : nullptr;
}

std::string Faults(std::string_view text) {
  const auto config = ParseConfig("am.yml", text, "");
  return config.ok() ? "" : config.status().message();
}

TEST(Config, ReadsRoutesAndReceivers) {
  const auto config = Parse(kGood);
  ASSERT_TRUE(config);
  const Route& root = config->route;
  EXPECT_EQ(root.key, "{}");
  EXPECT_EQ(root.group_wait, base::Seconds(10));
  ASSERT_EQ(root.routes.size(), 2U);
  EXPECT_EQ(root.routes[0].key, "{}/{severity=~\"page|critical\",team=\"ml\"}");
  EXPECT_TRUE(root.routes[0].group_by_all);
  EXPECT_TRUE(root.routes[0].continues);
  EXPECT_EQ(root.routes[1].id, "{}/{team=\"ml\"}/1");
  EXPECT_EQ(root.routes[1].receiver, "default");
  EXPECT_EQ(root.routes[1].group_by, std::vector<std::string>{"alertname"});
  EXPECT_EQ(root.routes[1].group_wait, base::Seconds(10));
  EXPECT_EQ(root.routes[1].repeat_interval, base::Hours(2));
  const Receiver& receiver = config->receivers.at("default");
  ASSERT_EQ(receiver.integrations.size(), 2U);
  const Integration& webhook = receiver.integrations[0];
  EXPECT_EQ(webhook.kind, "webhook");
  EXPECT_TRUE(webhook.send_resolved);
  EXPECT_EQ(webhook.timeout, base::Milliseconds(1500));
  EXPECT_EQ(webhook.http.username.text, "u");
  EXPECT_FALSE(receiver.integrations[1].send_resolved);
  EXPECT_EQ(std::get<SlackConfig>(receiver.integrations[1].target).api_url.text,
            "https://hooks.slack.example/services/T/B/secret");
  const auto& pagerduty = std::get<PagerDutyConfig>(config->receivers.at("pager").integrations[0].target);
  EXPECT_EQ(pagerduty.routing_key.file, "dir/keys/pagerduty");
  EXPECT_EQ(pagerduty.url, "https://events.pagerduty.com/v2/enqueue");
  EXPECT_TRUE(config->warnings.empty());
}

TEST(Config, IsFoundBelowItsKey) {
  const auto config =
      ParseConfig("b.yml", "notifications:\n  route: {receiver: a}\n  receivers: [{name: a}]\n", "notifications");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ((*config)->route.receiver, "a");
}

TEST(Config, FaultsNamePlaceAndRemedy) {
  const auto check = [](std::string_view text, std::string_view expected) {
    EXPECT_THAT(Faults(text), HasSubstr(std::string(expected))) << text;
  };
  const std::string receivers = "receivers: [{name: a}, {name: b}]\n";
  check(receivers, "am.yml: 1:1: no route provided in config");
  check("route: {group_by: [x]}\n" + receivers, "1:8: root route must specify a default receiver");
  check("route: {receiver: c}\n" + receivers, "1:19: undefined receiver \"c\" used in route");
  check("route: {receiver: a, matchers: [a=b]}\n" + receivers, "root route must not have any matchers");
  check("route: {receiver: a, continue: true}\n" + receivers, "1:32: cannot have continue in root route");
  check("route: {receiver: a, mute_time_intervals: [x]}\n" + receivers,
        "root route must not have any mute time intervals");
  check("route: {receiver: a, routes: [{mute_time_intervals: [x]}]}\n" + receivers,
        "undefined time interval \"x\" used in route");
  check("route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
        "2:24: notification config name \"a\" is not unique");
  check("route: {receiver: a, group_by: [x, '...']}\n" + receivers,
        "cannot have wildcard group_by (`...`) and other labels at the same time");
  check("route: {receiver: a, group_by: [x, x]}\n" + receivers, "duplicated label \"x\" in group_by");
  check("route: {receiver: a, group_interval: 0s}\n" + receivers, "group_interval cannot be zero");
  check("route: {receiver: a, repeat_interval: 0}\n" + receivers, "repeat_interval cannot be zero");
  check("route: {reciever: a}\n" + receivers, "1:9: unknown field 'reciever', did you mean 'receiver'?");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{channel: x}]\n",
        "no Slack API URL nor App token set either inline or in a file");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs: [{}]\n",
        "missing service or routing key in PagerDuty config");
  check("global: {slack_api_url: 'http://x.y/', slack_api_url_file: /f}\nroute: {receiver: a}\n" + receivers,
        "at most one of slack_api_url & slack_api_url_file must be configured");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  discord_configs: [{webhook_url: 'http://x/'}]\n",
        "4:3: receiver \"a\": discord_configs are not supported by this version");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  email_configs: [{to: x@y}]\n", "no global SMTP smarthost set");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  email_configs: [{to: x@y, from: a@b, smarthost: x}]\n",
        "field 'smarthost' must be HOST:PORT");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs: [{url: 'ftp://x'}]\n",
        "4:27: field 'url' must be an absolute http or https URL");
  const std::string hook =
      "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs:\n  - url: 'http://x/'\n    ";
  check("route: {receiver: a}\nreceivers: [{name: a, heartbeat: 1m}]\n",
        "a heartbeat needs a receiver of webhook_configs alone");
  check(hook + "payload: x\n", "field 'payload' must be a mapping");
  check(hook + "signing: {}\n", "signing needs keys, key_files or hub_secret");
  check(hook + "http_config: {tls_config: {cert: x}}\n", "a client certificate needs both");
  check(hook + "http_config: {tls_config: {min_version: TLS14}}\n", "must be TLS10, TLS11, TLS12 or TLS13");
  check(hook + "http_config: {no_proxy: x}\n", "if no_proxy is configured, proxy_url must be too");
  check(hook + "http_config: {http_headers: {Host: {values: [x]}}}\n", "setting header \"Host\" is not allowed");
  check(hook + "http_config: {oauth2: {client_id: x}}\n", "oauth2 token_url must be configured");
  check(hook + "http_config: {oauth2: {client_id: x, token_url: 'http://t/'}, basic_auth: {username: u}}\n",
        "at most one of basic_auth, oauth2 & authorization must be configured");
  check("route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs: [{routing_key: x, service_key: y}]\n",
        "at most one of routing_key and service_key must be configured");
  check(
      "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{api_url: 'http://x/', update_message: true}]\n",
      "update_message can only be used with bot tokens");
  check("route: {receiver: a, routes: [{match_re: {x: null}}]}\n" + receivers, "invalid regexp value for \"x\"");
  check("route: {receiver: a, routes: [{matchers: ['a']}]}\n" + receivers, "bad matcher format: a");
  check("[1", "am.yml: ");
}

TEST(Config, TemplatesAreTriedAtLoad) {
  const std::string head = "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs:\n  - api_url: http://x.y/z\n";
  EXPECT_THAT(Faults(head + "    title: '{{ .Nope }}'\n"), HasSubstr("can't evaluate field Nope"));
  EXPECT_THAT(Faults(head + "    title: '{{ nope }}'\n"), HasSubstr("function \"nope\" not defined"));
  EXPECT_THAT(Faults(head + "    text: '{{ template \"mine\" . }}'\n"), HasSubstr("template \"mine\" not defined"));
  EXPECT_EQ(Faults(head + "    title: '{{ range .Alerts.Firing }}{{ .Labels.severity }}{{ end }}'\n"), "");
}

TEST(Config, FaultsNeverShowSecrets) {
  const std::string text =
      "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs: [{url: 'hunter2//secret', nope: 1}]\n"
      "  pagerduty_configs: [{routing_key: hunter2, url: 'hunter2'}]\n"
      "  slack_configs: [{api_url: 'hunter2', api_url_file: x}]\n";
  EXPECT_THAT(Faults(text), Not(HasSubstr("hunter2")));
}

// The configurations of the upstream project, where they stand beside the checkout: what it refuses, we refuse for the
// same reason; what it takes we take. To serve one whose receivers are not here yet is refused by their kind.
TEST(Config, AgreesWithUpstreamsOwnCases) {
  const std::filesystem::path folder = "../shared/conformance";
  std::ifstream expected(folder / "expected.tsv");
  if (!expected) GTEST_SKIP() << "../shared/conformance is not there";
  int cases = 0;
  for (std::string line; std::getline(expected, line);) {
    if (!line.starts_with("alertmanager-config/")) continue;
    const std::string name = line.substr(0, line.find('\t'));
    std::ifstream file(folder / name);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto judged = ParseConfig(name, text, "", {.use = ConfigUse::kJudge});
    const auto served = ParseConfig(name, text, "");
    ++cases;
    const std::size_t refused = line.find("\trefused\t");
    if (refused == std::string::npos) {
      EXPECT_TRUE(judged.ok()) << name << ": " << judged.status().message();
      if (!served.ok()) {
        EXPECT_THAT(served.status().message(), HasSubstr("not supported by this version")) << name;
      }
      continue;
    }
    ASSERT_FALSE(judged.ok()) << name;
    EXPECT_FALSE(served.ok()) << name;
    const std::string reason = line.substr(refused + 9);
    // Where upstream's YAML library speaks, the words are its own.
    if (!reason.starts_with("yaml:")) {
      EXPECT_THAT(judged.status().message(), HasSubstr(reason)) << name;
    }
  }
  EXPECT_EQ(cases, 46);
}

TEST(Config, TimeIntervalsAreRead) {
  const std::string head = "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: x, time_intervals: [";
  const auto check = [&](const std::string& spec, std::string_view expected) {
    EXPECT_THAT(Faults(head + spec + "]}]\n"), HasSubstr(std::string(expected))) << spec;
  };
  const auto config = Parse(head +
                            "{times: [{start_time: '09:00', end_time: '24:00'}], weekdays: ['Monday:friday', sunday], "
                            "days_of_month: ['1', '-3:-1'], months: ['january:march', '12'], years: ['2026:2028'], "
                            "location: Europe/Berlin}]}]\n");
  ASSERT_TRUE(config);
  const TimeInterval& interval = config->time_intervals.at("x").front();
  EXPECT_EQ(interval.times[0].last, 24 * 60);
  EXPECT_EQ(interval.weekdays[0].first, 1);
  EXPECT_EQ(interval.weekdays[1].last, 0);
  EXPECT_EQ(interval.days_of_month[1].first, -3);
  EXPECT_EQ(interval.months[1].last, 12);
  check("{times: [{start_time: '22:00', end_time: '06:00'}]}", "a range over midnight is written as two");
  check("{times: [{start_time: '9:00', end_time: '10:00'}]}", "HH:MM");
  check("{weekdays: ['saturday:sunday']}", "the start of \"saturday:sunday\" in 'weekdays' is after its end");
  check("{weekdays: [mon]}", "\"mon\" in 'weekdays' is none; write monday");
  check("{days_of_month: ['0']}", "\"0\" in 'days_of_month' is none");
  check("{days_of_month: ['-3:2']}", "end day must be negative if start day is negative");
  check("{months: ['13']}", "\"13\" in 'months' is none");
  check("{location: Mars/Olympus}", "unknown time zone \"Mars/Olympus\"");
  check("{dates: [x]}", "unknown field 'dates'");
  EXPECT_THAT(Faults(head + "]}, {name: x}]\n"), HasSubstr("time interval \"x\" is not unique"));
  EXPECT_THAT(Faults("route: {receiver: a, routes: [{mute_time_intervals: [nigths]}]}\nreceivers: [{name: a}]\n"
                     "mute_time_intervals: [{name: nights}]\n"),
              HasSubstr("undefined time interval \"nigths\" used in route, did you mean \"nights\"?"));
}

TEST(Config, InhibitionInBothSpellings) {
  const auto config = Parse(
      "route: {receiver: a}\nreceivers: [{name: a, labels: {team: ml}}]\ninhibit_rules:\n"
      "- {name: n, source_match: {severity: page}, source_match_re: {team: m.*}, target_matchers: ['severity!=page'], "
      "equal: [model]}\n");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->inhibit_rules.size(), 1U);
  const InhibitRule& rule = config->inhibit_rules[0];
  EXPECT_EQ(rule.source.size(), 2U);
  EXPECT_EQ(rule.target[0].ToString(), "severity!=\"page\"");
  EXPECT_EQ(rule.equal, std::vector<std::string>{"model"});
  EXPECT_EQ(config->receivers.at("a").labels, (TextsByName{{"name", "a"}, {"team", "ml"}}));
  EXPECT_THAT(Faults("route: {receiver: a, routes: [{match: {'a b': c}}]}\nreceivers: [{name: a}]\n"),
              HasSubstr("invalid label name \"a b\""));
  EXPECT_THAT(Faults("route: {receiver: a}\nreceivers: [{name: a, labels: {name: b}}]\n"),
              HasSubstr("the label name of a receiver is its name"));
}

TEST(Config, IsShownWithoutSecrets) {
  const auto config =
      Parse(std::string(kGood) +
            "inhibit_rules: [{source_matchers: ['a=\"b\"'], target_matchers: ['c=~\"yes|1\"'], equal: [x]}]\n"
            "time_intervals: [{name: n, time_intervals: [{years: ['2026'], times: [{start_time: '00:00', "
            "end_time: '06:00'}]}]}]\n");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->shown, HasSubstr("slack_api_url: <secret>"));
  EXPECT_THAT(config->shown, HasSubstr("basic_auth:\n        username: u\n        password: <secret>"));
  EXPECT_THAT(config->shown, HasSubstr("    url: https://secret.invalid/\n"));
  EXPECT_THAT(config->shown, HasSubstr("matchers:\n    - \"team=\\\"ml\\\"\"\n"));
  EXPECT_THAT(config->shown, HasSubstr("routing_key_file: keys/pagerduty"));
  EXPECT_THAT(config->shown, Not(HasSubstr("hooks.slack.example")));
  const auto again = ParseConfig("again.yml", config->shown, "");
  EXPECT_FALSE(again.ok());  // The masks are no URLs.
  EXPECT_THAT(again.status().message(), HasSubstr("field 'slack_api_url' must be an absolute http or https URL"));
}

}  // namespace
}  // namespace bellwether::notify
