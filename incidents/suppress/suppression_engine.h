// incidents/suppress/suppression_engine.h
//
// What Suppressor does, without its thread: takes updates, decides, owes what is told to the takers. Belongs to one
// thread at a time.
//
// Each step (Take, Decide, Deliver) writes one batch and is done with it: a crash before it repeats the step, one
// behind it goes on. Where the state store fails, what was changed in memory is dropped and read anew with the next
// step. A step costs what it changes: the updates, the alerts that they affect, and those whose time has come.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "incidents/suppress/blocking_graph.h"
#include "incidents/suppress/suppression.h"
#include "incidents/suppress/suppression_store.h"
#include "incidents/suppression.h"
#include "incidents/topology.h"
#include "incidents/update_sink.h"
#include "metric/alert_update.h"
#include "storage/state_store.h"

namespace bellwether::incidents {

struct SuppressionMetrics {
  explicit SuppressionMetrics(base::MetricsRegistry& metrics);

  base::Counter& held;
  base::Counter& suppressed;
  base::Counter& released;  // Told after they were held or suppressed.
  base::Counter& unsaid;    // Ended without a word.
  base::Gauge& holding;
  base::Gauge& suppressing;
  base::Gauge& owed;
};

struct SuppressionSettings {
  std::shared_ptr<const Topology> topology = std::make_shared<const Topology>();
  SuppressionPolicy policy = {};
  std::vector<RuleDependencies> rules = {};
};

class SuppressionEngine {
 public:
  // `started_at`: of the process. The others outlive the engine.
  SuppressionEngine(storage::StateStore& state, SuppressionMetrics& metrics, base::TimestampMs started_at)
      : state_(state), metrics_(metrics), started_at_(started_at) {}

  // The next Decide judges every alert by these.
  void Configure(SuppressionSettings settings);

  // Takes the updates behind the last one taken. On OK they are durable, and all decisions that follow from them.
  base::Status Take(std::span<const metric::AlertUpdate> updates, base::TimestampMs now);
  // Decides about alerts whose time has come, or whose blockers changed.
  base::Status Decide(base::TimestampMs now);
  // Hands what is owed to `sink` and forgets what it took.
  base::Status Deliver(UpdateSink& sink);

  // When Decide has something to do; Max: not until something comes.
  [[nodiscard]] base::TimestampMs NextDue() const;

  // The standings that changed since the last call; `whole`: those not named here are gone.
  struct Changes {
    bool whole = false;
    std::vector<std::pair<metric::Labels, std::optional<Standing>>> standings;
  };
  [[nodiscard]] Changes TakeChanges() { return std::exchange(changes_, {}); }

 private:
  struct Entry {
    AlertRecord record;
    std::optional<base::TimestampMs> due;  // As in `timers_`.
    std::optional<Standing> standing;
  };
  // An update that goes on: the end of an alert that was told, or, if it is told, the update of one that fires.
  struct Passing {
    std::optional<AlertId> firing;
    metric::AlertUpdate update;
    std::string note;  // Of an end.
  };
  using OwedKey = std::string;  // Equal for updates that tell the same thing at different times.

  base::Status Load(base::TimestampMs now);
  base::Status Step(base::TimestampMs now);
  base::Status Write();

  void NoteUpdate(const metric::AlertUpdate& update, base::TimestampMs now);
  void NoteFiring(const metric::AlertUpdate& update, base::TimestampMs now);
  void NoteEnd(const metric::AlertUpdate& update, base::TimestampMs now);
  void PassOn(AlertId from, const metric::Labels& to, base::TimestampMs now);
  AlertId NewEntry(const metric::Labels& labels);
  void PutInGraph(AlertId id);
  void EndEntry(AlertId id, base::TimestampMs now);
  void EraseEntry(AlertId id);

  void EndDue(base::TimestampMs now);
  void DecideOne(AlertId id, base::TimestampMs now);
  void SetStanding(AlertId id, std::optional<Standing> standing);
  void SetDue(AlertId id, std::optional<base::TimestampMs> due);
  [[nodiscard]] Standing StandingOf(AlertId id, const SuppressionDecision& decision) const;
  void AddContext(AlertId id, metric::AlertUpdate& update) const;
  [[nodiscard]] std::string ReasonText(AlertId id, SuppressionReason reason) const;
  [[nodiscard]] std::string BlockersText(AlertId id) const;
  [[nodiscard]] bool HoldsInvariantC(std::span<const AlertId> decided) const;

  void Owe(metric::AlertUpdate update, const std::string& note);
  [[nodiscard]] std::vector<metric::AlertUpdate> NextOwed() const;
  void EraseOwed(std::uint64_t number);
  [[nodiscard]] DependencyList DependenciesOf(const metric::AlertUpdate& update) const;
  [[nodiscard]] bool IsHigher(const metric::Labels& labels, const metric::Labels& than) const;

  storage::StateStore& state_;
  SuppressionMetrics& metrics_;
  const base::TimestampMs started_at_;
  SuppressionSettings settings_;
  std::map<std::string, std::vector<std::pair<metric::Labels, DependencyList>>, std::less<>> dependencies_;  // By rule.

  bool loaded_ = false;
  bool is_new_ = false;  // Nothing was taken yet, ever.
  SuppressionMeta meta_;
  SuppressionMeta written_meta_;
  std::unique_ptr<BlockingGraph> graph_;
  AlertId last_id_ = 0;
  std::unordered_map<metric::Labels, AlertId, metric::LabelsHash> ids_;
  std::map<AlertId, Entry> entries_;
  std::set<std::pair<base::TimestampMs, AlertId>> timers_;
  std::map<std::uint64_t, metric::AlertUpdate> owed_;
  std::map<OwedKey, std::uint64_t> newest_owed_;
  Changes changes_;

  // Of the present step.
  std::vector<Passing> passing_;
  std::vector<AlertId> released_;  // Told for the first time.
  std::set<AlertId> dirty_;
  std::vector<metric::Labels> erased_;
  std::vector<std::uint64_t> new_owed_;
  std::vector<std::uint64_t> erased_owed_;
};

}  // namespace bellwether::incidents
