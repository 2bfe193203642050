// metric/alert_update.h
//
// What the world is told about an alert: which one, firing or resolved, since when, how bad, and what to do about it.
// Rules make updates; incidents and notifications take them. A value, comparable and printable.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"
#include "metric/labels.h"

namespace bellwether::metric {

using Annotations = std::map<std::string, std::string, std::less<>>;

enum class AlertPhase : std::uint8_t { kFiring, kResolved };

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

  friend bool operator==(const AlertUpdate&, const AlertUpdate&) = default;
};

// Equal for updates that say the same of the same alert at different times: of these the newest is enough.
[[nodiscard]] std::string TellingKey(const AlertUpdate& update);

// A stable byte form for durable queues, and back; false on bytes that EncodeAlertUpdate did not make.
void EncodeAlertUpdate(const AlertUpdate& update, std::string& out);
[[nodiscard]] bool DecodeAlertUpdate(std::string_view& in, AlertUpdate& update);

}  // namespace bellwether::metric
