// Alertmanager's API v2 over a dispatcher in memory; the expected texts are those of a running Alertmanager.
#include "api/handlers/alertmanager/v2.h"

#include <memory>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http/url.h"
#include "base/clock.h"
#include "base/http_client.h"
#include "notify/dispatcher.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

using ::testing::HasSubstr;

constexpr base::TimestampMs kV2Now(1'788'250'350'000);  // 2026-09-01T08:12:30Z
constexpr std::string_view kV2Config = R"(
route: {receiver: a, group_by: [alertname], routes: [{matchers: ['team="ml"'], receiver: b, mute_time_intervals: [always]}]}
receivers: [{name: a}, {name: b, labels: {team: ml}, webhook_configs: [{url: 'https://hook.example/secret'}]}]
inhibit_rules: [{source_matchers: ['severity="page"'], target_matchers: ['severity="warning"'], equal: [model]}]
time_intervals: [{name: always, time_intervals: [{}]}]
)";

class V2World {
 public:
  V2World()
      : clock(kV2Now),
        storage_(storage::NewMemoryStorage({}, clock, metrics_)),
        state_(storage::NewMemoryStateStore(clock)),
        engine_({}, clock, metrics_),
        dispatcher_("https://bw.example",
                    {.state = *state_, .http = http_, .clock = clock, .metrics = metrics_, .seed = 7}),
        context{.storage = *storage_, .engine = engine_, .clock = clock, .metrics = metrics_} {
    dispatcher_.Configure(notify::ParseConfig("am.yml", kV2Config, "").value(), "https://bw.example");
    dispatcher_.RunDue();  // Looks at the clock, for the time intervals.
    context.dispatcher = &dispatcher_;
    context.groups = [] { return std::vector<rules::GroupSnapshot>(); };
    context.started_at = kV2Now;
    AddAlertmanagerRoutes(context, routes_);
  }

  // "STATUS BODY"
  std::string Ask(std::string_view method, std::string_view target, std::string body = "",
                  std::string_view type = "application/json") {
    HttpRequest request;
    request.method = method;
    request.body = std::move(body);
    request.headers = {{"Content-Type", std::string(type)}};
    const std::size_t query = target.find('?');
    if (query != std::string_view::npos) {
      EXPECT_TRUE(AppendParams(target.substr(query + 1), 100, request.params).ok());
    }
    request.path = "/api/v2" + std::string(target.substr(0, query));
    for (const RouteEntry& route : routes_) {
      const std::size_t open = route.path.find('{');
      const bool fits =
          open == std::string::npos ? route.path == request.path : request.path.starts_with(route.path.substr(0, open));
      if (!fits) continue;
      if (open != std::string::npos) request.path_params = {{"silenceID", request.path.substr(open)}};
      HttpResponse response;
      route.handler(request, response);
      return fmt::format("{} {}", response.status, response.body);
    }
    return "404";
  }

  base::SimulatedClock clock;

 private:
  base::MetricsRegistry metrics_;
  base::FakeHttpClient http_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<storage::StateStore> state_;
  promql::Engine engine_;
  notify::Dispatcher dispatcher_;
  RouteTable routes_;

 public:
  HandlerContext context;
};

TEST(AlertmanagerV2, AlertsComeAndAreShown) {
  V2World world;
  EXPECT_EQ(world.Ask("GET", "/alerts"), "200 []");
  EXPECT_EQ(world.Ask("POST", "/alerts", "[]"), "200 ");
  EXPECT_EQ(world.Ask("POST", "/alerts",
                      R"([{"labels":{"alertname":"X","model":"m"},"annotations":{"s":"t"},"generatorURL":"http://x/",
                           "startsAt":"2026-09-01T08:00:00.5Z","endsAt":"0001-01-01T00:00:00.000Z"}])"),
            "200 ");
  EXPECT_EQ(world.Ask("GET", "/alerts"),
            R"(200 [{"annotations":{"s":"t"},"endsAt":"2026-09-01T08:17:30.000Z","fingerprint":"39d60e56e335f5fc",)"
            R"("receivers":[{"name":"a"}],"startsAt":"2026-09-01T08:00:00.500Z",)"
            R"("status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},)"
            R"("updatedAt":"2026-09-01T08:12:30.000Z","generatorURL":"http://x/",)"
            R"("labels":{"alertname":"X","model":"m"}}])");
  world.clock.Advance(base::Minutes(5));
  EXPECT_EQ(world.Ask("GET", "/alerts"), "200 []");  // Its end is past.
}

