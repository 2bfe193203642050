#include "promql/query_gate.h"

#include <chrono>

namespace bellwether::promql {

base::Status QueryGate::Enter(const QueryContext& context) {
  // Deadlines are the handed-in clock's, which may be a simulated one, so waiting looks up from time to time.
  constexpr std::chrono::milliseconds kLookUp(20);
  base::MutexLock lock(mu_);
  const std::uint64_t ticket = next_ticket_++;
  waiting_.push_back(ticket);
  while (free_ == 0 || waiting_.front() != ticket) {
    base::Status alive = context.CheckAlive("query queue");
    if (!alive.ok()) {
      std::erase(waiting_, ticket);
      changed_.NotifyAll();
      if (alive.code() == base::StatusCode::kCancelled) return alive;
      return base::Execution("context deadline exceeded");
    }
    changed_.WaitFor(mu_, kLookUp);
  }
  waiting_.pop_front();
  --free_;
  if (free_ > 0) changed_.NotifyAll();
  return base::OkStatus();
}

void QueryGate::Leave() {
  base::MutexLock lock(mu_);
  ++free_;
  changed_.NotifyAll();
}

}  // namespace bellwether::promql
