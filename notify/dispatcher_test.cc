#include "notify/dispatcher.h"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "storage/open.h"

namespace bellwether::notify {
namespace {

using base::HttpClientRequest;
using base::HttpClientResponse;
using base::TimestampMs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimestampMs kStart(1'788'250'350'000);

constexpr std::string_view kWebhookConfig = R"(
route: {receiver: hook, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 1h}
receivers:
  - name: hook
    webhook_configs: [{url: 'https://hook.example/T0PSECRET'}]
)";

// A store whose process is killed in front of one of its writes: that one and all later ones do not happen.
class KilledStore final : public storage::StateStore {
 public:
  explicit KilledStore(base::Clock& clock) : inner_(storage::NewMemoryStateStore(clock)) {}
  base::Status Apply(const storage::StateBatch& batch) override {
    if (++writes == kill_at) is_killed = true;
    return is_killed ? base::Unavailable("killed") : inner_->Apply(batch);
  }
  base::Result<std::optional<std::string>> Get(std::string_view key) const override { return inner_->Get(key); }
  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return inner_->Scan(prefix, after, visit);
  }

  int writes = 0;
  int kill_at = -1;
  bool is_killed = false;

 private:
  std::unique_ptr<storage::StateStore> inner_;
};

// A dispatcher on simulated time, with a store that outlives it.
class Bench {
 public:
  explicit Bench(std::string_view text = kWebhookConfig) : clock(kStart), state(clock) {
    MakeDispatcher();
    Configure(text);
  }

  // What a kill and a new start leave: the store alone.
  void Restart() {
    MakeDispatcher();
    Configure(config_text);
  }

  void MakeDispatcher() {
    dispatcher = nullptr;
    dispatcher = std::make_unique<Dispatcher>(
        "https://bw.example",
        NotifyDependencies{.state = state, .http = http, .clock = clock, .metrics = metrics, .seed = 7});
  }

  void Configure(std::string_view text) {
    if (!config || text != config_text) {
      auto parsed = ParseConfig("c.yml", text, "");
      ASSERT_TRUE(parsed.ok()) << parsed.status().message();
      config = *parsed;
      config_text = std::string(text);
    }
    dispatcher->Configure(config, "https://bw.example");
  }

  metric::AlertUpdate Update(const metric::Labels& labels, metric::AlertPhase phase = metric::AlertPhase::kFiring) {
    metric::AlertUpdate update;
    update.sequence = next_sequence++;
    update.labels = labels;
    update.phase = phase;
    update.annotations = {{"summary", "s"}};
    update.starts_at = started.try_emplace(labels.ToString(), clock.Now()).first->second;
    update.updated_at = clock.Now();
    update.ends_at = phase == metric::AlertPhase::kFiring ? clock.Now() + base::Days(30) : clock.Now();
    if (phase == metric::AlertPhase::kResolved) started.erase(labels.ToString());
    return update;
  }

  void Fire(const metric::Labels& labels) { Take(Update(labels)); }
  void Resolve(const metric::Labels& labels) { Take(Update(labels, metric::AlertPhase::kResolved)); }
  void Take(const metric::AlertUpdate& update) {
    const base::Status status = dispatcher->Take({&update, 1});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // Moves time in small steps, running what is due at each.
  void Pass(base::DurationMs time, base::DurationMs step = base::Seconds(1)) {
    const TimestampMs until = clock.Now() + time;
    dispatcher->RunDue();
    while (clock.Now() < until) {
      clock.Advance(std::min(step, until - clock.Now()));
      dispatcher->RunDue();
    }
  }

  // What was sent since the last call: "status reason [instances firing] [instances resolved]" each.
  std::vector<std::string> Sent() {
    const std::vector<HttpClientRequest> all = http.Requests();
    std::vector<std::string> out;
    for (std::size_t i = seen; i < all.size(); ++i) {
      const auto body = nlohmann::json::parse(all[i].body);
      std::string firing, resolved;
      for (const auto& alert : body["alerts"]) {
        (alert["status"] == "firing" ? firing : resolved) += alert["labels"].value("instance", "?");
      }
      out.push_back(body["notification_reason"].get<std::string>() + " [" + firing + "] [" + resolved + "]");
    }
    seen = all.size();
    return out;
  }

  [[nodiscard]] std::size_t CountStatus(std::string_view status) const {
    const auto entries = dispatcher->Outbox();
    return static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [&](const OutboxEntry& e) { return e.status == status; }));
  }

  base::SimulatedClock clock;
  KilledStore state;
  base::FakeHttpClient http;
  base::MetricsRegistry metrics;
  std::string config_text;
  std::shared_ptr<const Config> config;
  std::unique_ptr<Dispatcher> dispatcher;
  std::uint64_t next_sequence = 1;
  std::map<std::string, TimestampMs> started;
  std::size_t seen = 0;
};

