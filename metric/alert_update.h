// metric/alert_update.h
//
// What the world is told about an alert: which one, firing or resolved, since when, how bad, and what to do about it.
// Rules make updates; incidents and notifications take them. A value, comparable and printable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"

namespace bellwether::metric {

using Annotations = std::map<std::string, std::string, std::less<>>;

enum class AlertPhase : std::uint8_t { kFiring, kResolved };

// A named condition behind an alert, as it was at the evaluation.
struct AlertSignal {
  std::string name;
  std::string state;           // "true", "pending", "false", "unknown"
  std::string condition = {};  // What its value is held against, as AlertUpdate::condition.
  std::optional<double> value = {};
  std::optional<base::TimestampMs> since = {};  // When its condition began.
  friend bool operator==(const AlertSignal&, const AlertSignal&) = default;
};

// A level that an alert had from `since` on.
struct AlertLevel {
  std::string severity;
  base::TimestampMs since;
  friend bool operator==(const AlertLevel&, const AlertLevel&) = default;
};

// Alerts that nobody is told of because this one explains them.
struct ExplainedAlerts {
  std::uint64_t count = 0;
  std::vector<Labels> some = {};  // The first few.
  friend bool operator==(const ExplainedAlerts&, const ExplainedAlerts&) = default;
};

struct AlertUpdate {
  // Number of the update in its giver's durable queue: ascending, never reused. A taker that has taken N ignores all up
  // to N.
  std::uint64_t sequence = 0;

  Labels labels;            // Identity: with alertname, without __name__.
  Annotations annotations;  // Expanded.
  AlertPhase phase = AlertPhase::kFiring;
  base::TimestampMs starts_at;   // When it began to fire, also in the update that resolves it.
  base::TimestampMs ends_at;     // Resolved: when. Firing: good until then if nothing more is heard.
  base::TimestampMs updated_at;  // Evaluation time of the rule.
  double value = 0;
  std::string generator_url;  // The expression, on the server's own pages.
  std::string rule;           // "file;group;name", for links and logs.
  // Resolved: the alert did not end but goes on under these labels, as which it has been told before; else empty. A
  // receiver that knows one alert with changing levels takes them for its new labels.
  Labels moved_to = {};

  // What the values are held against: "> 0.2", "above 0.2", "accuracy and (drift or latency)"; empty: not known.
  std::string condition = {};
  std::optional<double> peak = {};        // The worst value since it began; nothing where no direction is the worse.
  std::vector<AlertLevel> levels = {};    // Those it has had, the present one last; empty for an alert without levels.
  std::vector<AlertSignal> signals = {};  // In the order of the rule; empty for a rule without.
  // Told before, and explained by another alert now: it is kept alive, and needs no more words while it fires.
  bool is_suppressed = false;
  ExplainedAlerts explains = {};

  friend bool operator==(const AlertUpdate&, const AlertUpdate&) = default;
};

// Equal for updates that say the same of the same alert at different times: of these the newest is enough.
[[nodiscard]] std::string TellingKey(const AlertUpdate& update);

// A stable byte form for durable queues, and back; false on bytes that EncodeAlertUpdate did not make.
void EncodeAlertUpdate(const AlertUpdate& update, std::string& out);
[[nodiscard]] bool DecodeAlertUpdate(std::string_view& in, AlertUpdate& update);

}  // namespace bellwether::metric
