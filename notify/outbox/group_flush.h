// notify/outbox/group_flush.h
//
// One flush of one alert group: who of its receiver's integrations is told what. Pure, like planner.h.
#pragma once

#include <string>

#include "notify/outbox/book.h"
#include "notify/outbox/planner.h"

namespace bellwether::notify {

// Queues the messages, sets the timer and forgets resolved alerts. `config` is there.
void FlushGroup(const PlanContext& context, const std::string& id, const AlertGroup& group, Change& change);

// Whether an integration of the group's receiver was told of firing alerts and not yet of their end.
[[nodiscard]] bool IsAnnounced(const PlanContext& context, const Change& change, const AlertGroup& group);

}  // namespace bellwether::notify