metric::Labels Alert(std::string_view instance, std::string_view name = "Drift") {
  return {{"alertname", name}, {"instance", instance}};
}

using Texts = std::vector<std::string>;

HttpClientResponse Answer(int status, std::string body = "", base::HttpHeaders headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(Dispatcher, Timeline) {
  Bench bench;
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(29));
  EXPECT_EQ(bench.Sent(), Texts{});
  bench.Fire(Alert("b"));  // Joins the group that waits.
  bench.Pass(base::Seconds(1));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [ab] []"});
  bench.Fire(Alert("c"));
  bench.Pass(base::Minutes(5) - base::Seconds(1));
  EXPECT_EQ(bench.Sent(), Texts{});
  bench.Pass(base::Seconds(1));
  EXPECT_EQ(bench.Sent(), Texts{"new alerts added [abc] []"});
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(5));
  EXPECT_EQ(bench.Sent(), Texts{"some alerts resolved [bc] [a]"});
  bench.Pass(base::Minutes(60));
  EXPECT_EQ(bench.Sent(), Texts{});  // Repeats come on a flush: the next is five minutes on.
  bench.Pass(base::Minutes(5));
  EXPECT_EQ(bench.Sent(), Texts{"repeat interval elapsed [bc] []"});
  bench.Resolve(Alert("b"));
  bench.Resolve(Alert("c"));
  bench.Pass(base::Minutes(5));
  EXPECT_EQ(bench.Sent(), Texts{"all alerts resolved [] [bc]"});
  bench.Pass(base::Hours(3), base::Minutes(1));
  EXPECT_EQ(bench.Sent(), Texts{});
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(30));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [a] []"});
}

TEST(Dispatcher, AlertThatFiresLongAlreadyIsToldAtOnce) {
  Bench bench;
  metric::AlertUpdate update = bench.Update(Alert("a"));
  update.starts_at = kStart - base::Minutes(2);
  bench.Take(update);
  bench.Pass(base::DurationMs(0));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [a] []"});
}

TEST(Dispatcher, ShortAlertIsNeverTold) {
  Bench bench;
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(10));
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(10));
  EXPECT_EQ(bench.Sent(), Texts{});
}

TEST(Dispatcher, AlertThatIsNotHeardOfAnyMoreEnds) {
  Bench bench;
  metric::AlertUpdate update = bench.Update(Alert("a"));
  update.ends_at = kStart + base::Minutes(4);
  bench.Take(update);
  bench.Pass(base::Minutes(6));
  EXPECT_EQ(bench.Sent(), (Texts{"first notification [a] []", "all alerts resolved [] [a]"}));
}

TEST(Dispatcher, AnAlertThatMovesToAnotherSeverityIsOneAlert) {
  Bench bench;
  metric::Labels warning = Alert("a");
  warning = metric::LabelsBuilder(warning).Set("severity", "warning").Build();
  const metric::Labels critical = metric::LabelsBuilder(warning).Set("severity", "critical").Build();
  bench.Fire(warning);
  bench.Pass(base::Minutes(1));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [a] []"});
  bench.Fire(critical);
  metric::AlertUpdate left = bench.Update(warning, metric::AlertPhase::kResolved);
  left.moved_to = critical;
  bench.Take(left);
  bench.Pass(base::Minutes(10));
  EXPECT_EQ(bench.Sent(), Texts{"new alerts added [a] []"}) << "and nothing has ended";
  bench.Resolve(critical);
  bench.Pass(base::Minutes(10));
  EXPECT_EQ(bench.Sent(), Texts{"all alerts resolved [] [a]"});
}

TEST(Dispatcher, WhatIsExplainedIsNotRepeatedAndItsEndIsTold) {
  Bench bench;
  bench.Fire(Alert("a"));
  bench.Pass(base::Minutes(1));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [a] []"});
  metric::AlertUpdate suppressed = bench.Update(Alert("a"));
  suppressed.is_suppressed = true;
  bench.Take(suppressed);
  bench.Pass(base::Hours(3), base::Minutes(1));
  EXPECT_EQ(bench.Sent(), Texts{});
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(5));
  EXPECT_EQ(bench.Sent(), Texts{"all alerts resolved [] [a]"});
}

