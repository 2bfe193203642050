#include "notify/receivers/mime.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"

namespace bellwether::notify {
namespace {

constexpr std::size_t kFoldAt = 78;
constexpr std::size_t kEncodedWordMax = 75;
constexpr std::size_t kBodyLineMax = 76;

bool IsPrintableAscii(char c) { return c >= ' ' && c <= '~'; }

std::string OneLine(std::string_view value) {
  std::string out;
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return out;
}

// A code point in the Q encoding.
std::string QBytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '_';
    } else {
      out += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Encoded words, each whole code points, a space and a fold between them.
std::string EncodedWords(std::string_view value) {
  constexpr std::string_view kOpen = "=?UTF-8?Q?";
  constexpr std::string_view kClose = "?=";
  std::string out(kOpen);
  std::size_t length = kOpen.size();
  while (!value.empty()) {
    std::string_view rest = value;
    base::NextCodePoint(rest);
    const std::string one = QBytes(value.substr(0, value.size() - rest.size()));
    value = rest;
    if (length + one.size() + kClose.size() > kEncodedWordMax) {
      out.append(kClose).append("\r\n ").append(kOpen);
      length = kOpen.size();
    }
    out += one;
    length += one.size();
  }
  return out.append(kClose);
}

// Folds at spaces; a word that is too long alone is broken.
std::string Folded(std::string_view name, std::string_view value) {
  std::string out;
  std::size_t column = name.size() + 1;
  while (!value.empty()) {
    const std::size_t space = std::min(value.find(' ', 1), value.size());
    std::string_view word = value.substr(0, std::min<std::size_t>(space, 900));
    value.remove_prefix(word.size());
    if (column + word.size() > kFoldAt && column > name.size() + 1) {
      out += "\r\n";
      column = 0;
      if (word.front() != ' ') out += ' ';
    }
    out += word;
    column += word.size();
  }
  return out;
}

void AppendPart(std::string& out, std::string_view type, const std::string& body) {
  out += fmt::format("Content-Type: {}; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
  out += QuotedPrintable(body);
}

}  // namespace

std::string MailHeaderLines(std::string_view name, std::string_view value) {
  const std::string line = OneLine(value);
  const bool is_ascii = std::all_of(line.begin(), line.end(), IsPrintableAscii);
  const std::string field = OneLine(name);
  // A value that looks encoded but is not would be decoded.
  const bool plain = is_ascii && line.find("=?") == std::string::npos;
  return field + ":" + (plain ? Folded(field, " " + line) : " " + EncodedWords(line)) + "\r\n";
}

std::string QuotedPrintable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    if (column + piece.size() > kBodyLineMax - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool plain = (IsPrintableAscii(c) || c == '\t') && c != '=' && !((c == ' ' || c == '\t') && ends_line);
    if (plain) {
      put({&c, 1});
    } else {
      put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
  }
  if (column > 0) out += "\r\n";
  return out;
}

std::string MailData(const MailHeaders& headers, const std::string& text, const std::string& html,
                     std::string_view boundary) {
  std::string out;
  for (const auto& [name, value] : headers) out += MailHeaderLines(name, value);
  out += "MIME-Version: 1.0\r\n";
  if (text.empty() || html.empty()) {
    AppendPart(out, html.empty() ? "text/plain" : "text/html", html.empty() ? text : html);
    return out;
  }
  out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
  out += fmt::format("--{}\r\n", boundary);
  AppendPart(out, "text/plain", text);
  out += fmt::format("--{}\r\n", boundary);
  AppendPart(out, "text/html", html);
  return out + fmt::format("--{}--\r\n", boundary);
}

std::vector<std::string> MailAddresses(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    // A comma inside quotes belongs to a display name.
    std::size_t end = 0;
    for (bool quoted = false; end < list.size() && (quoted || list[end] != ','); ++end) {
      if (list[end] == '"') quoted = !quoted;
    }
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t open = one.find('<');
    if (open != std::string_view::npos) {
      one.remove_prefix(open + 1);
      one = one.substr(0, one.rfind('>'));
    }
    const std::size_t first = one.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) continue;
    one = one.substr(first, one.find_last_not_of(" \t\r\n") - first + 1);
    const bool clean = std::none_of(one.begin(), one.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == ',' || c == 0x7F;
    });
    if (!clean || one.find('@') == std::string_view::npos) return {};
    out.emplace_back(one);
  }
  return out;
}

}  // namespace bellwether::notify
