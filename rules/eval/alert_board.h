// rules/eval/alert_board.h
//
// What every alerting rule found at its last finished evaluation, for rules that take other alerts as signals. Each
// rule posts after its evaluation; a reader sees the last finished one, and of a rule before it in its group the one of
// its own slot. Thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "metric/labels.h"

namespace bellwether::rules {

// Of all rules of one name.
struct AlertPosting {
  bool known = false;                  // Each of them was evaluated, or its alerts were restored.
  bool failed = false;                 // One of them is in error.
  std::vector<metric::Labels> firing;  // Labels of the alerts that fire.
};

class AlertBoard {
 public:
  // Somebody will read the alert. Only what is wanted need be posted.
  void Want(const std::string& alert);
  [[nodiscard]] bool IsWanted(std::string_view alert) const;

  // `rule` tells rules of one name apart.
  void Post(const std::string& alert, const std::string& rule, AlertPosting posting);
  void Remove(const std::string& alert, const std::string& rule);

  [[nodiscard]] AlertPosting Read(std::string_view alert) const;

 private:
  mutable base::Mutex mu_;
  std::set<std::string, std::less<>> wanted_ BW_GUARDED_BY(mu_);
  std::map<std::string, std::map<std::string, AlertPosting>, std::less<>> postings_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::rules
