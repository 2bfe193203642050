#include "notify/policy/outcome.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "template/go_time.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kReasonBytesMax = 200;
constexpr base::DurationMs kRetryAfterMax = base::Hours(1);

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The beginning of an answer, printable.
std::string Excerpt(std::string_view body) {
  std::string out;
  while (!body.empty() && out.size() < kReasonBytesMax) {
    const std::uint32_t c = base::NextCodePoint(body);
    base::AppendUtf8(out, c < 0x20 || c == 0x7F ? ' ' : c);
  }
  return out;
}

std::optional<base::DurationMs> Hint(const base::HttpClientResponse& response, base::TimestampMs now) {
  if (const auto header = ParseRetryAfter(response.Header("Retry-After"), now)) return header;
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object() || !json.contains("retry_after") || !json["retry_after"].is_number()) return std::nullopt;
  const double seconds = json["retry_after"].get<double>();
  if (!(seconds >= 0)) return std::nullopt;
  return base::DurationMs(static_cast<std::int64_t>(std::min(seconds * 1000, static_cast<double>(kRetryAfterMax.ms))));
}

OutcomeClass ClassOfStatus(std::string_view integration, int status) {
  if (status >= 200 && status < 300) return OutcomeClass::kSuccess;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return OutcomeClass::kRetry;
  if (status == 401 || status == 403 || status == 410) return OutcomeClass::kFatalChannel;
  // A Slack webhook that is gone answers 404; elsewhere it is a path that does not exist.
  if (status == 404 && integration == "slack") return OutcomeClass::kFatalChannel;
  return OutcomeClass::kFatalMessage;
}

// Slack's Web API and its look-alikes say 200 and tell the truth in the body.
OutcomeClass ClassOfSlackError(std::string_view error) {
  if (IsOneOf(error, {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})) {
    return OutcomeClass::kRetry;
  }
  if (IsOneOf(error, {"channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "restricted_action",
                      "invalid_auth", "token_revoked", "token_expired", "account_inactive", "missing_scope",
                      "no_permission", "no_service", "no_team"})) {
    return OutcomeClass::kFatalChannel;
  }
  return OutcomeClass::kFatalMessage;
}

// Slack says so of messages that plain text may save.
bool IsSlackTooLarge(std::string_view error) {
  return IsOneOf(error, {"msg_too_long", "invalid_blocks", "invalid_blocks_format", "too_many_attachments",
                         "invalid_attachments"});
}

}  // namespace

std::string AnswerText(const base::HttpClientResponse& answer) {
  const std::string excerpt = Excerpt(answer.body);
  return fmt::format("{}{}{}", answer.status, excerpt.empty() ? "" : ": ", excerpt);
}

Outcome ClassifyMail(const base::Result<base::MailAnswer>& answer) {
  if (!answer.ok()) {
    const bool hopeless = answer.status().code() == base::StatusCode::kInvalidArgument;
    return {.kind = hopeless ? OutcomeClass::kFatalMessage : OutcomeClass::kRetry, .reason = answer.status().message()};
  }
  if (answer->code < 400) return {};
  Outcome out{.kind = OutcomeClass::kRetry, .reason = "SMTP " + Excerpt(answer->text)};
  if (answer->code < 500) return out;
  const bool is_about_us = answer->code == 530 || answer->code == 534 || answer->code == 535 || answer->code == 538;
  out.kind = is_about_us ? OutcomeClass::kFatalChannel : OutcomeClass::kFatalMessage;
  out.is_too_large = answer->code == 552;
  return out;
}

std::optional<base::DurationMs> ParseRetryAfter(std::string_view text, base::TimestampMs now) {
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end == text.data() + text.size() && error == std::errc()) {
    if (seconds < 0) return std::nullopt;
    return base::Seconds(std::min(seconds, kRetryAfterMax.ms / 1000));
  }
  const auto date = templating::ParseTime("Mon, 02 Jan 2006 15:04:05 MST", text);
  if (!date.ok()) return std::nullopt;
  return std::clamp(date->at - now, base::DurationMs(0), kRetryAfterMax);
}

Outcome ClassifyAnswer(std::string_view integration, const base::Result<base::HttpClientResponse>& answer,
                       base::TimestampMs now) {
  if (!answer.ok()) {
    const base::Status status = answer.status();
    const bool hopeless = status.code() == base::StatusCode::kInvalidArgument;
    return {.kind = hopeless ? OutcomeClass::kFatalChannel : OutcomeClass::kRetry,
            .reason = status.message(),
            .retry_after = {}};
  }
  Outcome out{.kind = ClassOfStatus(integration, answer->status), .reason = {}, .retry_after = {}};
  if (out.kind == OutcomeClass::kSuccess && integration == "slack") {
    const auto json = nlohmann::json::parse(answer->body, nullptr, false);
    if (json.is_object() && json.value("ok", true) == false) {
      const std::string error = json.value("error", "");
      out.kind = ClassOfSlackError(error);
      out.is_too_large = IsSlackTooLarge(error);
    }
  }
  if (out.kind == OutcomeClass::kSuccess) return out;
  if (answer->status == 413 && integration != "webhook") out.is_too_large = true;
  out.reason = "status " + AnswerText(*answer);
  if (out.kind == OutcomeClass::kRetry) out.retry_after = Hint(*answer, now);
  return out;
}

base::DurationMs Backoff(int attempts, double random) {
  const double ceiling = std::min(static_cast<double>(kBackoffCap.ms),
                                  static_cast<double>(kBackoffBase.ms) * std::exp2(std::clamp(attempts - 1, 0, 30)));
  return base::DurationMs(std::max<std::int64_t>(1, static_cast<std::int64_t>(ceiling * random)));
}

}  // namespace bellwether::notify
