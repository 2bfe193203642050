// rules/test_surroundings.h
//
// What a server joins to its rules, for rules that run outside of it, in unit tests and backtests: the topology, and
// what becomes of alerts behind the rules. Rules do not know who that is; the command that runs the tests does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "metric/labels.h"
#include "rules/alert_sink.h"
#include "rules/rule_manager.h"
#include "rules/topology.h"
#include "storage/state_store.h"

namespace bellwether::rules {

// A firing alert that is not told.
struct TestStanding {
  metric::Labels labels;
  bool held = false;  // Otherwise it is suppressed.
  std::string reason;
  std::vector<std::string> by = {};  // Names of the alerts that explain it, sorted.
};

// A message that a receiver was sent.
struct TestNotification {
  std::string receiver;
  std::string status;  // "firing", "resolved"
  std::string text;    // As it was sent: JSON, or a mail.
};

// Of one test, or one backtest. Belongs to one thread.
class TestSurroundings {
 public:
  virtual ~TestSurroundings() = default;

  [[nodiscard]] virtual const Topology& topology() const = 0;
  virtual AlertSink& sink() = 0;
  // The groups of the test, before anything is evaluated.
  virtual void SetGroups(const std::vector<GroupSnapshot>& groups) = 0;
  // Does what is due at the time of the clock.
  virtual base::Status RunDue() = 0;
  [[nodiscard]] virtual std::vector<TestStanding> Standings() const = 0;
  // All so far, in order.
  [[nodiscard]] virtual base::Result<std::vector<TestNotification>> Notifications() const = 0;
};

struct TestSurroundingsParts {
  storage::StateStore& state;
  base::Clock& clock;
  base::MetricsRegistry& metrics;
};

// Makes surroundings as the test file `text` asks for, under its keys `topology` and
// `notifications`. `severities`: from low to high.
// kInvalidArgument lists every fault as FILE: LINE:COLUMN: ..., one a line.
class TestSurroundingsMaker {
 public:
  virtual ~TestSurroundingsMaker() = default;
  virtual base::Status Read(const std::string& file, std::string_view text,
                            const std::vector<std::string>& severities) = 0;
  // As last read. Everything in `parts` outlives what is made.
  [[nodiscard]] virtual std::unique_ptr<TestSurroundings> Make(const TestSurroundingsParts& parts) const = 0;
};

}  // namespace bellwether::rules