TEST(AlertmanagerV2, FaultsOfPostedAlerts) {
  V2World world;
  const auto check = [&](std::string body, std::string_view expected) {
    EXPECT_EQ(world.Ask("POST", "/alerts", body), expected) << body;
  };
  EXPECT_EQ(
      world.Ask("POST", "/alerts", "x", "text/plain"),
      R"(415 {"code":415,"message":"unsupported media type \"text/plain\", only [application/json] are allowed"})");
  check("", R"(422 {"code":602,"message":"alerts in body is required"})");
  check("[{}]", R"(422 {"code":602,"message":"0.labels in body is required"})");
  check(R"([{"labels":{}}])", R"(400 "at least one label pair required")");
  check(R"([{"labels":{"a":"b"},"generatorURL":"::"}])",
        R"(422 {"code":601,"message":"0.generatorURL in body must be of type uri: \"::\""})");
  check(R"([{"labels":{"a":"b"},"endsAt":"2020-01-01T00:00:00Z","startsAt":"2021-01-01T00:00:00Z"},{"labels":{"":"b"}},
            {"labels":{"good":"1"}}])",
        R"(400 "start time must be before end time; invalid label set: invalid name \"\"")");
  EXPECT_THAT(world.Ask("GET", "/alerts"), HasSubstr(R"("labels":{"good":"1"})"));  // The valid one is stored.
  EXPECT_THAT(world.Ask("POST", "/alerts", "x"), HasSubstr("400 {\"code\":400,\"message\":\"parsing alerts body"));
  EXPECT_THAT(world.Ask("POST", "/alerts", "{}"), HasSubstr("it must be a list of alerts"));
  EXPECT_THAT(world.Ask("POST", "/alerts", R"([{"labels":{"a":1}}])"), HasSubstr("labels.a must be a string, not 1"));
  EXPECT_THAT(world.Ask("POST", "/alerts", R"([{"labels":{"a":"b"},"startsAt":"x"}])"),
              HasSubstr("startsAt must be a time"));
}

