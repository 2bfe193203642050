#include "notify/policy/suppression.h"

#include <algorithm>

namespace bellwether::notify {
namespace {

constexpr std::size_t kKeptMax = 200'000;  // Alerts whose silences are kept; beyond it they are found anew.

bool IsMatched(const Silence& silence, const metric::Labels& labels) {
  return std::all_of(silence.matchers.begin(), silence.matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

}  // namespace

void Suppression::SetSilences(std::shared_ptr<const SilenceSet> silences) {
  if (silences_ != nullptr && silences->version == silences_->version) return;
  silences_ = std::move(silences);
  matching_.clear();
}

const std::vector<const Silence*>& Suppression::MatchingOf(std::uint64_t fingerprint,
                                                           const metric::Labels& labels) const {
  const auto it = matching_.find(fingerprint);
  if (it != matching_.end()) return it->second;
  if (matching_.size() >= kKeptMax) matching_.clear();
  std::vector<const Silence*>& out = matching_[fingerprint];
  for (const auto& [id, silence] : silences_->silences) {
    if (IsMatched(silence, labels)) out.push_back(&silence);
  }
  return out;
}

AlertStanding Suppression::StandingOf(std::uint64_t fingerprint, const metric::Labels& labels,
                                      base::TimestampMs now) const {
  AlertStanding standing{.inhibited_by = inhibition_.InhibitorsOf(labels, now), .silenced_by = {}};
  if (silences_ == nullptr || silences_->silences.empty()) return standing;
  for (const Silence* silence : MatchingOf(fingerprint, labels)) {
    if (StateOf(*silence, now) == SilenceState::kActive) standing.silenced_by.push_back(silence->id);
  }
  return standing;
}

}  // namespace bellwether::notify
