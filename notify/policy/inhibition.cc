#include "notify/policy/inhibition.h"

#include <algorithm>

#include "base/bytes.h"

namespace bellwether::notify {
namespace {

bool AllMatch(const std::vector<metric::Matcher>& matchers, const metric::Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

std::string EqualKey(const std::vector<std::string>& names, const metric::Labels& labels) {
  std::string key;
  for (const std::string& name : names) base::AppendLengthPrefixed(key, labels.Get(name));
  return key;
}

}  // namespace

Inhibition::Inhibition(std::vector<InhibitRule> rules) {
  for (InhibitRule& rule : rules) rules_.push_back({std::move(rule), {}});
}

void Inhibition::SetFiring(std::uint64_t fingerprint, const metric::Labels& labels, base::TimestampMs ends_at) {
  Remove(fingerprint);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = rules_[i];
    if (!AllMatch(rule.config.source, labels)) continue;
    std::string key = EqualKey(rule.config.equal, labels);
    rule.sources[key][fingerprint] = {ends_at, AllMatch(rule.config.target, labels)};
    places_[fingerprint].emplace_back(i, std::move(key));
  }
}

void Inhibition::Remove(std::uint64_t fingerprint) {
  const auto places = places_.find(fingerprint);
  if (places == places_.end()) return;
  for (const auto& [rule, key] : places->second) {
    const auto sources = rules_[rule].sources.find(key);
    sources->second.erase(fingerprint);
    if (sources->second.empty()) rules_[rule].sources.erase(sources);
  }
  places_.erase(places);
}

std::vector<std::uint64_t> Inhibition::InhibitorsOf(const metric::Labels& labels, base::TimestampMs now) const {
  std::vector<std::uint64_t> out;
  for (const Rule& rule : rules_) {
    if (rule.sources.empty() || !AllMatch(rule.config.target, labels)) continue;
    const auto sources = rule.sources.find(EqualKey(rule.config.equal, labels));
    if (sources == rule.sources.end()) continue;
    const bool is_source = AllMatch(rule.config.source, labels);
    for (const auto& [fingerprint, source] : sources->second) {
      if (source.ends_at <= now || (is_source && source.is_target)) continue;
      if (std::find(out.begin(), out.end(), fingerprint) == out.end()) out.push_back(fingerprint);
    }
  }
  return out;
}

}  // namespace bellwether::notify
