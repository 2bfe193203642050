// notify/policy/inhibition.h
//
// Which alerts keep others from being told. A rule's firing source alerts are indexed by the values of its `equal`
// labels, all of them: while one of them is left, the targets stay inhibited, whatever became of the others.
//
// Inhibition is not transitive: an inhibited alert inhibits others. An alert that is both source and target of a rule
// is not inhibited by alerts that are both, so that no two alerts silence each other.
//
// Source: Alertmanager's inhibition, which keeps one source for each key.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "notify/config/config.h"

namespace bellwether::notify {

// One thread at a time.
class Inhibition {
 public:
  explicit Inhibition(std::vector<InhibitRule> rules = {});

  // Whether the rules would ever inhibit anything.
  [[nodiscard]] bool empty() const { return rules_.empty(); }

  // The alert fires until `ends_at`, if nothing more is said of it.
  void SetFiring(std::uint64_t fingerprint, const metric::Labels& labels, base::TimestampMs ends_at);
  void Remove(std::uint64_t fingerprint);

  // The fingerprints of those that inhibit an alert with these labels at `now`: by rule in order, then ascending; each
  // once.
  [[nodiscard]] std::vector<std::uint64_t> InhibitorsOf(const metric::Labels& labels, base::TimestampMs now) const;

 private:
  struct Source {
    base::TimestampMs ends_at;
    bool is_target = false;  // Of the same rule.
  };
  struct Rule {
    InhibitRule config;
    std::unordered_map<std::string, std::map<std::uint64_t, Source>> sources;  // By the values of `equal`.
  };
  std::vector<Rule> rules_;
  std::unordered_map<std::uint64_t, std::vector<std::pair<std::size_t, std::string>>> places_;  // Rule and key.
};

}  // namespace bellwether::notify