TEST(AlertmanagerV2, FiltersOfAlertsAndGroups) {
  V2World world;
  world.Ask("POST", "/alerts",
            R"([{"labels":{"alertname":"P","severity":"page"}},{"labels":{"alertname":"W","severity":"warning"}},
                {"labels":{"alertname":"M","team":"ml"}}])");
  const auto count = [&](std::string_view target) {
    const auto answer = nlohmann::json::parse(world.Ask("GET", target).substr(4));
    std::string names;
    for (const auto& one : answer) {
      const auto& alerts = one.contains("alerts") ? one["alerts"] : nlohmann::json::array({one});
      for (const auto& alert : alerts) names += alert["labels"]["alertname"].get<std::string>();
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  EXPECT_EQ(count("/alerts"), "MPW");
  EXPECT_EQ(count("/alerts?inhibited=false"), "MP");
  EXPECT_EQ(count("/alerts?active=no"), "W");
  EXPECT_EQ(count("/alerts?active="), "MPW");
  EXPECT_EQ(count("/alerts?active=false&active=Yes"), "MPW");
  EXPECT_EQ(count("/alerts?unprocessed=false"), "MPW");
  EXPECT_EQ(count("/alerts?filter=severity%3D%22%22"), "M");
  EXPECT_EQ(count("/alerts?filter=severity!%3D%22%22&filter=alertname%3D~%22W|M%22"), "W");
  EXPECT_EQ(count("/alerts?receiver=b"), "M");
  EXPECT_EQ(count("/alerts?receiver=.*"), "MPW");
  EXPECT_EQ(count("/alerts?receiver="), "MPW");
  EXPECT_EQ(count("/alerts?receiver_matchers=team%3Dml"), "M");
  EXPECT_EQ(count("/alerts/groups"), "MPW");
  EXPECT_EQ(count("/alerts/groups?muted=false"), "PW");
  EXPECT_EQ(count("/alerts/groups?receiver=a&inhibited=false"), "P");
  EXPECT_THAT(world.Ask("GET", "/alerts/groups?receiver=b"),
              HasSubstr(R"("mutedBy":["always"],"silencedBy":[],"state":"suppressed")"));
  EXPECT_THAT(world.Ask("GET", "/alerts?receiver=b"), HasSubstr(R"("mutedBy":[],"silencedBy":[],"state":"active")"));
  EXPECT_THAT(world.Ask("GET", "/alerts?filter=x"), HasSubstr("400 \"bad matcher format: x"));
  EXPECT_THAT(world.Ask("GET", "/alerts?receiver=("),
              HasSubstr("400 \"failed to parse receiver param: error parsing regexp: "));
  const std::string page =
      fmt::format("{:016x}", metric::Labels({{"alertname", "P"}, {"severity", "page"}}).Fingerprint());
  EXPECT_THAT(world.Ask("GET", "/alerts?filter=alertname%3DW"), HasSubstr("\"inhibitedBy\":[\"" + page + "\"]"));
}

TEST(AlertmanagerV2, SilencesAreMadeShownAndEnded) {
  V2World world;
  const std::string head =
      R"({"matchers":[{"name":"alertname","value":"X","isRegex":false}],"createdBy":"mia","comment":"c",)";
  const std::string made =
      world.Ask("POST", "/silences", head + R"("startsAt":"2026-09-01T08:00:00Z","endsAt":"2026-09-01T10:00:00Z"})");
  ASSERT_THAT(made, HasSubstr("200 {\"silenceID\":\""));
  const std::string id = made.substr(18, 36);
  EXPECT_EQ(
      world.Ask("GET", "/silence/" + id),
      "200 {\"id\":\"" + id +
          R"(","status":{"state":"active"},"updatedAt":"2026-09-01T08:12:30.000Z","comment":"c","createdBy":"mia",)"
          R"("endsAt":"2026-09-01T10:00:00.000Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname",)"
          R"("value":"X"}],"startsAt":"2026-09-01T08:12:30.000Z"})");
  world.Ask("POST", "/alerts", R"([{"labels":{"alertname":"X"}}])");
  EXPECT_THAT(world.Ask("GET", "/alerts"), HasSubstr("\"silencedBy\":[\"" + id + "\"],\"state\":\"suppressed\""));
  EXPECT_EQ(world.Ask("GET", "/alerts?silenced=false"), "200 []");
  EXPECT_THAT(world.Ask("GET", "/silences?filter=alertname%3DX"), HasSubstr(id));
  EXPECT_EQ(world.Ask("GET", "/silences?filter=alertname%3DY"), "200 []");
  EXPECT_EQ(world.Ask("GET", "/silences?active=false"), "200 []");
  EXPECT_EQ(world.Ask("DELETE", "/silence/" + id), "200 ");
  EXPECT_THAT(world.Ask("GET", "/silence/" + id), HasSubstr("\"state\":\"expired\""));
  EXPECT_EQ(world.Ask("GET", "/silences?expired=false"), "200 []");
}

