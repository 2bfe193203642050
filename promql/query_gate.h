// promql/query_gate.h
//
// Lets a number of queries run at a time; the rest wait in order of arrival, each no longer than its deadline.
#pragma once

#include <cstdint>
#include <deque>

#include "base/mutex.h"
#include "base/status.h"
#include "promql/eval/query_context.h"

namespace bellwether::promql {

class QueryGate {
 public:
  explicit QueryGate(int running_max) : free_(running_max > 0 ? running_max : 1) {}

  // Returns when the query may run; Leave gives its place back. Errors: kExecution "context deadline exceeded" (as
  // Prometheus words it) when the deadline passes in the queue, kCancelled.
  [[nodiscard]] base::Status Enter(const QueryContext& context);
  void Leave();

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  int free_ BW_GUARDED_BY(mu_);
  std::deque<std::uint64_t> waiting_ BW_GUARDED_BY(mu_);  // Tickets, oldest first.
  std::uint64_t next_ticket_ BW_GUARDED_BY(mu_) = 0;
};

}  // namespace bellwether::promql
