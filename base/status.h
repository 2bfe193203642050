// base/status.h
//
// Errors as values. A Status is a code and a message; a Result<T> is a T or a Status.
//
// The codes are the product's. One table in api/ maps a code to an HTTP status and to Prometheus's errorType; nothing
// else does. A message says what was being done, to what, and what was found. Secrets (receiver URLs, keys) never enter
// one: redact where the error is born.
//
// The surface of Result follows std::expected, so that the switch in C++23 is an alias.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace bellwether::base {

enum class StatusCode : unsigned char {
  kOk,
  kInvalidArgument,  // The caller's fault, and the same request fails again.
  kNotFound,
  kConflict,       // The thing exists already, or is in another state than assumed.
  kLimitExceeded,  // A configured bound; the message names it.
  kCancelled,
  kDeadlineExceeded,
  kExecution,    // A query that parses but cannot be evaluated.
  kUnavailable,  // Starting, stopping, disk full: try again later.
  kOverloaded,   // Try again after a pause.
  kUnauthenticated,
  kForbidden,
  kCorruption,  // Stored bytes are not what was written.
  kInternal,    // A bug or a failing machine.
};

// "invalid argument", "not found", ...
[[nodiscard]] std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {
    BW_DCHECK(code != StatusCode::kOk);
  }

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const& { return message_; }
  [[nodiscard]] std::string message() && { return std::move(message_); }  // So that no reference outlives a temporary.

  // The same error, told from one level further out: "load rules/a.yml: <message>".
  [[nodiscard]] Status WithContext(std::string_view context) const;

  // "ok" or "not found: <message>", for logs.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

[[nodiscard]] inline Status OkStatus() { return {}; }
[[nodiscard]] inline Status InvalidArgument(std::string m) { return {StatusCode::kInvalidArgument, std::move(m)}; }
[[nodiscard]] inline Status NotFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
[[nodiscard]] inline Status Conflict(std::string m) { return {StatusCode::kConflict, std::move(m)}; }
[[nodiscard]] inline Status LimitExceeded(std::string m) { return {StatusCode::kLimitExceeded, std::move(m)}; }
[[nodiscard]] inline Status Cancelled(std::string m) { return {StatusCode::kCancelled, std::move(m)}; }
[[nodiscard]] inline Status DeadlineExceeded(std::string m) { return {StatusCode::kDeadlineExceeded, std::move(m)}; }
[[nodiscard]] inline Status Execution(std::string m) { return {StatusCode::kExecution, std::move(m)}; }
[[nodiscard]] inline Status Unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
[[nodiscard]] inline Status Overloaded(std::string m) { return {StatusCode::kOverloaded, std::move(m)}; }
[[nodiscard]] inline Status Corruption(std::string m) { return {StatusCode::kCorruption, std::move(m)}; }
[[nodiscard]] inline Status Internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {  // NOLINT(google-explicit-constructor)
    BW_CHECK(!std::get<1>(state_).ok());
  }

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  [[nodiscard]] bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }

  // The value; a bug (checked) when there is none.
  [[nodiscard]] T& value() & {
    BW_CHECK(ok());
    return std::get<0>(state_);
  }
  [[nodiscard]] const T& value() const& {
    BW_CHECK(ok());
    return std::get<0>(state_);
  }
  [[nodiscard]] T&& value() && {
    BW_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // The error; OK when there is a value.
  [[nodiscard]] Status status() const { return ok() ? Status() : std::get<1>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace bellwether::base

#define BW_STATUS_CONCAT_INNER(a, b) a##b
#define BW_STATUS_CONCAT(a, b) BW_STATUS_CONCAT_INNER(a, b)

// Returns the error of `expr` (a Status) to the caller, if there is one.
#define BW_RETURN_IF_ERROR(expr)                                    \
  do {                                                              \
    if (auto bw_status = (expr); !bw_status.ok()) return bw_status; \
  } while (false)

// BW_ASSIGN_OR_RETURN(auto x, F()): x is F's value, or F's error goes to the caller.
#define BW_ASSIGN_OR_RETURN(lhs, expr) BW_ASSIGN_OR_RETURN_INNER(BW_STATUS_CONCAT(bw_result_, __LINE__), lhs, expr)
#define BW_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) return tmp.status();             \
  lhs = std::move(tmp).value()
