// notify/receivers/mime.h
//
// Mail as bytes: headers that cannot be broken out of, bodies in quoted-printable, a text and an HTML form of the same.
// Pure.
//
// Source: RFC 5322 (lines), RFC 2045 (quoted-printable), RFC 2046 (multipart), RFC 2047 (encoded words).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bellwether::notify {

using MailHeaders = std::vector<std::pair<std::string, std::string>>;  // Values as UTF-8, not encoded.

// "Name: value" with CRLF: line breaks and other control characters become spaces, words that are not ASCII are
// encoded, lines are folded at 78 characters and never longer than 998.
[[nodiscard]] std::string MailHeaderLines(std::string_view name, std::string_view value);

// Lines of at most 76 characters that end in CRLF.
[[nodiscard]] std::string QuotedPrintable(std::string_view text);

// A whole message, multipart/alternative where there are both forms. `boundary` stands in neither.
[[nodiscard]] std::string MailData(const MailHeaders& headers, const std::string& text, const std::string& html,
                                   std::string_view boundary);

// The addresses of a comma list, without display names: "Mia <mia@x>, ops@y" are mia@x and ops@y. Empty if one of them
// has no @, or a character that could end the command it stands in.
[[nodiscard]] std::vector<std::string> MailAddresses(std::string_view list);

}  // namespace bellwether::notify
