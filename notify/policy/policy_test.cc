#include <gtest/gtest.h>

#include "base/sha256.h"
#include "notify/dispatcher.h"
#include "notify/policy/flush.h"
#include "notify/policy/outcome.h"
#include "notify/policy/route.h"

namespace bellwether::notify {
namespace {

using base::TimestampMs;

Route MakeRoute(std::string id, std::vector<metric::Matcher> matchers, bool continues = false) {
  Route route;
  route.key = route.id = std::move(id);
  route.matchers = std::move(matchers);
  route.continues = continues;
  return route;
}

TEST(Routes, LeafMostInOrder) {
  using metric::Matcher;
  Route root = MakeRoute("root", {});
  Route ml = MakeRoute("ml", {Matcher::Equal("team", "ml")});
  ml.routes = {MakeRoute("page", {Matcher::Equal("severity", "page")}, true),
               MakeRoute("fraud", {Matcher::Equal("model", "fraud")})};
  root.routes = {ml, MakeRoute("all-ml", {Matcher::Equal("team", "ml")}),
                 MakeRoute("data", {Matcher::Equal("team", "data")})};
  const auto check = [&](const metric::Labels& labels, std::string_view expected) {
    std::string got;
    for (const Route* route : MatchRoutes(root, labels)) got += route->id + " ";
    EXPECT_EQ(got, expected) << labels.ToString();
  };
  check({{"team", "ml"}}, "ml ");
  check({{"team", "ml"}, {"severity", "page"}}, "page ");
  check({{"team", "ml"}, {"severity", "page"}, {"model", "fraud"}}, "page fraud ");
  check({{"team", "ml"}, {"model", "fraud"}}, "fraud ");
  check({{"team", "data"}}, "data ");
  check({{"team", "web"}}, "root ");
}

TEST(Routes, TheWayThroughTheTreeIsTold) {
  using metric::Matcher;
  Config config;
  config.route = MakeRoute("{}", {});
  config.route.receiver = "default";
  config.route.routes = {MakeRoute("page", {Matcher::Equal("severity", "page")}, true),
                         MakeRoute("ml", {Matcher::Equal("team", "ml")}), MakeRoute("rest", {})};
  for (Route& route : config.route.routes) route.receiver = route.id;
  std::string told;
  for (const RouteStep& step : ExplainRoute(config, {{"team", "ml"}, {"severity", "info"}})) {
    told += std::string(static_cast<std::size_t>(step.depth), ' ') + step.matchers + " " + step.why +
            (step.is_taken ? " -> " + step.receiver : "") + "\n";
  }
  EXPECT_EQ(told,
            "{} matches, and a route below takes it\n"
            " {severity=\"page\"} no, severity is \"info\"\n"
            " {team=\"ml\"} matches -> ml\n"
            " {} not asked: the one before took it, without continue\n");
}

TEST(Routes, GroupKeyIsAlertmanagers) {
  Route route;
  route.key = "{}/{team=\"ml\"}";
  route.group_by = {"alertname", "model", "absent"};
  const metric::Labels alert{{"alertname", "FeatureDrift"}, {"model", "ranker"}, {"severity", "page"}};
  const std::string key = GroupKey(route, GroupLabels(route, alert));
  EXPECT_EQ(key, "{}/{team=\"ml\"}:{alertname=\"FeatureDrift\", model=\"ranker\"}");
  EXPECT_EQ(base::Sha256Hex(key), "f154855a7585b80f2011a9a140a3118e649955543ea0e92235d9282f1c745569");
  route.group_by_all = true;
  EXPECT_EQ(GroupLabels(route, alert), alert);
  route.group_by_all = false;
  route.group_by.clear();
  EXPECT_EQ(GroupKey(route, GroupLabels(route, alert)), "{}/{team=\"ml\"}:{}");
}

TEST(Flush, DecisionTable) {
  using Set = std::set<std::uint64_t>;
  const TimestampMs now(10'000'000);
  const auto check = [&](const Announced* last, const Set& firing, const Set& resolved, bool send_resolved,
                         NotifyReason expected) {
    const NotifyPolicy policy{.send_resolved = send_resolved, .repeat_interval = base::Minutes(1)};
    EXPECT_EQ(NotifyReasonText(DecideNotify(last, firing, resolved, policy, now)), NotifyReasonText(expected));
  };
  const Announced recent{now - base::Seconds(10), {1, 2}, {3}};
  const Announced old{now - base::Minutes(2), {1, 2}, {}};
  const Announced none_firing{now, {}, {1}};
  check(nullptr, {1}, {}, true, NotifyReason::kFirst);
  check(nullptr, {}, {1}, true, NotifyReason::kNothing);
  check(&recent, {1, 2, 4}, {}, true, NotifyReason::kNewAlerts);
  check(&none_firing, {1}, {}, true, NotifyReason::kFirst);
  check(&recent, {}, {1, 2}, true, NotifyReason::kAllResolved);
  check(&recent, {}, {1, 2}, false, NotifyReason::kAllResolved);
  check(&none_firing, {}, {1}, true, NotifyReason::kNothing);
  check(&recent, {1}, {2}, true, NotifyReason::kSomeResolved);
  check(&recent, {1}, {2}, false, NotifyReason::kNothing);
  check(&recent, {1, 2}, {3}, true, NotifyReason::kNothing);
  check(&old, {1, 2}, {}, true, NotifyReason::kRepeat);
  // What another alert explains is not repeated; its end is told.
  const NotifyPolicy explained{.send_resolved = true, .repeat_interval = base::Minutes(1), .repeats = false};
  EXPECT_EQ(DecideNotify(&old, {1, 2}, {}, explained, now), NotifyReason::kNothing);
  EXPECT_EQ(DecideNotify(&old, {1}, {2}, explained, now), NotifyReason::kSomeResolved);
  EXPECT_EQ(DecideNotify(&old, {}, {1, 2}, explained, now), NotifyReason::kAllResolved);
  // Exactly the interval ago is not yet longer than it.
  const Announced edge{now - base::Minutes(1), {1}, {}};
  check(&edge, {1}, {}, true, NotifyReason::kNothing);
}

// What was announced ("firing/resolved/open"), the group's alerts ("firing/resolved/muted firing/muted resolved"), and
// what is decided: "reason: resolved/open/held". One letter an alert.
TEST(Flush, SuppressedAlertsAreEndedWhereTheyWereAnnounced) {
  using Set = std::set<std::uint64_t>;
  const TimestampMs now(10'000'000);
  const auto sets = [](std::string_view text) {
    std::vector<Set> out(1);
    for (const char c : text) {
      if (c == '/') {
        out.emplace_back();
      } else {
        out.back().insert(static_cast<std::uint64_t>(c));
      }
    }
    return out;
  };
  const auto text = [](const Set& set) { return std::string(set.begin(), set.end()); };
  const auto check = [&](std::string_view announced, std::string_view alerts, std::string_view expected,
                         bool send_resolved = true) {
    const std::vector<Set> told = sets(announced), are = sets(alerts);
    Announced last;
    if (!announced.empty()) last = {now, told[0], told[1], told[2]};
    const NotifyPolicy policy{.send_resolved = send_resolved, .repeat_interval = base::Hours(1)};
    const FlushDecision d = DecideFlush(
        announced.empty() ? nullptr : &last,
        {.firing = are[0], .resolved = are[1], .muted_firing = are[2], .muted_resolved = are[3]}, policy, now);
    const std::string decided =
        std::string(NotifyReasonText(d.reason)) + ": " + text(d.resolved) + "/" + text(d.open) + "/" + text(d.held);
    EXPECT_EQ(decided, expected) << announced << " and " << alerts;
  };
  check("", "a///", "first notification: //");
  check("", "//a/", "unknown: //");  // Never told, suppressed.
  check("", "///a", "unknown: //");  // Nor is its end.
  check("a//", "///a", "all alerts resolved: a//");
  check("ab//", "b///a", "some alerts resolved: a//");
  check("ab//", "b//a/", "unknown: /a/");  // One of two became suppressed.
  check("b//a", "b///a", "some alerts resolved: a//");
  check("b//a", "ab///", "new alerts added: //");
  check("//a", "///a", "all alerts resolved: a//");
  check("//a", "a///", "first notification: //");
  check("ab//", "//a/b", "unknown: /a/b");  // "All resolved" would be wrong: a fires on, unheard.
  check("ab//", "//a/b", "unknown: /a/", false);
  check("ab//", "/b/a/", "all alerts resolved: b/a/");
  check("a//", "/b/a/", "unknown: b/a/");  // The end of what was never told is no news.
  check("a//", "c/b/a/", "new alerts added: b/a/");
}

TEST(Flush, EndsThatPassedWhileTheServerWasDownDoNotCount) {
  metric::AlertUpdate alert;
  alert.updated_at = TimestampMs(0);
  alert.ends_at = TimestampMs(240'000);
  EXPECT_FALSE(IsResolved(alert, TimestampMs(0), TimestampMs(239'999)));
  EXPECT_TRUE(IsResolved(alert, TimestampMs(0), TimestampMs(240'000)));
  const TimestampMs started(3'600'000);
  EXPECT_FALSE(IsResolved(alert, started, started + base::Minutes(3)));
  EXPECT_TRUE(IsResolved(alert, started, started + base::Minutes(4)));
}

TEST(Flush, FirstFlush) {
  const TimestampMs now(1'000'000);
  EXPECT_EQ(FirstFlush(now, base::Seconds(30), now), now + base::Seconds(30));
  EXPECT_EQ(FirstFlush(now - base::Seconds(31), base::Seconds(30), now), now);
}

TEST(Outcome, ClassesOfAnswers) {
  const TimestampMs now(0);
  const auto check = [&](std::string_view integration, int status, std::string body, OutcomeClass expected) {
    const base::HttpClientResponse response{.status = status, .headers = {}, .body = std::move(body)};
    EXPECT_EQ(static_cast<int>(ClassifyAnswer(integration, response, now).kind), static_cast<int>(expected))
        << integration << " " << status;
  };
  for (const int status : {200, 202, 204}) check("webhook", status, "", OutcomeClass::kSuccess);
  for (const int status : {408, 425, 429, 500, 503, 599}) check("pagerduty", status, "", OutcomeClass::kRetry);
  for (const int status : {400, 404, 409, 413, 422, 302}) check("webhook", status, "", OutcomeClass::kFatalMessage);
  for (const int status : {401, 403, 410}) check("webhook", status, "", OutcomeClass::kFatalChannel);
  check("slack", 404, "no_service", OutcomeClass::kFatalChannel);
  check("slack", 200, "ok", OutcomeClass::kSuccess);
  check("slack", 200, R"({"ok":false,"error":"invalid_auth"})", OutcomeClass::kFatalChannel);
  check("slack", 200, R"({"ok":false,"error":"ratelimited"})", OutcomeClass::kRetry);
  check("slack", 200, R"({"ok":false,"error":"msg_too_long"})", OutcomeClass::kFatalMessage);
  EXPECT_EQ(ClassifyAnswer("slack", base::Unavailable("connection refused"), now).kind, OutcomeClass::kRetry);
  EXPECT_EQ(ClassifyAnswer("slack", base::DeadlineExceeded("no answer"), now).kind, OutcomeClass::kRetry);
}

TEST(Outcome, RetryAfter) {
  const TimestampMs now(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT
  const auto check = [&](std::string_view text, std::int64_t expected_ms) {
    const auto pause = ParseRetryAfter(text, now);
    EXPECT_EQ(pause ? pause->ms : -1, expected_ms) << text;
  };
  check("2", 2000);
  check("0", 0);
  check("999999999", 3'600'000);
  check("Sun, 06 Nov 1994 08:50:37 GMT", 60'000);
  check("Sun, 06 Nov 1994 08:00:00 GMT", 0);
  check("-1", -1);
  check("soon", -1);
  check("", -1);
  const base::HttpClientResponse response{.status = 429, .headers = {}, .body = R"({"retry_after":0.65})"};
  EXPECT_EQ(ClassifyAnswer("webhook", response, now).retry_after->ms, 650);
}

TEST(Outcome, BackoffGrowsToItsCap) {
  const auto check = [](int attempts, double random, std::int64_t expected) {
    EXPECT_EQ(Backoff(attempts, random).ms, expected) << attempts;
  };
  check(1, 0.999, 499);
  check(2, 0.5, 500);
  check(5, 0.5, 4000);
  check(8, 0.5, 30'000);
  check(1000, 0.5, 30'000);
  check(3, 0, 1);
}

}  // namespace
}  // namespace bellwether::notify
