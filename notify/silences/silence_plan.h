// notify/silences/silence_plan.h
//
// What a posted silence makes of the one that it names. Pure.
//
// Source: Alertmanager 0.34: a silence is changed in place where its matchers stay and its past is not rewritten;
// otherwise it ends and another begins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "notify/silences.h"

namespace bellwether::notify {

// kInvalidArgument "invalid silence: ...".
[[nodiscard]] base::Status CheckSilence(const Silence& silence);

// What is to be written: the silence last, in front of it the one that it replaces, ended. `before`: the one of the
// posted id, null if none is named. `new_id` is for one that begins.
[[nodiscard]] std::vector<Silence> PlanSilence(const Silence* before, Silence posted, base::TimestampMs now,
                                               const std::string& new_id);

// `silence`, ended now; nothing if it is over already.
[[nodiscard]] std::optional<Silence> EndSilence(const Silence& silence, base::TimestampMs now);

// Versioned bytes for the state store, without the id, and back; false on bytes that no silence made.
void EncodeSilence(const Silence& silence, std::string& out);
[[nodiscard]] bool DecodeSilence(std::string_view in, Silence& silence);

}  // namespace bellwether::notify
