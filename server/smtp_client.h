// server/smtp_client.h
//
// base::MailClient over libcurl, which speaks SMTP: EHLO, STARTTLS or TLS from the first byte, AUTH, the envelope, and
// the data with its dots doubled. A connection serves one message.
//
// What the server answers to each command is read from libcurl's transcript, so that a refused recipient has a name.
// The transcript is not kept: it has the password in it.
#pragma once

#include "base/mail_client.h"
#include "base/status.h"

namespace bellwether::server {

class CurlMailClient final : public base::MailClient {
 public:
  CurlMailClient();
  base::Result<base::MailAnswer> Send(const base::MailRequest& request) override;
};

}  // namespace bellwether::server
