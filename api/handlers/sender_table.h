// api/handlers/sender_table.h
//
// Who writes here: what a server that receives can say where one that scrapes lists its targets. A sender is an address
// and a User-Agent; the last thousand of them are remembered, until the server stops. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"

namespace bellwether::api {

struct Sender {
  std::string address{};     // Without the port.
  std::string user_agent{};  // May be empty.
  base::TimestampMs first_write{};
  base::TimestampMs last_write{};
  double last_write_s = 0;   // How long the last one took.
  std::string last_error{};  // Of the last one; empty: it was taken.
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // Or failed.
  std::uint64_t samples = 0;           // Taken, histograms among them.
};

class SenderTable {
 public:
  struct Write {
    std::string_view address{};
    std::string_view user_agent{};
    base::TimestampMs at{};
    double took_s = 0;
    std::uint64_t samples = 0;
    std::string_view error{};  // Empty: taken.
  };
  void Note(const Write& write);

  // By address, then by User-Agent.
  [[nodiscard]] std::vector<Sender> All() const;

 private:
  void ForgetOldest() BW_REQUIRES(mu_);

  mutable base::Mutex mu_;
  std::map<std::pair<std::string, std::string>, Sender> senders_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::api
