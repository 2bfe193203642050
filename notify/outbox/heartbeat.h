// notify/outbox/heartbeat.h
//
// A dead man's switch: receivers that are told, again and again, that all is well, so that their silence says that
// nothing is. The words go the way of every message, so that a heartbeat vouches for outbox, store and network too.
// Pure, like planner.h.
#pragma once

#include "notify/outbox/book.h"
#include "notify/outbox/planner.h"

namespace bellwether::notify {

// Queues a heartbeat for each receiver that has an interval and heard the last one that long ago, unless one waits.
void PlanHeartbeats(const PlanContext& context, Change& change);

}  // namespace bellwether::notify
