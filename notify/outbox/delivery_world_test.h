// notify/outbox/delivery_world_test.h
//
// A dispatcher between a giver that gives again what was not taken, a state store that can be cut at any write, and a
// receiver that remembers every request it took. All on a simulated clock: a process dies and is made anew with what
// the store has, as often as a test wants.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "notify/dispatcher.h"
#include "storage/state_store.h"

namespace bellwether::notify {

// Where a process may die. Each is passed again and again; they are counted over a life.
enum class KillPlace : std::uint8_t { kBeforeWrite, kAfterWrite, kBeforeReceipt, kAfterReceipt };

// Counts the places that a life passes and kills it at one of them.
struct KillSwitch {
  std::uint64_t passed = 0;
  std::uint64_t kill_at = 0;  // 0: never.
  bool is_dead = false;
  KillPlace died_at = KillPlace::kBeforeWrite;

  // True if the process is dead, from this place on or from an earlier one.
  bool Pass(KillPlace place);
};

// A store that a dead process cannot write to. `is_full`: no write is taken by a live one either.
class CutStateStore final : public storage::StateStore {
 public:
  CutStateStore(base::Clock& clock, KillSwitch& kill);
  base::Status Apply(const storage::StateBatch& batch) override;
  [[nodiscard]] base::Result<std::optional<std::string>> Get(std::string_view key) const override;
  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override;

  bool is_full = false;
  std::uint64_t refused = 0;

 private:
  const std::unique_ptr<storage::StateStore> inner_;
  KillSwitch& kill_;
};

// A message as the receiver took it.
struct Receipt {
  base::TimestampMs at;
  std::string key;    // Idempotency-Key.
  std::string group;  // Group key.
  std::string reason;
  // Labels and start of each alert: one spell of it.
  std::vector<std::string> firing;
  std::vector<std::string> resolved;
};

class DeliveryWorld {
 public:
  explicit DeliveryWorld(std::string_view config);

  void Fire(const metric::Labels& labels);
  void Resolve(const metric::Labels& labels);
  // Gives what is owed, flushes and sends, second by second (or in longer steps); a process that dies is followed by
  // another, `down` later.
  void Pass(base::DurationMs time, base::DurationMs step = base::Seconds(1));

  // A process that ends and one that follows it at once.
  void Restart() { MakeDispatcher(); }
  // What came since the last call: "REASON [A B] [C]" with the label `n` of the firing and of the resolved alerts.
  [[nodiscard]] std::vector<std::string> Told();

  // What the receiver says; a success without it. Not asked by a dead process.
  std::function<base::Result<base::HttpClientResponse>(base::TimestampMs now)> answer;
  base::DurationMs down = base::Seconds(3);

  base::SimulatedClock clock;
  KillSwitch kill;
  CutStateStore state;
  std::vector<Receipt> receipts;
  int restarts = 0;
  std::uint64_t attempts = 0;
  std::unique_ptr<Dispatcher> dispatcher;

 private:
  void Tell(metric::AlertUpdate update);
  void Give();
  void StepOnce();
  void MakeDispatcher();
  base::Result<base::HttpClientResponse> Receive(const base::HttpClientRequest& request);

  base::FakeHttpClient http_;
  std::unique_ptr<base::MetricsRegistry> metrics_;
  std::shared_ptr<const Config> config_;
  std::deque<metric::AlertUpdate> owed_;
  std::map<metric::Labels, base::TimestampMs> firing_since_;
  std::uint64_t next_sequence_ = 1;
  std::size_t told_ = 0;  // Receipts that Told has given.
};

}  // namespace bellwether::notify