TEST(Dispatcher, RepeatedUpdatesAreIgnored) {
  Bench bench;
  const metric::AlertUpdate firing = bench.Update(Alert("a"));
  const metric::AlertUpdate resolved = bench.Update(Alert("a"), metric::AlertPhase::kResolved);
  bench.Take(firing);
  bench.Take(resolved);
  bench.Take(firing);
  bench.Pass(base::Minutes(10));
  EXPECT_EQ(bench.Sent(), Texts{});
}

// Every step of a life, with a new dispatcher on the same store after each.
TEST(Dispatcher, RestartAtAnyStepLosesAndRepeatsNothing) {
  for (const bool restarts : {false, true}) {
    Bench bench;
    const auto step = [&] {
      if (restarts) bench.Restart();
    };
    Texts sent;
    const auto collect = [&] {
      for (std::string& s : bench.Sent()) sent.push_back(std::move(s));
    };
    bench.Fire(Alert("a"));
    step();
    for (int i = 0; i < 400; ++i) {
      bench.Pass(base::Seconds(1));
      step();
      if (i == 50) bench.Fire(Alert("b"));
      if (i == 50) step();
      collect();
    }
    bench.Resolve(Alert("a"));
    step();
    bench.Resolve(Alert("b"));
    step();
    for (int i = 0; i < 400; ++i) {
      bench.Pass(base::Seconds(1));
      step();
      collect();
    }
    EXPECT_EQ(sent, (Texts{"first notification [a] []", "new alerts added [ab] []", "all alerts resolved [] [ab]"}))
        << restarts;
  }
}

// The same life, killed in front of each write that it makes: nothing is lost, nothing comes in another order, and what
// is sent twice is the same message with the same Idempotency-Key.
TEST(Dispatcher, KillAtAnyWriteLosesNothing) {
  const Texts expected = {"first notification [ab] []", "some alerts resolved [b] [a]", "all alerts resolved [] [b]"};
  int kills = 0;
  for (int kill_at = 1;; ++kill_at) {
    Bench bench;
    bench.state.kill_at = kill_at;
    const auto revive = [&] {
      if (!bench.state.is_killed) return false;
      bench.state.is_killed = false;
      bench.Restart();
      return true;
    };
    bool was_killed = false;
    const auto give = [&](const metric::AlertUpdate& update) {
      const bool taken = bench.dispatcher->Take({&update, 1}).ok();
      was_killed |= revive();
      if (taken) return;
      ASSERT_TRUE(bench.dispatcher->Take({&update, 1}).ok());
    };
    const auto pass = [&](int seconds) {
      for (int i = 0; i < seconds; i += 5) {
        bench.Pass(base::Seconds(5), base::Seconds(5));
        was_killed |= revive();
      }
    };
    give(bench.Update(Alert("a")));
    give(bench.Update(Alert("b")));
    pass(60);
    give(bench.Update(Alert("a"), metric::AlertPhase::kResolved));
    pass(400);
    give(bench.Update(Alert("b"), metric::AlertPhase::kResolved));
    pass(400);
    const auto requests = bench.http.Requests();
    Texts sent = bench.Sent();
    for (std::size_t i = 1; i < sent.size(); ++i) {
      if (sent[i] != sent[i - 1]) continue;
      EXPECT_EQ(requests[i].headers, requests[i - 1].headers) << kill_at;
    }
    sent.erase(std::unique(sent.begin(), sent.end()), sent.end());
    EXPECT_EQ(sent, expected) << "killed at write " << kill_at;
    EXPECT_LE(requests.size(), expected.size() + 1) << kill_at;
    if (!was_killed) break;
    ++kills;
  }
  EXPECT_GE(kills, 10);
}

