// rules/state/update_queue.h
//
// The updates that rules owe their sink: a durable queue in the state store. Whoever decides reserves numbers, puts the
// updates into the batch that also holds its new states, applies the batch, and publishes; the sink is given what is
// published, ascending; what it took is forgotten. A crash between any two steps repeats or completes, never loses: an
// update is in the store before the sink hears of it, and a taker ignores what it has taken already.
//
// Groups reserve and publish at once, in any order. The sink must see numbers ascending, so an update waits for every
// reservation before it to be published or abandoned.
//
// While the sink does not take, alerts go on being told again. An update that repeats one still owed (same rule,
// labels, phase and start) takes its place, so the queue is bounded by the alerts there are and not by the length of
// the outage.
//
// Thread-safe; Deliver is called by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "metric/alert_update.h"
#include "rules/alert_sink.h"
#include "storage/state_store.h"

namespace bellwether::rules {

class UpdateQueue {
 public:
  // All outlive the queue.
  UpdateQueue(storage::StateStore& state, AlertSink& sink, base::MetricsRegistry& metrics);

  // Reads what is still owed. Call once, before anything else. Errors: the state store's, kCorruption.
  base::Status Restore();

  // Numbers `updates` and adds them to `batch`. Every reservation must be published after the batch was applied, or
  // abandoned if it was not. An empty span needs neither.
  struct Reservation {
    std::uint64_t first = 0;
    std::vector<metric::AlertUpdate> updates;
    std::vector<std::uint64_t> replaced;  // Owed updates that these repeat; the batch deletes them.
  };
  [[nodiscard]] Reservation Reserve(std::vector<metric::AlertUpdate> updates, storage::StateBatch& batch);
  // Of one rule, reservations follow one another.
  void Publish(Reservation reservation);
  // Gives the updates back.
  std::vector<metric::AlertUpdate> Abandon(Reservation reservation);

  // Gives what is published to the sink, at most kTakeMax at once (and one more, to keep the two updates of an alert
  // that goes on under other labels together), and forgets what it took; until nothing is left or
  // the sink or the store fails.
  base::Status Deliver();

  [[nodiscard]] bool HasDeliverable() const;
  [[nodiscard]] std::size_t Size() const;  // Published and not taken.

  static constexpr std::size_t kTakeMax = 1000;

 private:
  [[nodiscard]] std::vector<metric::AlertUpdate> NextBatch() const;
  void InsertOwed(metric::AlertUpdate update) BW_REQUIRES(mu_);
  void EraseOwed(std::uint64_t sequence) BW_REQUIRES(mu_);
  base::Status Forget(std::span<const metric::AlertUpdate> taken);

  storage::StateStore& state_;
  AlertSink& sink_;
  base::Gauge& owed_gauge_;
  base::Counter& taken_total_;

  mutable base::Mutex mu_;
  std::uint64_t last_ BW_GUARDED_BY(mu_) = 0;            // The last number given out.
  std::set<std::uint64_t> reserved_ BW_GUARDED_BY(mu_);  // First numbers of open reservations.
  std::map<std::uint64_t, metric::AlertUpdate> owed_ BW_GUARDED_BY(mu_);
  std::map<std::string, std::uint64_t> newest_ BW_GUARDED_BY(mu_);  // Number of the owed update by what it tells.
};

}  // namespace bellwether::rules
