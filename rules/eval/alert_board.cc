#include "rules/eval/alert_board.h"

#include <utility>

namespace bellwether::rules {

void AlertBoard::Want(const std::string& alert) {
  const base::MutexLock lock(mu_);
  wanted_.insert(alert);
}

bool AlertBoard::IsWanted(std::string_view alert) const {
  const base::MutexLock lock(mu_);
  return wanted_.contains(alert);
}

void AlertBoard::Post(const std::string& alert, const std::string& rule, AlertPosting posting) {
  const base::MutexLock lock(mu_);
  postings_[alert].insert_or_assign(rule, std::move(posting));
}

void AlertBoard::Remove(const std::string& alert, const std::string& rule) {
  const base::MutexLock lock(mu_);
  const auto found = postings_.find(alert);
  if (found == postings_.end()) return;
  found->second.erase(rule);
  if (found->second.empty()) postings_.erase(found);
}

AlertPosting AlertBoard::Read(std::string_view alert) const {
  const base::MutexLock lock(mu_);
  AlertPosting all;
  const auto found = postings_.find(alert);
  if (found == postings_.end()) return all;
  all.known = true;
  for (const auto& [rule, posting] : found->second) {
    all.known = all.known && posting.known;
    all.failed = all.failed || posting.failed;
    all.firing.insert(all.firing.end(), posting.firing.begin(), posting.firing.end());
  }
  return all;
}

}  // namespace bellwether::rules