TEST(AlertmanagerV2, FaultsOfSilences) {
  V2World world;
  const auto check = [&](std::string body, std::string_view expected) {
    EXPECT_THAT(world.Ask("POST", "/silences", body), HasSubstr(std::string(expected))) << body;
  };
  const std::string rest =
      R"("createdBy":"","comment":"","startsAt":"2029-01-01T00:00:00Z","endsAt":"2029-01-02T00:00:00Z"})";
  check("{}", R"(422 {"code":602,"message":"comment in body is required"})");
  check(R"({"matchers":[],)" + rest, R"(422 {"code":612,"message":"matchers in body should have at least 1 items"})");
  check(R"({"matchers":[{"name":"a"}],)" + rest,
        R"(422 {"code":602,"message":"matchers.0.isRegex in body is required"})");
  check(R"({"matchers":[{"name":"a","value":"(","isRegex":true}],)" + rest,
        R"(400 "invalid silence: invalid label matcher 0: invalid regular expression \"(\": error parsing regexp:)");
  check(R"({"matchers":[{"name":"a","value":"","isRegex":false}],)" + rest,
        R"(400 "invalid silence: at least one matcher must not match the empty string")");
  const std::string matchers = R"("matchers":[{"name":"a","value":"b","isRegex":false}],"createdBy":"","comment":"",)";
  check(R"({"id":"zz",)" + matchers + R"("startsAt":"2029-01-01T00:00:00Z","endsAt":"2029-01-02T00:00:00Z"})",
        R"(404 "silence not found")");
  check("{" + matchers + R"("startsAt":"2029-01-01T00:00:00Z","endsAt":"2029-01-01T00:00:00Z"})",
        R"(400 "Failed to create silence: start time must be before end time")");
  check("{" + matchers + R"("startsAt":"2019-01-01T00:00:00Z","endsAt":"2019-01-02T00:00:00Z"})",
        R"(400 "Failed to create silence: end time can't be in the past")");
  EXPECT_EQ(world.Ask("GET", "/silence/xx"),
            R"(422 {"code":601,"message":"silenceID in path must be of type uuid: \"xx\""})");
  EXPECT_EQ(world.Ask("GET", "/silence/9d6f0000-0000-4000-8000-000000000000"), "404 ");
}

TEST(AlertmanagerV2, StatusAndReceivers) {
  V2World world;
  const std::string status = world.Ask("GET", "/status");
  EXPECT_THAT(status, HasSubstr(R"("cluster":{"peers":[],"status":"disabled"})"));
  EXPECT_THAT(status, HasSubstr(R"("uptime":"2026-09-01T08:12:30.000Z")"));
  EXPECT_THAT(status, HasSubstr(R"("version":"0.34.0")"));
  EXPECT_THAT(status, ::testing::Not(HasSubstr("hook.example")));
  EXPECT_EQ(world.Ask("GET", "/receivers"),
            R"(200 [{"labels":{"name":"a"},"name":"a"},{"labels":{"name":"b","team":"ml"},"name":"b"}])");
  EXPECT_EQ(world.Ask("GET", "/receivers?receiver_matchers=team%3Dml"),
            R"(200 [{"labels":{"name":"b","team":"ml"},"name":"b"}])");
}

// An alert of ours that another one explains is told to nobody, and shown with its cause.
TEST(AlertmanagerV2, ExplainedAlertsAreShownWithTheirCause) {
  V2World world;
  const metric::Labels explained{{"alertname", "Degraded"}, {"model", "m"}}, cause{{"alertname", "PipelineDown"}};
  world.context.groups = [&] {
    rules::GroupSnapshot group;
    rules::RuleSnapshot& rule = group.rules.emplace_back();
    rules::AlertSnapshot& alert = rule.alerts.emplace_back();
    alert.labels = explained;
    alert.fired_at = kV2Now;
    return std::vector<rules::GroupSnapshot>{group};
  };
  world.context.standings = [&] {
    incidents::Standing standing;
    standing.verdict = incidents::Verdict::kSuppress;
    standing.causes = {{.labels = cause, .since = kV2Now}};
    return incidents::Standings{{explained, standing}};
  };
  const std::string shown = world.Ask("GET", "/alerts");
  EXPECT_THAT(shown, HasSubstr(fmt::format("\"inhibitedBy\":[\"{:016x}\"]", cause.Fingerprint())));
  EXPECT_THAT(shown, HasSubstr("\"state\":\"suppressed\""));
  EXPECT_THAT(shown, HasSubstr("\"receivers\":[{\"name\":\"a\"}]"));
  EXPECT_EQ(world.Ask("GET", "/alerts?inhibited=false"), "200 []");
}

}  // namespace
}  // namespace bellwether::api