TEST(Dispatcher, AnswersAndWhatFollows) {
  struct Case {
    base::Result<HttpClientResponse> answer;
    bool again;
  };
  const auto check = [](const base::Result<HttpClientResponse>& answer, std::size_t waiting, std::size_t dead) {
    Bench bench;
    bench.http.Script(answer);
    bench.Fire(Alert("a"));
    bench.clock.Advance(base::Seconds(30));
    // One attempt: the next answer, if there is a further one at the same moment, is a success.
    bench.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(500); });
    bench.dispatcher->RunDue();
    EXPECT_EQ(bench.CountStatus("waiting"), waiting) << (answer.ok() ? answer->status : 0);
    EXPECT_EQ(bench.CountStatus("dead"), dead) << (answer.ok() ? answer->status : 0);
  };
  check(Answer(200), 0, 0);
  check(Answer(400, "bad"), 0, 1);
  check(Answer(404), 0, 1);
  check(Answer(413), 0, 1);
  check(Answer(422), 0, 1);
  check(Answer(401), 1, 0);
  check(Answer(403), 1, 0);
  check(Answer(410), 1, 0);
  check(Answer(429), 1, 0);
  check(Answer(503), 1, 0);
  check(base::DeadlineExceeded("no answer within 10s"), 1, 0);
  check(base::Unavailable("connection reset"), 1, 0);
}

TEST(Dispatcher, RetryAfterIsObeyed) {
  Bench bench;
  bench.http.Script(Answer(429, "", {{"Retry-After", "120"}}));
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(30));
  EXPECT_EQ(bench.http.Requests().size(), 1U);
  bench.Pass(base::Seconds(119));
  EXPECT_EQ(bench.http.Requests().size(), 1U);
  bench.Pass(base::Seconds(1));
  EXPECT_EQ(bench.http.Requests().size(), 2U);
  EXPECT_EQ(bench.CountStatus("delivered"), 1U);
}

TEST(Dispatcher, ReceiverThatIsDownIsTriedUntilItAnswers) {
  Bench bench;
  bench.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(503); });
  bench.Fire(Alert("a"));
  bench.Pass(base::Hours(1), base::Seconds(5));
  EXPECT_EQ(bench.CountStatus("waiting"), 1U);
  EXPECT_GT(bench.http.Requests().size(), 60U);
  bench.http.SetHandler(nullptr);
  bench.Pass(base::Minutes(1));
  EXPECT_EQ(bench.CountStatus("delivered"), 1U);
  EXPECT_THAT(bench.metrics.WriteText(),
              HasSubstr("bellwether_notifications_sent_total{integration=\"webhook\",receiver=\"hook\"} 1"));
}

TEST(Dispatcher, GivesUpAfterAWeek) {
  Bench bench;
  bench.http.SetHandler(
      [](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(503, "down"); });
  bench.Configure(std::string(kWebhookConfig).replace(std::string(kWebhookConfig).find("1h"), 2, "30d"));
  bench.Fire(Alert("a"));
  bench.Pass(base::Days(6), base::Minutes(10));
  EXPECT_EQ(bench.CountStatus("dead"), 0U);
  bench.Pass(base::Days(2), base::Minutes(10));
  EXPECT_EQ(bench.CountStatus("waiting"), 0U);
  ASSERT_EQ(bench.CountStatus("dead"), 1U);
  bench.Restart();
  bench.dispatcher->RunDue();
  ASSERT_EQ(bench.CountStatus("dead"), 1U);
  EXPECT_THAT(bench.dispatcher->Outbox()[0].last_error, HasSubstr("given up after 1w: status 503: down"));
}

TEST(Dispatcher, NewerStateReplacesWhatWaits) {
  Bench bench;
  bench.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(503); });
  bench.Fire(Alert("a"));
  bench.Pass(base::Minutes(1));
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(10));
  EXPECT_EQ(bench.CountStatus("waiting"), 1U);
  static_cast<void>(bench.Sent());
  bench.http.SetHandler(nullptr);
  bench.Pass(base::Minutes(2));
  EXPECT_EQ(bench.Sent(), Texts{"all alerts resolved [] [a]"});
}

// The new state arrives while the old text is on its way: it is sent next, and never lost with the old one's success.
TEST(Dispatcher, StateThatChangesDuringASendFollows) {
  Bench bench;
  bool first = true;
  bench.http.SetHandler([&](const HttpClientRequest&) -> base::Result<HttpClientResponse> {
    if (std::exchange(first, false)) {
      bench.Resolve(Alert("a"));
      bench.clock.Advance(base::Minutes(5));
      bench.dispatcher->RunDue();  // Flushes the group; the channel is busy.
    }
    return Answer(200);
  });
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(31));
  EXPECT_EQ(bench.Sent(), (Texts{"first notification [a] []", "all alerts resolved [] [a]"}));
  EXPECT_EQ(bench.CountStatus("waiting"), 0U);
}

