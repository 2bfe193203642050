// notify/receivers/signature.h
//
// Headers by which a webhook knows that a message is ours and was not changed. Pure.
//
// Source: Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature), and X-Hub-Signature-256 as GitHub has
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/status.h"
#include "base/time.h"

namespace bellwether::notify {

// `keys`: "whsec_" and base64 of 24 to 64 bytes each; during a rotation there are several, and one signature for each.
// kInvalidArgument, without the key, if one is none.
[[nodiscard]] base::Result<base::HttpHeaders> SignStandard(std::span<const std::string> keys, std::string_view id,
                                                           base::TimestampMs now, std::string_view body);

// "sha256=" and the HMAC in hexadecimal.
[[nodiscard]] std::string HubSignature(std::string_view secret, std::string_view body);

}  // namespace bellwether::notify
