#include "api/handlers/sender_table.h"

#include <algorithm>

namespace bellwether::api {
namespace {

constexpr std::size_t kSendersMax = 1000;
constexpr std::size_t kUserAgentBytesMax = 256;

}  // namespace

void SenderTable::Note(const Write& write) {
  std::pair<std::string, std::string> key(write.address, write.user_agent.substr(0, kUserAgentBytesMax));
  const base::MutexLock lock(mu_);
  auto found = senders_.find(key);
  if (found == senders_.end()) {
    if (senders_.size() >= kSendersMax) ForgetOldest();
    Sender sender{.address = key.first, .user_agent = key.second, .first_write = write.at, .last_error = {}};
    found = senders_.emplace(std::move(key), std::move(sender)).first;
  }
  Sender& sender = found->second;
  sender.last_write = write.at;
  sender.last_write_s = write.took_s;
  sender.last_error = write.error;
  ++sender.requests;
  if (!write.error.empty()) ++sender.requests_refused;
  sender.samples += write.samples;
}

std::vector<Sender> SenderTable::All() const {
  std::vector<Sender> all;
  const base::MutexLock lock(mu_);
  for (const auto& [key, sender] : senders_) all.push_back(sender);
  return all;
}

void SenderTable::ForgetOldest() {
  const auto oldest = std::min_element(senders_.begin(), senders_.end(), [](const auto& a, const auto& b) {
    return a.second.last_write < b.second.last_write;
  });
  senders_.erase(oldest);
}

}  // namespace bellwether::api