TEST(Dispatcher, WithoutSendResolvedNothingFollowsTheFiring) {
  Bench bench(R"(
route: {receiver: hook, group_wait: 1s, group_interval: 1m}
receivers: [{name: hook, webhook_configs: [{url: 'https://hook.example/x', send_resolved: false}]}]
)");
  bench.Fire(Alert("a"));
  bench.Fire(Alert("b"));
  bench.Pass(base::Seconds(2));
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(2));
  bench.Resolve(Alert("b"));
  bench.Pass(base::Minutes(2));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [ab] []"});
  // While the receiver is down, an alert that is over is not announced any more.
  bench.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(503); });
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(2));
  EXPECT_EQ(bench.CountStatus("waiting"), 1U);
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(2));
  EXPECT_EQ(bench.CountStatus("waiting"), 0U);
}

constexpr std::string_view kTwoTeams = R"(
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  routes: [{matchers: ['alertname="Drift"'], receiver: ml}]
receivers:
  - {name: hook, webhook_configs: [{url: 'https://hook.example/default'}]}
  - {name: ml, webhook_configs: [{url: 'https://hook.example/ml'}, {url: 'https://hook.example/ml2'}]}
)";

TEST(Dispatcher, ResolutionGoesWhereTheFiringWent) {
  Bench bench(kTwoTeams);
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(1));
  ASSERT_EQ(bench.http.Requests().size(), 2U);
  // The route is gone; the receiver is still there.
  bench.Configure(R"(
route: {receiver: hook, group_by: [alertname], group_wait: 0s}
receivers:
  - {name: hook, webhook_configs: [{url: 'https://hook.example/default'}]}
  - {name: ml, webhook_configs: [{url: 'https://hook.example/ml'}, {url: 'https://hook.example/ml2'}]}
)");
  bench.Pass(base::Minutes(10));
  std::vector<HttpClientRequest> all = bench.http.Requests();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].url, "https://hook.example/default");
  bench.Restart();
  bench.Resolve(Alert("a"));
  bench.Pass(base::Minutes(10));
  all = bench.http.Requests();
  ASSERT_EQ(all.size(), 6U);
  std::set<std::string> urls;
  for (std::size_t i = 3; i < 6; ++i) {
    urls.insert(all[i].url);
    EXPECT_THAT(all[i].body, HasSubstr("\"status\":\"resolved\""));
  }
  EXPECT_EQ(urls.size(), 3U);
}

TEST(Dispatcher, ReloadWithTheSameRoutesSendsNothingAnew) {
  Bench bench(kTwoTeams);
  bench.Fire(Alert("a"));
  bench.Fire(Alert("b", "Lag"));
  bench.Pass(base::Seconds(1));
  EXPECT_EQ(bench.http.Requests().size(), 3U);
  bench.Configure(kTwoTeams);
  bench.Pass(base::Minutes(30));
  EXPECT_EQ(bench.http.Requests().size(), 3U);
}

TEST(Dispatcher, BrokenChannelIsProbedAndTheOthersGoOn) {
  Bench bench(kTwoTeams);
  bench.http.SetHandler([](const HttpClientRequest& request) -> base::Result<HttpClientResponse> {
    return Answer(request.url.ends_with("/ml") ? 403 : 200);
  });
  bench.Fire(Alert("a"));
  bench.Pass(base::Minutes(21), base::Seconds(10));
  int broken = 0, healthy = 0;
  for (const HttpClientRequest& request : bench.http.Requests()) ++(request.url.ends_with("/ml") ? broken : healthy);
  EXPECT_EQ(broken, 5);  // Every five minutes.
  EXPECT_EQ(healthy, 1);
}

TEST(Dispatcher, TooLargeForPagerDutyIsSentOnceMoreWithLess) {
  Bench bench(R"(
route: {receiver: pd, group_wait: 0s}
receivers: [{name: pd, pagerduty_configs: [{routing_key: T0PSECRET}]}]
)");
  bench.http.Script(Answer(413));
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(2));
  const auto requests = bench.http.Requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[1].body, HasSubstr("too large"));
  EXPECT_EQ(bench.CountStatus("delivered"), 1U);
}

TEST(Dispatcher, RemovedReceiverEndsInADeadLetter) {
  Bench bench;
  bench.http.SetHandler([](const HttpClientRequest&) -> base::Result<HttpClientResponse> { return Answer(503); });
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(31));
  bench.Configure("route: {receiver: other, group_wait: 0s}\nreceivers: [{name: other}]\n");
  bench.Pass(base::Minutes(2));
  ASSERT_EQ(bench.CountStatus("dead"), 1U);
  EXPECT_EQ(bench.dispatcher->Outbox()[0].last_error, "the receiver is not in the configuration any more");
}

