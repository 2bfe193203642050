// incidents/suppressor.h
//
// Stands between the rules and those who tell people. An alert that another one explains is not told: the pipeline is
// down, and the forty models behind it need not say so. Which alerts explain which is said by topology, and by
// depends_on in rules.
//
// An alert that fires is told, held for a while so that a slower cause can appear, or suppressed; see
// incidents/suppress/suppression.h for when and for how long, incidents/suppress/blocking_graph.h for by whom. What is
// not told goes on being evaluated, recorded and shown, with its reason. What was told once goes on being sent, and its
// end is told; the end of what was never told is not.
//
// Durable: the updates taken, the decisions and what is owed to the takers are one batch in the state store under
// "incidents/suppress/". A crash between any two steps repeats a step or completes it: nothing is told twice that the
// taker has taken, nothing is forgotten.
//
// Invariant C: whoever follows the causes of a suppressed alert comes to one that is told or will be.
//
// Road not taken: deciding in the dispatcher, at a flush, as inhibition does. There the Alertmanagers hear everything,
// and a restart has forgotten since when something was silent.
//
// Threads: one owns everything that changes, and alone writes; Take hands its updates to it and waits. Readers have a
// map of their own. No lock is held over I/O.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "incidents/suppression.h"
#include "incidents/topology.h"
#include "incidents/update_sink.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "storage/state_store.h"

namespace bellwether::incidents {

struct SuppressorDependencies {
  storage::StateStore& state;
  base::Clock& clock;
  base::MetricsRegistry& metrics;
  UpdateSink& sink;
  std::function<std::shared_ptr<const Topology>()> topology;  // The one in force; never null.
};

// Those that are held or suppressed, by labels.
using Standings = std::map<metric::Labels, Standing>;

class Suppressor {
 public:
  // Everything in `dependencies` outlives the suppressor.
  explicit Suppressor(SuppressorDependencies dependencies);
  ~Suppressor();  // Stops.

  // Puts settings in force; every alert is judged by them anew. Thread-safe.
  void Configure(SuppressionPolicy policy, std::vector<RuleDependencies> rules);
  // The topology is another one. Thread-safe.
  void TopologyChanged();

  // Takes updates of the rules; see rules/alert_sink.h for the numbering. On OK they are durable. Called from one
  // thread at a time. Errors: the state store's; kUnavailable while the suppressor stops.
  base::Status Take(std::span<const metric::AlertUpdate> updates);

  // Restores what the state store has, then works in the background.
  base::Status Start();
  void Stop();  // Returns when nothing is being handed over any more; what is left stays owed.

  // Decides what is due and hands over what is owed, in this thread; for tests, instead of Start.
  base::Status RunDue();

  // Thread-safe.
  [[nodiscard]] Standings Snapshot() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::incidents
