#include "server/smtp_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "server/curl_tls.h"

namespace bellwether::server {
namespace {

constexpr std::string_view kRecipientCommand = "RCPT TO:<";
constexpr std::size_t kReplyTextMax = 500;

// What is remembered of a session.
struct SmtpSession {
  const std::string* data = nullptr;
  std::size_t sent = 0;
  std::string recipient = {};  // Of the command that waits for its reply; empty: of another one.
  int code = 0;                // Of the last reply; likewise the text.
  std::string text = {};
  base::MailAnswer answer = {};
};

bool SmtpIsClean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
}

void NoteCommand(SmtpSession& session, std::string_view command) {
  session.recipient.clear();
  if (!command.starts_with(kRecipientCommand)) return;
  command.remove_prefix(kRecipientCommand.size());
  session.recipient = std::string(command.substr(0, command.find('>')));
}

// One line of a reply; the last of several has a space behind the code.
void NoteReply(SmtpSession& session, std::string_view line) {
  int code = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + std::min<std::size_t>(line.size(), 3), code);
  if (error != std::errc() || end != line.data() + 3 || (line.size() > 3 && line[3] == '-')) return;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  session.code = code;
  session.text = std::string(line.substr(0, kReplyTextMax));
  if (!session.recipient.empty() && code >= 400) session.answer.refused.push_back({session.recipient, code});
  session.recipient.clear();
}

int TakeTranscript(CURL*, curl_infotype type, char* bytes, std::size_t size, void* to) {
  auto& session = *static_cast<SmtpSession*>(to);
  if (type == CURLINFO_HEADER_OUT) NoteCommand(session, {bytes, size});
  if (type == CURLINFO_HEADER_IN) NoteReply(session, {bytes, size});
  return 0;
}

std::size_t GiveData(char* buffer, std::size_t one, std::size_t count, void* from) {
  auto& session = *static_cast<SmtpSession*>(from);
  const std::size_t size = std::min(one * count, session.data->size() - session.sent);
  std::memcpy(buffer, session.data->data() + session.sent, size);
  session.sent += size;
  return size;
}

std::size_t DropAnswer(char*, std::size_t one, std::size_t count, void*) { return one * count; }

base::Status CheckMail(const base::MailRequest& request) {
  bool clean = SmtpIsClean(request.host) && SmtpIsClean(request.hello) && !request.host.empty() &&
               !request.to.empty() && SmtpIsClean(request.from);
  for (const std::string& address : request.to) clean = clean && SmtpIsClean(address) && !address.empty();
  return clean ? base::OkStatus() : base::InvalidArgument("send mail: a malformed server name, EHLO name or address");
}

bool IsLoopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

void SetLogin(CURL* curl, const base::MailRequest& request) {
  if (request.username.empty() && request.password.empty() && request.secret.empty()) return;
  const bool by_secret = !request.secret.empty();
  curl_easy_setopt(curl, CURLOPT_USERNAME, request.username.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, (by_secret ? request.secret : request.password).c_str());
  curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, by_secret ? "AUTH=CRAM-MD5" : "AUTH=PLAIN;AUTH=LOGIN");
  if (!by_secret && !request.identity.empty()) curl_easy_setopt(curl, CURLOPT_SASL_AUTHZID, request.identity.c_str());
}

// A password goes over an open line to this machine alone.
long TlsUse(const base::MailRequest& request) {
  const bool must =
      request.security == base::MailSecurity::kStartTls || (!request.password.empty() && !IsLoopback(request.host));
  return must ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

base::Status SmtpStatusOf(CURLcode code) {
  if (code == CURLE_OPERATION_TIMEDOUT) return base::DeadlineExceeded("send mail: no complete answer in time");
  if (code == CURLE_USE_SSL_FAILED) return base::Unavailable("send mail: the server offers no STARTTLS");
  return base::Unavailable(std::string("send mail: ") + curl_easy_strerror(code));
}

}  // namespace

CurlMailClient::CurlMailClient() { curl_global_init(CURL_GLOBAL_DEFAULT); }

base::Result<base::MailAnswer> CurlMailClient::Send(const base::MailRequest& request) {
  BW_RETURN_IF_ERROR(CheckMail(request));
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  CURL* curl = handle.get();
  if (curl == nullptr) return base::Unavailable("send mail: out of memory");
  const bool implicit = request.security == base::MailSecurity::kImplicitTls;
  const std::string host = request.host.find(':') == std::string::npos ? request.host : "[" + request.host + "]";
  const std::string url = fmt::format("{}://{}:{}/{}", implicit ? "smtps" : "smtp", host, request.port,
                                      request.hello.empty() ? "localhost" : request.hello);
  const std::string from = "<" + request.from + ">";
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(nullptr, curl_slist_free_all);
  for (const std::string& address : request.to) {
    curl_slist* longer = curl_slist_append(recipients.get(), ("<" + address + ">").c_str());
    static_cast<void>(recipients.release());
    recipients.reset(longer);
  }
  SmtpSession session{.data = &request.data};
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_USE_SSL, implicit ? static_cast<long>(CURLUSESSL_NONE) : TlsUse(request));
  ApplyTls(curl, request.tls);
  SetLogin(curl, request);
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &GiveData);
  curl_easy_setopt(curl, CURLOPT_READDATA, &session);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &DropAnswer);
  curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, &TakeTranscript);
  curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &session);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.ms));
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    session.answer.code = 250;
    return std::move(session.answer);
  }
  // A reply that is not good ends the session too; anything else is no answer.
  if (session.code < 400) return SmtpStatusOf(code);
  session.answer.code = session.code;
  session.answer.text = session.text;
  return std::move(session.answer);
}

}  // namespace bellwether::server
