// incidents/suppress/suppress_world_test.h
//
// Alerts that come and go on a simulated clock, told to a suppressor as rules tell them, and what a taker hears of
// them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "incidents/suppressor.h"
#include "incidents/topology.h"
#include "metric/alert_update.h"
#include "storage/open.h"

namespace bellwether::incidents {

inline constexpr base::TimestampMs kSuppressStart{1'800'000'000'000};

// A state store that fails or dies at one of its writes.
class FaultyStateStore final : public storage::StateStore {
 public:
  explicit FaultyStateStore(storage::StateStore& store) : store_(store) {}

  // The next write number `at` (from 0) fails; `applied`: it was written all the same, as by a process that dies after.
  void FailAt(std::size_t at, bool applied) {
    fail_at_ = at;
    applied_ = applied;
  }
  [[nodiscard]] std::size_t writes() const { return writes_; }

  base::Status Apply(const storage::StateBatch& batch) override;
  [[nodiscard]] base::Result<std::optional<std::string>> Get(std::string_view key) const override {
    return store_.Get(key);
  }
  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_.Scan(prefix, after, visit);
  }

 private:
  storage::StateStore& store_;
  std::optional<std::size_t> fail_at_;
  bool applied_ = false;
  std::size_t writes_ = 0;
};

// Takes each update once, whatever happens around it.
class RememberingSink final : public UpdateSink {
 public:
  enum class Fault { kNone, kBefore, kAfter };  // The next call fails, before or after it has taken.

  base::Status Take(std::span<const metric::AlertUpdate> updates) override;
  void FailNext(Fault fault) { fault_ = fault; }
  [[nodiscard]] const std::vector<metric::AlertUpdate>& updates() const { return updates_; }

 private:
  Fault fault_ = Fault::kNone;
  std::uint64_t taken_ = 0;
  std::vector<metric::AlertUpdate> updates_;
};

class SuppressWorld {
 public:
  // `components`: the list of a topology, as YAML.
  explicit SuppressWorld(const std::string& components);

  void SetTopology(const std::string& components);
  void SetTopology(std::shared_ptr<const Topology> topology);
  // The depends_on of the rules of an alert.
  void DependsOn(const std::string& alert, std::vector<AlertDependency> dependencies);
  SuppressionPolicy policy;  // In force with Configure.
  void Configure();

  // Begins to fire now.
  void Fire(const std::string& name, const metric::Labels& labels, const std::string& severity = "error");
  void End(const std::string& name);
  // Fires under another severity from now on, as one rule with levels tells it.
  void Move(const std::string& name, const std::string& severity);
  // Nothing more is heard of the alert.
  void FallSilent(const std::string& name);
  // Goes on in steps of five seconds; what fires is told again each minute, what ended for a quarter of an hour.
  void Advance(base::DurationMs by);

  // A new process goes on with what the store has, from the next RunDue on.
  void Restart();
  void RunDue();
  // All writes and hand-overs go well from now on, until they do not.
  [[nodiscard]] FaultyStateStore& store() { return store_; }
  [[nodiscard]] RememberingSink& sink() { return sink_; }
  // After a failure, whoever dies begins anew and tries again: so that nothing of it may show.
  void RestartOnFailure() { restarts_on_failure_ = true; }

  // "told", "gone", or "held: ...", "suppressed: ..." with the reason.
  [[nodiscard]] std::string StandingOf(const std::string& name) const;
  [[nodiscard]] std::optional<Standing> Find(const std::string& name) const;
  [[nodiscard]] Standings All() const { return suppressor_->Snapshot(); }
  // What was heard since the last call: "+A" for an alert that is heard of first, "-A" for its end, in order.
  [[nodiscard]] std::vector<std::string> Heard();
  [[nodiscard]] double Metric(const std::string& line) const;
  [[nodiscard]] base::TimestampMs now() const { return clock_.Now(); }
  [[nodiscard]] Suppressor& suppressor() { return *suppressor_; }

  struct WorldAlert {
    metric::Labels labels;
    base::TimestampMs starts_at;
    std::optional<base::TimestampMs> ended_at;
    bool silent = false;
  };
  [[nodiscard]] const std::map<std::string, WorldAlert>& alerts() const { return alerts_; }

 private:
  void Tell(std::vector<metric::AlertUpdate> updates);
  [[nodiscard]] metric::AlertUpdate UpdateOf(const std::string& name, const WorldAlert& alert) const;
  void TellAll();

  base::SimulatedClock clock_{kSuppressStart};
  std::unique_ptr<storage::StateStore> state_;
  FaultyStateStore store_;
  RememberingSink sink_;
  std::shared_ptr<const Topology> topology_;
  std::map<std::string, std::vector<AlertDependency>> depends_on_;
  std::map<std::string, WorldAlert> alerts_;
  std::unique_ptr<base::MetricsRegistry> metrics_;
  std::unique_ptr<Suppressor> suppressor_;
  bool restarts_on_failure_ = false;
  std::uint64_t last_sequence_ = 0;
  base::TimestampMs told_all_at_;
  std::size_t heard_ = 0;
  std::map<metric::Labels, bool> firing_;  // As the taker has it.
};

}  // namespace bellwether::incidents