TEST(Dispatcher, SecretsShowNowhere) {
  Bench bench(R"(
route: {receiver: r, group_wait: 0s}
receivers:
  - name: r
    webhook_configs: [{url: 'https://hook.example/T0PSECRET/hook', http_config: {authorization: {credentials: T0PTOKEN}}}]
    slack_configs: [{api_url: 'https://hooks.slack.example/services/T0PSECRET'}]
    pagerduty_configs: [{routing_key: T0PKEY}]
)");
  // A receiver that repeats what it was sent.
  bench.http.SetHandler([](const HttpClientRequest& request) -> base::Result<HttpClientResponse> {
    std::string body = std::string(190, '.') + request.url;  // Across the place where answers are cut.
    for (const auto& [name, value] : request.headers) body = value + " " + body;
    return Answer(400, request.body.substr(0, 60) + " " + body);
  });
  testing::internal::CaptureStderr();
  bench.Fire(Alert("a"));
  bench.Pass(base::Seconds(5));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(bench.CountStatus("dead"), 3U);
  std::string shown = log + bench.metrics.WriteText();
  for (const OutboxEntry& entry : bench.dispatcher->Outbox()) shown += entry.last_error + "\n";
  EXPECT_THAT(shown, HasSubstr("<secret>"));
  EXPECT_THAT(shown, Not(HasSubstr("T0P")));
  // Nor is one ever stored.
  std::string stored;
  ASSERT_TRUE(bench.state
                  .Scan("", "",
                        [&](std::string_view key, std::string_view value) {
                          stored.append(key).append(value);
                          return true;
                        })
                  .ok());
  EXPECT_THAT(stored, Not(HasSubstr("T0P")));
}

TEST(Dispatcher, WithoutConfigurationUpdatesAreTakenAndNothingIsSent) {
  Bench bench;
  bench.dispatcher->Configure(nullptr, "https://bw.example");
  bench.Fire(Alert("a"));
  bench.Pass(base::Minutes(10));
  EXPECT_TRUE(bench.http.Requests().empty());
  bench.Configure(kWebhookConfig);
  bench.Fire(Alert("a"));  // Rules repeat what fires.
  bench.Pass(base::Seconds(30));
  EXPECT_EQ(bench.Sent(), Texts{"first notification [a] []"});
}

TEST(DispatcherThreads, WorkersSendEachMessageOnce) {
  base::SystemClock clock;
  const auto state = storage::NewMemoryStateStore(clock);
  base::FakeHttpClient http;
  base::MetricsRegistry metrics;
  Dispatcher dispatcher("https://bw.example",
                        {.state = *state, .http = http, .clock = clock, .metrics = metrics, .seed = 1});
  const auto config = ParseConfig("c.yml",
                                  "route: {receiver: r, group_by: ['...'], group_wait: 0s}\n"
                                  "receivers: [{name: r, webhook_configs: [{url: 'http://h.example/1'}, {url: "
                                  "'http://h.example/2'}]}]\n",
                                  "");
  ASSERT_TRUE(config.ok());
  dispatcher.Configure(*config, "https://bw.example");
  ASSERT_TRUE(dispatcher.Start().ok());
  constexpr int kAlerts = 50;
  for (int i = 0; i < kAlerts; ++i) {
    metric::AlertUpdate update;
    update.sequence = static_cast<std::uint64_t>(i) + 1;
    update.labels = Alert(std::to_string(i));
    update.starts_at = update.updated_at = clock.Now();
    update.ends_at = clock.Now() + base::Hours(1);
    ASSERT_TRUE(dispatcher.Take({&update, 1}).ok());
    if (i % 10 == 0) dispatcher.Configure(*config, "https://bw.example");
    static_cast<void>(dispatcher.Outbox());
  }
  // The workers look for work on their own; what is awaited is the result, however long it takes.
  while (http.Requests().size() < 2U * kAlerts) std::this_thread::yield();
  dispatcher.Stop();
  std::set<std::string> distinct;
  for (const HttpClientRequest& request : http.Requests()) distinct.insert(request.url + request.body);
  EXPECT_EQ(distinct.size(), 2U * kAlerts);
  EXPECT_EQ(http.Requests().size(), 2U * kAlerts);
}

}  // namespace
}  // namespace bellwether::notify
