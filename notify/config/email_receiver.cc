#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "notify/config/receiver_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr int kImplicitTlsPort = 465;

// "smtp.example.org:587", "[::1]:25"
bool SplitHostPort(std::string_view text, std::string& host, int& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  host = std::string(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return error == std::errc() && end == digits.data() + digits.size() && port > 0 && port < 65536;
}

// The first letter and those behind a hyphen are capitals.
std::string CanonicalHeader(std::string name) {
  bool first = true;
  for (char& c : name) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    first = c == '-';
  }
  return name;
}

void ReadServer(FieldReader& fields, const YamlNode& node, const GlobalSettings& global, EmailConfig& email,
                ReadContext& context) {
  const std::string smarthost = TextOr(fields, "smarthost", global.mail.smarthost);
  if (smarthost.empty()) {
    context.faults.Add(node.position, "no global SMTP smarthost set");
  } else if (!SplitHostPort(smarthost, email.host, email.port)) {
    context.faults.Add(fields.PositionOf("smarthost"),
                       "field 'smarthost' must be HOST:PORT, such as smtp.example.org:587");
  }
  email.hello = TextOr(fields, "hello", global.mail.hello);
  email.username = TextOr(fields, "auth_username", global.mail.username);
  email.password = ReadSecretField(fields, "auth_password", context);
  if (email.password.empty()) email.password = global.mail.password;
  email.secret = ReadSecretField(fields, "auth_secret", context);
  if (email.secret.empty()) email.secret = global.mail.secret;
  email.identity = TextOr(fields, "auth_identity", global.mail.identity);
  email.tls = global.mail.tls;
  if (const YamlNode* tls = fields.Find("tls_config")) email.tls = ReadTlsConfig(*tls, context);
  auto implicit = fields.Bool("force_implicit_tls");
  if (!implicit) implicit = global.mail.implicit_tls;
  const bool require = fields.Bool("require_tls").value_or(global.mail.require_tls);
  if (implicit.value_or(email.port == kImplicitTlsPort)) {
    email.security = base::MailSecurity::kImplicitTls;
  } else {
    email.security = require ? base::MailSecurity::kStartTls : base::MailSecurity::kOpportunistic;
  }
}

void ReadMailHeaders(FieldReader& fields, EmailConfig& email, ReadContext& context) {
  const YamlNode* headers = fields.Find("headers");
  if (headers == nullptr) return;
  std::set<std::string> seen;
  for (const yaml::YamlField& field : headers->fields) {
    const std::string name = CanonicalHeader(field.key);
    if (!seen.insert(name).second) {
      context.faults.Add(field.key_position, fmt::format("duplicate header \"{}\" in email config", name));
    }
    email.headers.emplace_back(name, field.value.scalar);
  }
}

void ReadThreading(FieldReader& fields, EmailConfig& email, ReadContext& context) {
  const YamlNode* node = fields.Find("threading");
  if (node == nullptr) return;
  FieldReader threading(*node, "threading", context.faults);
  const bool enabled = threading.Bool("enabled").value_or(false);
  const std::string by_date = TextOr(threading, "thread_by_date", "daily");
  if (by_date != "daily" && by_date != "none") {
    context.faults.Add(threading.PositionOf("thread_by_date"), "field 'thread_by_date' must be daily or none");
  }
  if (enabled) email.threads = by_date == "daily" ? MailThreads::kVirtualDaily : MailThreads::kVirtual;
  constexpr std::string_view kKnown[] = {"enabled", "thread_by_date"};
  threading.RefuseUnknown(kKnown, {});
}

}  // namespace

Integration ReadEmail(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "an email configuration", context.faults);
  Integration out = ReadCommon(fields, "email", false, global, context);
  if (fields.Find("timeout") == nullptr) out.timeout = base::Seconds(60);
  EmailConfig email;
  email.to = fields.Text("to");
  if (email.to.empty()) context.faults.Add(node.position, "missing to address in email config");
  email.from = TextOr(fields, "from", global.mail.from);
  if (email.from.empty()) context.faults.Add(node.position, "no global SMTP from set");
  ReadServer(fields, node, global, email, context);
  ReadMailHeaders(fields, email, context);
  ReadThreading(fields, email, context);
  email.html = TextOr(fields, "html", R"({{ template "email.default.html" . }})");
  email.text = TextOr(fields, "text", R"({{ template "email.default.text" . }})");
  constexpr std::string_view kKnown[] = {"send_resolved",
                                         "http_config",
                                         "timeout",
                                         "to",
                                         "from",
                                         "smarthost",
                                         "hello",
                                         "auth_username",
                                         "auth_password",
                                         "auth_password_file",
                                         "auth_secret",
                                         "auth_secret_file",
                                         "auth_identity",
                                         "require_tls",
                                         "force_implicit_tls",
                                         "tls_config",
                                         "headers",
                                         "html",
                                         "text",
                                         "threading"};
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(email);
  return out;
}

}  // namespace bellwether::notify
