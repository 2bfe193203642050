#include "notify/policy/suppression.h"

namespace bellwether::notify {

AlertStanding Suppression::StandingOf(std::uint64_t /*fingerprint*/, const metric::Labels& labels,
                                      base::TimestampMs now) const {
  return {.inhibited_by = inhibition_.InhibitorsOf(labels, now), .silenced_by = {}};
}

}  // namespace bellwether::notify
