// base/mail_client.h
//
// Outgoing mail: one message handed to one SMTP server. The real one (server/smtp_client) is over libcurl;
// FakeMailClient beside it answers from a script.
//
// A Status is returned when the server was not reached or the session broke (name, connection, TLS, time-out); what the
// server said, good or bad, is an answer. Passwords are never part of an error.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "base/tls_settings.h"

namespace bellwether::base {

enum class MailSecurity : std::uint8_t {
  kOpportunistic,  // STARTTLS where the server offers it.
  kStartTls,       // STARTTLS, or nothing is sent.
  kImplicitTls,    // TLS from the first byte.
};

struct MailRequest {
  std::string host = {};
  int port = 25;
  MailSecurity security = MailSecurity::kStartTls;
  TlsSettings tls = {};
  std::string hello = {};  // The name in EHLO; empty: localhost.
  std::string username = {};
  std::string password = {};  // For PLAIN and LOGIN; empty: none.
  std::string secret = {};    // For CRAM-MD5; empty: none.
  std::string identity = {};  // On whose behalf, for PLAIN.
  std::string from = {};      // Envelope addresses, without angle brackets.
  std::vector<std::string> to = {};
  std::string data = {};  // Headers and body, lines ending in CRLF; dots are not doubled yet.
  DurationMs timeout = Seconds(60);
};

struct MailRefusal {
  std::string address;
  int code = 0;
};

struct MailAnswer {
  int code = 0;                           // The reply that decided: 250, or the first that was not good.
  std::string text = {};                  // Of that reply.
  std::vector<MailRefusal> refused = {};  // Recipients that were not taken while others were.
};

// Thread-safe.
class MailClient {
 public:
  virtual ~MailClient() = default;

  // Errors: kDeadlineExceeded (time is over), kUnavailable (anything else), kInvalidArgument (an address or a name with
  // a line break).
  virtual Result<MailAnswer> Send(const MailRequest& request) = 0;
};

// Keeps every request; 250 when nothing is scripted.
class FakeMailClient final : public MailClient {
 public:
  Result<MailAnswer> Send(const MailRequest& request) override;

  void Script(Result<MailAnswer> answer);
  [[nodiscard]] std::vector<MailRequest> Requests() const;

 private:
  mutable Mutex mu_;
  std::deque<Result<MailAnswer>> script_ BW_GUARDED_BY(mu_);
  std::vector<MailRequest> requests_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::base
