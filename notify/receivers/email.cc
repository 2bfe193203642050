// Mail: a text and an HTML form, threads, and headers that filters and auto-responders understand.
#include <algorithm>

#include <fmt/format.h>

#include "base/sha256.h"
#include "notify/receivers/mime.h"
#include "notify/receivers/render_parts.h"
#include "template/escape.h"
#include "template/go_time.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kMailDate = "Mon, 02 Jan 2006 15:04:05 -0700";
constexpr std::string_view kDefaultSubject = R"({{ template "email.default.subject" . }})";

// Values of labels and annotations as HTML shows them. Templates for HTML see these, so that no alert can bring markup
// with it; the names of labels are harmless.
Message EscapedForHtml(Message message) {
  const auto escape_labels = [](const metric::Labels& labels) {
    metric::LabelsBuilder builder(labels);
    for (const metric::LabelView& l : labels) builder.Set(l.name, templating::EscapeHtml(l.value));
    return builder.Build();
  };
  message.group_labels = escape_labels(message.group_labels);
  for (MessageAlert& alert : message.alerts) {
    alert.update.labels = escape_labels(alert.update.labels);
    for (auto& [name, value] : alert.update.annotations) value = templating::EscapeHtml(value);
    alert.update.generator_url = templating::EscapeHtml(alert.update.generator_url);
    alert.update.condition = templating::EscapeHtml(alert.update.condition);
    for (metric::AlertSignal& signal : alert.update.signals)
      signal.condition = templating::EscapeHtml(signal.condition);
  }
  return message;
}

std::string DomainOf(const std::string& address) {
  const std::size_t at = address.rfind('@');
  return at == std::string::npos ? "bellwether.invalid" : address.substr(at + 1);
}

std::string_view PriorityOf(std::string_view status, std::string_view severity) {
  if (status == "resolved") return "5";
  if (severity == "critical" || severity == "page") return "1";
  if (severity == "error") return "2";
  return severity == "warning" ? "3" : "5";
}

// One that is set already stays.
void AddHeader(MailHeaders& headers, std::string_view name, std::string value) {
  const bool known = std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  if (!known) headers.emplace_back(name, std::move(value));
}

std::string FromMemory(const ReceiverMemory& memory, std::string_view name) {
  const auto it = memory.find(name);
  return it == memory.end() ? "" : it->second;
}

void AddThread(const EmailConfig& config, const Message& message, const RenderContext& context, RenderedMail& mail,
               MailHeaders& headers) {
  const std::string hash = base::Sha256Hex(message.group_key);
  const std::string domain = DomainOf(mail.request.from);
  const std::string& seed = context.idempotency_key.empty() ? hash : context.idempotency_key;
  const std::string own = fmt::format("<bw-{}@{}>", seed.substr(0, 32), domain);
  AddHeader(headers, "Message-ID", own);
  if (config.threads != MailThreads::kReal) {
    const std::string day = config.threads == MailThreads::kVirtualDaily
                                ? templating::FormatTime("2006-01-02", {.at = context.now})
                                : std::string();
    const std::string root = fmt::format("<alert-{}-{}@alertmanager>", hash.substr(0, 16), day);
    AddHeader(headers, "References", root);
    AddHeader(headers, "In-Reply-To", root);
    return;
  }
  const bool is_first = message.reason == kFirstNotification;
  const std::string root = is_first ? "" : FromMemory(context.memory, "root");
  const std::string last = is_first ? "" : FromMemory(context.memory, "last");
  mail.memory = {{"root", root.empty() ? own : root}, {"last", own}};
  if (root.empty()) return;
  AddHeader(headers, "In-Reply-To", last);
  AddHeader(headers, "References", root == last ? root : root + " " + last);
}

base::Result<MailHeaders> Headers(const EmailConfig& config, const Message& message, const TextRenderer& renderer,
                                  const RenderContext& context, RenderedMail& mail, const std::string& to) {
  MailHeaders headers;
  for (const auto& [name, text] : config.headers) {
    BW_ASSIGN_OR_RETURN(std::string value, renderer.Render("headers." + name, text));
    headers.emplace_back(name, std::move(value));
  }
  BW_ASSIGN_OR_RETURN(std::string from, renderer.Render("from", config.from));
  AddHeader(headers, "From", std::move(from));
  AddHeader(headers, "To", to);
  BW_ASSIGN_OR_RETURN(std::string subject, renderer.Render("subject", std::string(kDefaultSubject)));
  AddHeader(headers, "Subject", std::move(subject));
  AddHeader(headers, "Date", templating::FormatTime(kMailDate, {.at = context.now}));
  AddThread(config, message, context, mail, headers);
  const MessageView& view = renderer.view();
  AddHeader(headers, "Auto-Submitted", "auto-generated");  // RFC 3834: nobody is on vacation for us.
  AddHeader(headers, "X-Auto-Response-Suppress", "All");
  AddHeader(headers, "List-Id",
            fmt::format("<{}.bellwether.{}>", templating::EscapeQuery(message.receiver), DomainOf(mail.request.from)));
  AddHeader(headers, "X-Bellwether-Status", view.status);
  if (!view.severity.empty()) AddHeader(headers, "X-Bellwether-Severity", view.severity);
  const std::string_view priority = PriorityOf(view.status, view.severity);
  AddHeader(headers, "X-Priority", std::string(priority));
  if (priority == "1") AddHeader(headers, "Importance", "high");
  return headers;
}

base::Status SetServer(const EmailConfig& config, base::MailRequest& request) {
  request.host = config.host;
  request.port = config.port;
  request.security = config.security;
  request.hello = config.hello;
  request.username = config.username;
  request.identity = config.identity;
  BW_ASSIGN_OR_RETURN(request.password, ReadSecret(config.password));
  BW_ASSIGN_OR_RETURN(request.secret, ReadSecret(config.secret));
  BW_ASSIGN_OR_RETURN(request.tls, ReadTls(config.tls));
  return base::OkStatus();
}

}  // namespace

base::Result<RenderedMail> RenderMail(const Integration& integration, const Message& message,
                                      const RenderContext& context) {
  const EmailConfig& config = std::get<EmailConfig>(integration.target);
  const TextRenderer renderer(message, context);
  const Message escaped = EscapedForHtml(message);
  const TextRenderer html_renderer(escaped, context);
  RenderedMail mail;
  mail.request.timeout = integration.timeout;
  BW_RETURN_IF_ERROR(SetServer(config, mail.request));
  BW_ASSIGN_OR_RETURN(const std::string from, renderer.Render("from", config.from));
  BW_ASSIGN_OR_RETURN(const std::string to, renderer.Render("to", config.to));
  const std::vector<std::string> senders = MailAddresses(from);
  mail.request.to = MailAddresses(to);
  if (senders.size() != 1) return base::Execution("email: 'from' is not one address");
  if (mail.request.to.empty()) return base::Execution("email: 'to' is not a list of addresses");
  mail.request.from = senders.front();
  BW_ASSIGN_OR_RETURN(const MailHeaders headers, Headers(config, message, renderer, context, mail, to));
  BW_ASSIGN_OR_RETURN(const std::string text, renderer.Render("text", config.text));
  std::string html;
  if (!context.shrunk) {
    BW_ASSIGN_OR_RETURN(html, html_renderer.Render("html", config.html));
  }
  mail.request.data = MailData(headers, text, html, "bw_" + base::Sha256Hex(text + html).substr(0, 24));
  return mail;
}

}  // namespace bellwether::notify
