// notify/policy/outcome.h
//
// What follows an answer of a receiver: done, again later, or never. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/status.h"
#include "base/time.h"

namespace bellwether::notify {

enum class OutcomeClass : std::uint8_t {
  kSuccess,
  kRetry,         // Network, time-out, 408, 425, 429, 5xx: again after a pause that grows.
  kFatalMessage,  // This message will never be taken: 400, 413, 422, a template that fails.
  kFatalChannel,  // The receiver takes nothing: wrong key, channel gone. Tried again slowly; a person must act.
};

struct Outcome {
  OutcomeClass kind = OutcomeClass::kSuccess;
  std::string reason = {};                           // Without URL or key; at most 200 bytes of the answer.
  std::optional<base::DurationMs> retry_after = {};  // What the receiver asked for.
  bool is_too_large = false;                         // Of a message: it may be taken with less in it.
};

// `integration` is "webhook", "slack" or "pagerduty"; 403 and 404 do not mean the same to each.
[[nodiscard]] Outcome ClassifyAnswer(std::string_view integration, const base::Result<base::HttpClientResponse>& answer,
                                     base::TimestampMs now);

// Of a mail: 4yz is for later; of 5yz those about who we are (authentication, TLS) stop everything, the others this
// message.
[[nodiscard]] Outcome ClassifyMail(const base::Result<base::MailAnswer>& answer);

// "200: ok", at most 200 bytes of the answer.
[[nodiscard]] std::string AnswerText(const base::HttpClientResponse& answer);

// "120" or an HTTP date, as a pause from `now` on; nothing if it is neither. Between 0 and one hour.
[[nodiscard]] std::optional<base::DurationMs> ParseRetryAfter(std::string_view text, base::TimestampMs now);

inline constexpr base::DurationMs kBackoffBase = base::Milliseconds(500);
inline constexpr base::DurationMs kBackoffCap = base::Seconds(60);
inline constexpr base::DurationMs kBrokenChannelProbe = base::Minutes(5);
inline constexpr base::DurationMs kGiveUpAge = base::Days(7);

// The pause after attempt number `attempts` (from 1): full jitter over min(cap, base * 2^(attempts-1)), at least
// a millisecond; `random` in [0, 1).
[[nodiscard]] base::DurationMs Backoff(int attempts, double random);

}  // namespace bellwether::notify
