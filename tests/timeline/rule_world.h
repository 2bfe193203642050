// tests/timeline/rule_world.h
//
// A small world for timelines of alerts: a simulated clock, stores in memory that can be told to fail, a sink that
// takes as carefully as a real one, and restarts of the rule manager on what it left behind.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "promql/engine.h"
#include "rules/rule_manager.h"
#include "storage/open.h"

namespace bellwether::timeline {

// Keeps what it is given, once. Thread-safe.
class RecordingSink final : public rules::AlertSink {
 public:
  base::Status Take(std::span<const metric::AlertUpdate> updates) override;

  void SetFailing(bool failing);
  [[nodiscard]] std::vector<metric::AlertUpdate> All() const;
  // Those since the last call.
  [[nodiscard]] std::vector<metric::AlertUpdate> New();
  // Updates given again although they were taken.
  [[nodiscard]] int repetitions() const;

 private:
  mutable base::Mutex mu_;
  bool failing_ BW_GUARDED_BY(mu_) = false;
  std::uint64_t last_ BW_GUARDED_BY(mu_) = 0;
  std::size_t seen_ BW_GUARDED_BY(mu_) = 0;
  int repetitions_ BW_GUARDED_BY(mu_) = 0;
  std::vector<metric::AlertUpdate> all_ BW_GUARDED_BY(mu_);
};

// A state store whose batches fail when a function says so. Not for several threads while it fails.
class FailingStateStore final : public storage::StateStore {
 public:
  explicit FailingStateStore(storage::StateStore& store) : store_(store) {}

  base::Status Apply(const storage::StateBatch& batch) override;
  [[nodiscard]] base::Result<std::optional<std::string>> Get(std::string_view key) const override;
  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override;

  void FailEverything();
  // Batches that change the key fail.
  void FailOn(std::string key);
  void Heal();

 private:
  storage::StateStore& store_;
  std::function<bool(const storage::StateBatch&)> fails_;
};

class RuleWorld {
 public:
  static constexpr base::DurationMs kInterval = base::Minutes(1);

  explicit RuleWorld(std::int64_t begin_ms = 1'700'000'000'000);
  ~RuleWorld();

  // Writes the text as the rule file of the world, and loads it. The first time makes the manager.
  base::Status Load(std::string_view rules);
  // The same without evaluating, for managers that run by themselves.
  base::Status Reload(std::string_view rules);
  // Ends the manager and begins a new one on the same stores and the same file.
  void Restart();

  // Appends a sample at the present time, as a sender would. `series` in the notation of metrics: up{job="a"}.
  void Send(std::string_view series, double value);
  // Moves the clock to the next slot of the group "g" (which has kInterval), without evaluating.
  void ToNextSlot();
  // To the next slot; then sends, if there is a series; then evaluates.
  void Tick(std::string_view series = {}, double value = 0);
  // As many ticks as there are digits: '1' sends 1, '0' sends 0, '-' sends nothing.
  void Ticks(std::string_view series, std::string_view digits);

  [[nodiscard]] rules::GroupSnapshot Group(std::string_view name = "g") const;
  [[nodiscard]] rules::RuleSnapshot Rule(std::size_t index = 0) const;  // Of the group "g".
  // Pending and firing alerts of a rule: `{alertname="A", job="a"} firing active 1 fired 3 value 0.5`, a line each;
  // times are minutes since the first slot.
  [[nodiscard]] std::string Alerts(std::size_t rule = 0) const;
  // An instant query at the last evaluation, by label set: `{a="b"} 1`, a line each; or the error.
  [[nodiscard]] std::string Query(std::string_view query) const;
  // What the sink took since the last call: `firing A@3 from 3 to 7`, or `resolved A@5 from 3 to 5`; a line each. Times
  // are minutes since the first slot, "@" the evaluation.
  [[nodiscard]] std::string NewUpdates();
  // History since the beginning: `1 A inactive -> pending (became pending)`, a line each.
  [[nodiscard]] std::string History() const;

  [[nodiscard]] double MinutesOf(base::TimestampMs t) const;

  // The parts, for tests to tamper with.
  base::SimulatedClock clock;
  base::MetricsRegistry metrics;
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<storage::StateStore> memory_state;
  FailingStateStore state;
  promql::Engine engine;
  RecordingSink sink;
  rules::RuleOptions options;
  const rules::Topology* topology = nullptr;
  std::unique_ptr<rules::RuleManager> manager;

 private:
  const std::string folder_;
  const std::string path_;
  std::optional<base::TimestampMs> first_slot_;  // Of group "g", once it is known.
};

}  // namespace bellwether::timeline
