// notify/silences.h
//
// Silences: while one holds, alerts that match it are not told. Made, changed and ended by people over the API; kept in
// the state store under "notify/v1/silence/", one entry each, so that no writer can lose what another wrote.
//
// A silence that is over stays visible for the retention. Its state follows the clock alone: nothing has to happen for
// it to begin or to end.
//
// Source: Alertmanager's silences; what an update may change in place, and when a new id is given.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/state_store.h"

namespace bellwether::notify {

struct Silence {
  std::string id;                         // UUID; empty in one to be made.
  std::vector<metric::Matcher> matchers;  // All must match.
  base::TimestampMs starts_at;
  base::TimestampMs ends_at;
  base::TimestampMs updated_at;
  std::string created_by;
  std::string comment;
  metric::Annotations annotations;
  friend bool operator==(const Silence&, const Silence&) = default;
};

enum class SilenceState : std::uint8_t { kPending, kActive, kExpired };
[[nodiscard]] SilenceState StateOf(const Silence& silence, base::TimestampMs now);
// "pending", "active", "expired"
[[nodiscard]] std::string_view SilenceStateText(SilenceState state);

// All silences at one moment. Immutable.
struct SilenceSet {
  std::uint64_t version = 0;                             // Another one for another set.
  std::map<std::string, Silence, std::less<>> silences;  // By id.
};

struct SilenceLimits {
  std::size_t silences_max = 0;                   // Expired ones included; 0: no limit.
  std::size_t bytes_max = 0;                      // Of one; 0: no limit.
  base::DurationMs retention = base::Hours(120);  // How long one stays that is over.
};

// Thread-safe. Locks: `turn_` (held over a write) before `mu_` (memory alone); both after those of the dispatcher.
class Silences {
 public:
  // `state`, `clock` and `metrics` outlive it.
  Silences(storage::StateStore& state, base::Clock& clock, base::MetricsRegistry& metrics, std::uint64_t seed);

  // Reads what the store has, once; the other members do so by themselves.
  base::Status Load();
  void SetLimits(SilenceLimits limits);

  // Makes or changes a silence and returns its id, which is a new one where the old could not be changed in place and
  // has been ended. kNotFound: the id is unknown; kInvalidArgument: what is wrong with it, or which limit it exceeds.
  base::Result<std::string> Set(Silence silence);
  // Ends it now; one that is over stays as it is. kNotFound.
  base::Status Expire(std::string_view id);

  // Never null.
  [[nodiscard]] std::shared_ptr<const SilenceSet> Current() const;

 private:
  base::Status LoadOnce() BW_REQUIRES(turn_);
  // Writes them down, then shows them.
  base::Status Put(const std::vector<Silence>& silences) BW_REQUIRES(turn_);
  std::string MakeId() BW_REQUIRES(turn_);
  // Lets go of those whose retention is over.
  void Forget(std::map<std::string, Silence, std::less<>>& silences) const BW_REQUIRES(turn_);

  storage::StateStore& state_;
  base::Clock& clock_;
  base::Mutex turn_;
  mutable base::Mutex mu_;
  SilenceLimits limits_ BW_GUARDED_BY(turn_);
  std::mt19937_64 random_ BW_GUARDED_BY(turn_);
  bool loaded_ BW_GUARDED_BY(turn_) = false;
  std::shared_ptr<const SilenceSet> current_ BW_GUARDED_BY(mu_) = std::make_shared<const SilenceSet>();
};

}  // namespace bellwether::notify
