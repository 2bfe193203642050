// notify/receivers/identity.h
//
// Identities that outside systems keep: dedup keys and idempotency keys.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::notify {

// SHA-256, lower-case hexadecimal.
[[nodiscard]] std::string Sha256Hex(std::string_view bytes);

}  // namespace bellwether::notify
