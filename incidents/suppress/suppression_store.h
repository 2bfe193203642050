// incidents/suppress/suppression_store.h
//
// The byte forms of what suppression remembers, in the state store under "incidents/suppress/v1/":
//   meta           when suppression began, the last update taken, the last number given out
//   alert/LABELS   one alert: its last update and its memory
//   owed/NUMBER    an update that the takers have not taken yet
// Integers are varints, times zigzag varints of milliseconds, texts carry their length in front; numbers in keys are
// big-endian. Each value begins with a version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "incidents/suppress/suppression.h"
#include "metric/alert_update.h"
#include "metric/labels.h"

namespace bellwether::incidents {

inline constexpr std::string_view kSuppressedAlertPrefix = "incidents/suppress/v1/alert/";
inline constexpr std::string_view kSuppressedOwedPrefix = "incidents/suppress/v1/owed/";
inline constexpr std::string_view kSuppressionMetaKey = "incidents/suppress/v1/meta";

enum class RecordState : std::uint8_t {
  kFiring = 0,
  kEnded = 1,    // It was told, and its end may be told again.
  kAwaited = 2,  // Another alert goes on under these labels; nothing was heard of them yet. `update` has the labels.
};

struct AlertRecord {
  metric::AlertUpdate update;
  base::TimestampMs onset;  // When it began to fire, whatever its level was.
  RecordState state = RecordState::kFiring;
  base::TimestampMs forget_at;  // Unless it fires.
  SuppressionMemory memory;
  friend bool operator==(const AlertRecord&, const AlertRecord&) = default;
};

struct SuppressionMeta {
  base::TimestampMs began_at;  // What began to fire before that was told before there was suppression.
  std::uint64_t taken = 0;
  std::uint64_t last_given = 0;
  friend bool operator==(const SuppressionMeta&, const SuppressionMeta&) = default;
};

[[nodiscard]] std::string SuppressedAlertKey(const metric::Labels& labels);
[[nodiscard]] std::string SuppressedOwedKey(std::uint64_t number);

[[nodiscard]] std::string EncodeAlertRecord(const AlertRecord& record);
[[nodiscard]] std::string EncodeSuppressionMeta(const SuppressionMeta& meta);
// Nothing for bytes that the encoders did not make.
[[nodiscard]] std::optional<AlertRecord> DecodeAlertRecord(std::string_view bytes);
[[nodiscard]] std::optional<SuppressionMeta> DecodeSuppressionMeta(std::string_view bytes);

}  // namespace bellwether::incidents
