// notify/dispatcher.h
//
// Which updates become which messages, and their delivery. Takes alert updates, routes and groups them as Alertmanager
// does, and sends one message a group and receiver: webhook (Alertmanager's JSON, version 4), Slack, PagerDuty Events
// v2.
//
// Nothing is sent before it is written down. The outbox is in the state store under "notify/": a message is put there
// with its dedup key, sent at least once, retried with back-off (and the receiver's Retry-After) until it is delivered,
// refused for good, or a week old; what failed for good is kept as a dead letter with the reason. A receiver that
// refuses everything (wrong key, channel gone) is tried every five minutes and holds up nobody else. A newer state of
// the same group and receiver replaces a waiting one and keeps its place, so "firing" never arrives after "resolved". A
// restart loses and reorders nothing.
//
// The decisions (route, group, when to flush, whether to send, what follows an answer) are pure functions in
// notify/policy that take the time and return a reason; this class acts on them.
//
// Source: Alertmanager 0.34 (dispatch, dedup, webhook), PagerDuty Events API v2, Slack incoming webhooks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "notify/outbox/delivery_log.h"
#include "notify/preview.h"
#include "notify/shown_alert.h"
#include "notify/silences.h"
#include "storage/state_store.h"

namespace bellwether::notify {

struct Config;  // notify/config/config.h; made by ParseConfig below.

// What a configuration is read for: to be put in force, or to be judged. Receivers of kinds that nothing is delivered
// to yet are refused by name in the first case and warned of in the second.
enum class ConfigUse : std::uint8_t { kServe, kJudge };
// In which grammar matchers are read: Alertmanager's utf8-strict-mode and classic-mode, or both in turn.
enum class MatcherMode : std::uint8_t { kFallback, kUtf8, kClassic };
struct ConfigOptions {
  ConfigUse use = ConfigUse::kServe;
  MatcherMode matchers = MatcherMode::kFallback;
};

// Reads Alertmanager's configuration keys from the YAML document `text`, found at the key `path` ("notifications"), or
// at its top if `path` is empty. `file` is for messages and for relative paths. Errors name FILE:LINE:COLUMN, what is
// wrong and what was probably meant.
[[nodiscard]] base::Result<std::shared_ptr<const Config>> ParseConfig(const std::string& file, std::string_view text,
                                                                      std::string_view path,
                                                                      const ConfigOptions& options = {});

// What the configuration asks for and this version does not do yet, each with its place; logged by Configure.
[[nodiscard]] std::vector<std::string> ConfigWarnings(const Config& config);

// One route that was looked at for an alert, on the way from the root.
struct RouteStep {
  int depth = 0;
  std::string matchers;  // {team="ml"}
  std::string why;       // "matches", "team is \"web\"", "not asked: ..."
  bool is_taken = false;
  // Where it is taken:
  std::string receiver = {};
  std::string group_key = {};
  std::string timing = {};  // Its timers and time intervals.
};
// The way of an alert with these labels through the tree: every route in the order of the file.
[[nodiscard]] std::vector<RouteStep> ExplainRoute(const Config& config, const metric::Labels& labels);

// "3 routes, 2 receivers, 1 inhibition rule, 0 time intervals"
[[nodiscard]] std::string ConfigSummary(const Config& config);

// What clients of Alertmanager's API may expect here; they compare it with what they know.
inline constexpr std::string_view kCompatibleAlertmanager = "0.34.0";

struct NotifyDependencies {
  storage::StateStore& state;
  base::HttpClient& http;
  base::Clock& clock;
  base::MetricsRegistry& metrics;
  std::uint64_t seed = 0;            // Of the jitter.
  base::MailClient* mail = nullptr;  // Null: mails are given up.
  bool paced = true;                 // Rests between messages to Slack and PagerDuty.
};

// Snapshots for the API.
struct OutboxEntry {
  std::uint64_t id = 0;
  std::string receiver;
  std::string integration;  // "webhook", "slack", "pagerduty"
  std::string group_key;
  std::string status;  // "waiting", "delivered", "dead"
  int attempts = 0;
  base::TimestampMs created_at;
  base::TimestampMs next_attempt_at;
  std::string last_error;
};

// How many alerts of which kind a foreign sender gave.
struct PostOutcome {
  std::vector<std::string> problems;  // Of the invalid ones, which are left out.
};

class Dispatcher {
 public:
  // Everything in `dependencies` outlives the dispatcher. `external_url` has no slash at the end.
  Dispatcher(std::string external_url, NotifyDependencies dependencies);
  ~Dispatcher();  // Stops.

  // Puts a configuration in force; a null one means that nothing is notified.
  void Configure(std::shared_ptr<const Config> config, std::string external_url);

  // Writes the updates down and returns when that is durable; see rules/alert_sink.h for the numbering.
  base::Status Take(std::span<const metric::AlertUpdate> updates);

  // Alerts of foreign senders (Prometheus, vmalert, amtool), merged with what is known of them and written down; the
  // valid ones among them. Then they go the way of ours. kUnavailable and the like: the state store's.
  base::Result<PostOutcome> Post(std::span<const ForeignAlert> alerts);

  // The firing alerts that are known here, and the groups that they are in, with what suppresses them now.
  [[nodiscard]] std::vector<ShownAlert> Alerts();
  [[nodiscard]] std::vector<ShownGroup> Groups();
  // By name.
  [[nodiscard]] std::vector<ShownReceiver> Receivers() const;
  // Of the routes that an alert with these labels takes.
  [[nodiscard]] std::vector<std::string> ReceiversFor(const metric::Labels& labels) const;
  // The configuration in force, as it may be shown; empty without one.
  [[nodiscard]] std::string ShownConfiguration() const;
  [[nodiscard]] Silences& silences();

  // Restores groups and outbox from the state store, then works in the background.
  base::Status Start();
  void Stop();  // Returns when nothing is being sent any more; what is left stays in the outbox.

  // Flushes the groups and sends the messages that are due now, in this thread; for tests, instead of Start. What the
  // store held is restored at the first call of this, Take or Start.
  void RunDue();

  [[nodiscard]] std::vector<OutboxEntry> Outbox() const;

  // What became of messages; see notify/outbox/delivery_log.h. Reads the store.
  [[nodiscard]] base::Result<std::vector<DeliveryRecord>> DeliveryLog(const DeliveryLogQuery& query) const;
  // A dead letter waits again. kNotFound, kConflict: see PlanResend.
  base::Status Resend(std::uint64_t id);
  // With the configuration in force; see notify/preview.h. kUnavailable where there is none.
  [[nodiscard]] base::Result<std::vector<PreviewedMessage>> Preview(const PreviewRequest& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::notify
