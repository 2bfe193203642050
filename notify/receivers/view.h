// notify/receivers/view.h
//
// A message as templates see it: Alertmanager's data (.Receiver, .Status, .Alerts, .CommonLabels, ...) and more
// (.Severity, .NewFiring, .Alerts[].Value, .Alerts[].Condition, ...; docs/notifications.md lists them).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notify/receivers/message.h"
#include "notify/receivers/render.h"
#include "template/value.h"

namespace bellwether::notify {

// Texts list at most this many firing alerts; `.MoreFiring` counts the others.
inline constexpr std::size_t kListedAlertsMax = 10;

// Links to at most this many runbooks stand in a message that groups alerts with different ones.
inline constexpr std::size_t kListedRunbooksMax = 5;

struct RunbookLink {
  std::string alert;  // The first alert that names it.
  std::string url;
};

// What is known of a message beyond its alerts.
struct MessageView {
  std::string status;    // "firing" or "resolved"
  std::string severity;  // The worst of the alerts that count: critical, error, warning, info; of unknown ones as is.
  metric::Annotations common_annotations;
  metric::Labels common_labels;
  std::vector<RunbookLink> runbooks;  // Each once, those of firing alerts first.
  std::string runbook_url;            // The first of them; empty if none.
  std::string dashboard_url;          // Likewise.
  std::size_t firing = 0;
  std::size_t resolved = 0;
};

[[nodiscard]] MessageView ViewOf(const Message& message);

// The receiver's name with characters of regular expressions quoted, as Alertmanager hands it out.
[[nodiscard]] std::string QuoteRegex(std::string_view text);

// The data of one message. Immutable, good on its own.
[[nodiscard]] templating::Value TemplateData(const Message& message, const MessageView& view,
                                             const RenderContext& context);

// Whether `a` is a worse severity than `b`; an unknown one is the least.
[[nodiscard]] bool IsMoreSevere(std::string_view a, std::string_view b);

// 16 hexadecimal digits.
[[nodiscard]] std::string FingerprintText(const MessageAlert& alert);

// Empty if there is none of that name.
[[nodiscard]] std::string AnnotationText(const metric::Annotations& annotations, std::string_view name);

// Renders texts of one message.
class TextRenderer {
 public:
  TextRenderer(const Message& message, const RenderContext& context);

  // kExecution, naming the field, if the template fails. Text without "{{" is passed on as it is.
  [[nodiscard]] base::Result<std::string> Render(std::string_view field, const std::string& text) const;
  [[nodiscard]] const MessageView& view() const { return view_; }

 private:
  const RenderContext& context_;
  MessageView view_;
  templating::Value data_;
  templating::FunctionTable functions_;
};

// At most `max` code points; what is cut ends with an ellipsis.
[[nodiscard]] std::string Truncate(std::string_view text, std::size_t max);

// RFC 3339, or Go's zero time for a firing alert's end.
[[nodiscard]] std::string EndText(const MessageAlert& alert);

}  // namespace bellwether::notify
