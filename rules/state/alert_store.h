// rules/state/alert_store.h
//
// What rules keep in the state store, all of it under "rules/": keys and byte forms. Pure; reading and writing is the
// callers'. Grammar (lp: varint length, bytes; be: big-endian; v: varint, z: zigzag varint):
//
//   rules/alert/ RULE LABELS        -> 1, ALERT | 2, ALERT, LEVELED         one alert that is remembered
//   rules/signal/ RULE lp(signal) LABELS -> version, CLOCK, double(value)   a series of a signal whose clock runs
//   rules/group/ lp(file) lp(group) -> version, z(last evaluation)          the group was evaluated here before
//   rules/owed/  be64(sequence)     -> metric::EncodeAlertUpdate            an update not taken yet
//   rules/taken                     -> be64(sequence)                       the last update taken
//   rules/history/ be64(time) active be64(hash) -> version, transition      expires after kHistoryRetention
//
//   RULE = lp(file) lp(group) lp(name) be64(hash of the labels' texts) be32(n)    the n-th of equal rules of the group
//   active: 0 for a change to inactive, 1 for others, so that an end comes before a new beginning at the same time
//   LABELS = metric::Labels::bytes
//   ALERT = state, z(active at), four times of its life each behind a byte that says whether there is one, value,
//           annotations
//   LEVELED = lp(source) no_data time?(away since) lp(told) z(told since) z(level since) text?(level) text?(base)
//             text?(lowest) text?(stuck) CLOCK v(n) n * (lp(severity) CLOCK)
//   CLOCK = time?(since) time?(stopped at)
//
// So a rule keeps its alerts over a restart as long as its file's path, group, name and labels stay what they were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "metric/labels.h"
#include "rules/file/rule_file.h"
#include "rules/state/alert_table.h"
#include "rules/state/alert_transition.h"
#include "rules/state/signal_memory.h"

namespace bellwether::rules {

inline constexpr std::string_view kAlertPrefix = "rules/alert/";
inline constexpr std::string_view kSignalPrefix = "rules/signal/";
inline constexpr std::string_view kOwedPrefix = "rules/owed/";
inline constexpr std::string_view kTakenKey = "rules/taken";
inline constexpr std::string_view kHistoryPrefix = "rules/history/";
inline constexpr base::DurationMs kHistoryRetention = base::Days(30);

// "rules/alert/ RULE", the beginning of the keys of a rule's alerts. `number` counts equal rules of a group from 0.
// Rules with levels or signals are equal if their `match_on` is too, and never to others.
[[nodiscard]] std::string RulePrefix(std::string_view file, std::string_view group, const RuleSpec& rule,
                                     std::uint32_t number);
[[nodiscard]] std::string AlertKey(std::string_view rule_prefix, const metric::Labels& labels);

struct AlertKeyParts {
  std::string_view rule_prefix;
  std::string_view file;
  std::string_view group;
  std::string_view name;
  metric::Labels labels;
};
// Nothing for a key that AlertKey did not make. The views are into `key`.
[[nodiscard]] std::optional<AlertKeyParts> ParseAlertKey(std::string_view key);

[[nodiscard]] std::string EncodeAlertEntry(const AlertEntry& entry);
[[nodiscard]] std::optional<AlertEntry> DecodeAlertEntry(std::string_view bytes);

// `rule_prefix` as of AlertKey.
[[nodiscard]] std::string SignalKey(std::string_view rule_prefix, std::string_view signal,
                                    const metric::Labels& series);
struct SignalKeyParts {
  std::string rule_prefix;
  std::string_view signal;
  metric::Labels series;
};
[[nodiscard]] std::optional<SignalKeyParts> ParseSignalKey(std::string_view key);
[[nodiscard]] std::string EncodeSeriesClock(const SeriesClock& clock);
[[nodiscard]] std::optional<SeriesClock> DecodeSeriesClock(std::string_view bytes);

[[nodiscard]] std::string GroupStateKey(std::string_view file, std::string_view group);
[[nodiscard]] std::string EncodeGroupState(base::TimestampMs last_evaluation);
[[nodiscard]] std::optional<base::TimestampMs> DecodeGroupState(std::string_view bytes);

[[nodiscard]] std::string OwedKey(std::uint64_t sequence);

// Keys ascend with the time. `rule` keeps equal changes of two rules apart.
[[nodiscard]] std::string HistoryKey(const AlertTransition& transition, std::string_view rule);
// The least key of a transition at `at`.
[[nodiscard]] std::string HistoryKeyAt(base::TimestampMs at);
[[nodiscard]] std::string EncodeTransition(const AlertTransition& transition);
[[nodiscard]] std::optional<AlertTransition> DecodeTransition(std::string_view bytes);

}  // namespace bellwether::rules
